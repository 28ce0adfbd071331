import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { vendoredFiles } from "../../../src/build/vendored-files.js";
import type { Transpiler } from "../../../src/compile/transpile-component.js";
import { fixturePath, fixtures, type FixtureName } from "../../fixtures/index.js";

interface TranspilerModule {
  createTranspiler(modules: { core: WebAssembly.Module; core2: WebAssembly.Module }): Promise<Transpiler>;
}

export async function transpilerFolder(): Promise<string> {
  return join((await vendoredFiles()).folder, "transpiler");
}

/** The transpiler as it is shipped, in Node. */
export async function vendoredTranspiler(): Promise<Transpiler> {
  const folder = await transpilerFolder();
  const module = (await import(pathToFileURL(join(folder, "transpiler.js")).href)) as TranspilerModule;
  const compile = async (file: string) => WebAssembly.compile(new Uint8Array(await readFile(join(folder, file))));
  return module.createTranspiler({
    core: await compile("transpiler.core.wasm"),
    core2: await compile("transpiler.core2.wasm"),
  });
}

export async function component(name: FixtureName): Promise<Uint8Array> {
  return new Uint8Array(await readFile(fixturePath(name)));
}

export const committedFixtures = fixtures.filter(({ origin }) => origin === "committed").map(({ name }) => name);
