import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { buildApp, folderBytes, installInto, packageFolder, packPackage, run, serving, type AppName, type PackedPackage } from "./installed-package.js";
import { EXPECTED } from "./scenario.js";

// One worker packs once, and its tests share the archive.
test.describe.configure({ mode: "default" });

const MOST_INSTALLED_BYTES = 25 * 1024 * 1024;

let packed: PackedPackage;
test.beforeAll(async () => {
  packed = await packPackage();
});
test.afterAll(() => packed.dispose());

test("publint finds nothing in the archive", async () => {
  const bytes = await readFile(packed.archive);
  const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(bytes).buffer }, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
});

test("the types of every entry resolve for ESM", async () => {
  const attw = join(packageFolder("@arethetypeswrong/cli"), "dist/index.js");
  await run(process.execPath, [attw, packed.archive, "--profile", "esm-only", "--no-color"], packed.folder);
});

test("an installation takes less than 25 MB and brings no other package", async () => {
  const folder = await installInto(packed, "plain");
  const modules = join(folder, "node_modules");
  const bytes = await folderBytes(modules);
  console.log(`installed: ${(bytes / 1024 / 1024).toFixed(1)} MB`);
  expect(bytes).toBeLessThan(MOST_INSTALLED_BYTES);
  expect((await readdir(modules)).filter((name) => !name.startsWith("."))).toEqual(["portcullis"]);
});

test("the command line starts from the installed package", async () => {
  const folder = await installInto(packed, "plain");
  const help = await run(process.execPath, [join(folder, "node_modules/portcullis/dist/cli.js"), "--help"], folder);
  expect(help).toContain("pack");
});

for (const name of ["vite", "webpack", "plain"] as const satisfies readonly AppName[]) {
  test(`works in a ${name === "plain" ? "page without a bundler" : `${name} app`}`, async ({ page }) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    const served = await buildApp(name, await installInto(packed, name));
    const outcome: unknown = await serving(served, async (url) => {
      await page.goto(url);
      return page.evaluate("globalThis.outcome");
    });
    expect(outcome).toEqual(EXPECTED);
    expect(errors).toEqual([]);
  });
}
