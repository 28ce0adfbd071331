import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInThisContext } from "node:vm";
import { parseSync } from "vite";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bundle } from "../../../src/build/bundle.js";
import { thirdPartyNotices } from "../../../src/build/notices.js";
import { BINDGEN } from "../../../src/build/repository.js";
import { asFactory, TRANSPILER, WASM_TOOLS } from "../../../src/build/vendored-tool.js";
import { vendoredFiles } from "../../../src/build/vendored-files.js";
import { asExpression } from "../../../src/build/worker-source-plugin.js";
import type { ToolModules, WasmTools } from "../../../src/compile/wasm-tools-module.js";
import { decodeComponent } from "../../../src/component/decode-component.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portcullis-build-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("asFactory", () => {
  test.each([TRANSPILER, WASM_TOOLS])("$file: refuses a script that is not the one it knows", async (tool) => {
    const script = await readFile(join(BINDGEN, `${tool.file}.js`), "utf8");
    expect(asFactory(tool, script)).toContain(`export async function ${tool.factory}({ core, core2 }) {`);
    for (const text of ['"use components";', "async function fetchCompile (url)", `./${tool.file}.core.wasm`, `./${tool.file}.core2.wasm`, "export const $init", tool.exportStatement]) {
      expect(script).toContain(text);
      expect(() => asFactory(tool, script.replace(text, "changed"))).toThrow("jco's output changed");
    }
    expect(() => asFactory(tool, `${script}\nfetch(import.meta.url);`)).toThrow("jco's output changed");
  });
});

/** The kinds of imports, fetches and evaluations in a syntax tree. */
function reachingOut(tree: unknown): string[] {
  if (typeof tree !== "object" || tree === null) return [];
  const { type, callee } = tree as { readonly type?: string; readonly callee?: { readonly name?: string } };
  const found = /^(?:Import|MetaProperty)/.test(type ?? "") || ["fetch", "eval", "Function", "importScripts"].includes(callee?.name ?? "");
  return [...(found ? [`${type} ${callee?.name}`] : []), ...Object.values(tree).flatMap(reachingOut)];
}

describe("vendored files", () => {
  test("neither script fetches, imports or evaluates", async () => {
    const { folder: vendored } = await vendoredFiles();
    for (const file of ["transpiler/transpiler.js", "transpiler/transpiler-worker.js", "wasm-tools/wasm-tools.js"]) {
      const script = await readFile(join(vendored, file), "utf8");
      expect(reachingOut(parseSync(file, script).program)).toEqual([]);
    }
  });

  test("wasm-tools makes a component from a folder of WIT, and sees no other file", async () => {
    const { folder: vendored } = await vendoredFiles();
    const module = (await import(join(vendored, "wasm-tools/wasm-tools.js"))) as {
      createWasmTools(modules: ToolModules, files?: ReadonlyMap<string, string>): Promise<WasmTools>;
    };
    const compile = async (file: string) => WebAssembly.compile(new Uint8Array(await readFile(join(vendored, "wasm-tools", file))));
    const modules = { core: await compile("wasm-tools.core.wasm"), core2: await compile("wasm-tools.core2.wasm") };
    const tools = await module.createWasmTools(modules, new Map([
      ["/wit/world.wit", "package a:b@1.0.0; world w { import c:d/e@2.0.0; export run: func() -> u8; }"],
      ["/wit/deps/c/e.wit", "package c:d@2.0.0; interface e { f: func(text: string); }"],
    ]));
    const embedded = tools.componentEmbed({ dummy: true, witPath: "/wit", world: "w" });
    const world = decodeComponent(tools.componentNew(embedded));
    expect(world.imports.interfaces.map(({ name }) => name)).toEqual(["c:d/e@2.0.0"]);
    expect(world.exports.functions.map(({ name }) => name)).toEqual(["run"]);
    // It reports what it does not find as a panic.
    const reported = vi.spyOn(console, "error").mockImplementation(() => undefined);
    expect(() => tools.componentEmbed({ dummy: true, witPath: "/etc", world: "w" })).toThrow();
    expect(reported.mock.calls.join()).toContain("No such file or directory");
    reported.mockRestore();
  });
});

describe("the worker's source", () => {
  test("is one expression whose value is the default export", async () => {
    const entry = join(folder, "entry.ts");
    await writeFile(entry, "export default function start(name: string): string { return `started ${name}${typeof (function(this: unknown) { return this })()}`; }");
    const { code } = await bundle(entry, { format: "iife", name: "portcullisRuntime" }, []);
    const start = runInThisContext(asExpression(code)) as (name: string) => string;
    expect(start("x")).toBe("started xundefined");
  });

  test("an entry without a default export fails the build", async () => {
    const entry = join(folder, "named.ts");
    await writeFile(entry, "export const start = 1;");
    const { code } = await bundle(entry, { format: "iife", name: "portcullisRuntime" }, []);
    expect(() => asExpression(code)).toThrow("not one immediately called function");
    expect(() => asExpression("var other=1;")).toThrow("not one immediately called function");
  });
});

describe("thirdPartyNotices", () => {
  test("has each package once, with its licence", async () => {
    const modules = ["comlink/dist/esm/comlink.mjs", "valibot/dist/index.mjs", "comlink/dist/other.mjs"].map((file) => join("node_modules", file));
    const text = await thirdPartyNotices([...modules.map((file) => join(process.cwd(), file)), join(process.cwd(), "src/index.ts")]);
    expect(text.match(/^comlink \d/gm)).toHaveLength(1);
    expect(text).toContain("valibot");
    expect(text).toContain("Apache License");
  });

  test("fails for a package without a licence text", async () => {
    const bare = join(folder, "node_modules/bare");
    await mkdir(bare, { recursive: true });
    await writeFile(join(bare, "package.json"), '{"name":"bare","version":"1.0.0"}');
    await expect(thirdPartyNotices([join(bare, "index.js")])).rejects.toThrow("bare@1.0.0 has no licence text");
  });
});
