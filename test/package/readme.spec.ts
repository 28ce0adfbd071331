/** The README's first minute, done as it says, with the built package. */
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { demoPluginFolder } from "../fixtures/index.js";
import { run, packageFolder } from "./installed-package.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

test("every command and code block of the first minute works", async () => {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const firstMinute = readme.slice(readme.indexOf("## The first minute"), readme.indexOf("## What a plugin cannot do"));
  const folder = await mkdtemp(join(tmpdir(), "portcullis-readme-"));
  try {
    await prepareAuthor(folder, blocks(firstMinute, "toml"));
    const commands = blocks(firstMinute, "sh").join("\n").split("\n").map((line) => line.replace(/#.*$/, "").trim()).filter((line) => line !== "");
    expect(commands.length).toBe(4);
    for (const command of commands) {
      expect(command).toMatch(/^npx portcullis /);
      await run(process.execPath, [join(ROOT, "dist/cli.js"), ...command.split(/\s+/).slice(2)], folder);
    }
    const index = JSON.parse(await readFile(join(folder, "public/plugins/index.json"), "utf8")) as { plugins: { id: string }[] };
    expect(index.plugins.map(({ id }) => id)).toEqual(["acme.blur"]);
    await typecheck(folder, blocks(firstMinute, "ts").join("\n"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map((match) => match[1] ?? "");
}

async function prepareAuthor(folder: string, [packageToml = ""]: string[]): Promise<void> {
  for (const name of ["keys", "plugins/blur", "src"]) await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, "plugins/blur/package.toml"), packageToml);
  await copyFile(join(demoPluginFolder("blur"), "component.wasm"), join(folder, "plugins/blur/blur.wasm"));
  await cp(join(ROOT, "demo/wit"), join(folder, "wit"), { recursive: true });
}

async function typecheck(folder: string, code: string): Promise<void> {
  await mkdir(join(folder, "node_modules"));
  await symlink(ROOT, join(folder, "node_modules/portcullis"));
  const picture = `declare const picture: { width: number; height: number; pixels: Uint8Array };\n`;
  await writeFile(join(folder, "src/app.ts"), `${picture}${code}\nimage.width.toFixed();\n// @ts-expect-error: the result has the type of the WIT record\nimage.nothing;\n`);
  const options = { target: "ES2023", module: "ESNext", moduleResolution: "bundler", strict: true, noEmit: true, lib: ["ES2023", "ESNext.Disposable", "DOM", "DOM.AsyncIterable"], types: [] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["src/app.ts"] }));
  await run(process.execPath, [join(packageFolder("typescript"), "bin/tsc"), "-p", folder], folder);
}
