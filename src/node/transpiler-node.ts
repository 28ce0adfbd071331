/// <reference path="./webassembly.d.ts" />
import { readFile } from "node:fs/promises";
import type { World } from "../component/world.js";
import type { CompileTarget } from "../compile/compile-key.js";
import { transpileComponent, type TranspiledComponent, type Transpiler } from "../compile/transpile-component.js";
import { PluginError } from "../errors/plugin-error.js";

interface TranspilerModule {
  createTranspiler(modules: TranspilerCores): Promise<Transpiler>;
}

interface TranspilerCores {
  readonly core: WebAssembly.Module;
  readonly core2: WebAssembly.Module;
}

let loaded: Promise<{ readonly module: TranspilerModule; readonly cores: TranspilerCores }> | undefined;

/**
 * Transpiles a component with the transpiler that travels in this package: the one that the browser uses,
 * with the same options, so that the output is the same byte for byte.
 *
 * The transpiler is compiled once per process and made anew for each component, because one that failed
 * inside itself is not usable again.
 *
 * @throws {PluginError} `component-invalid`, `target-unsupported`, `transpile-failed`
 */
export async function transpileInNode(component: Uint8Array, world: World, target: CompileTarget): Promise<TranspiledComponent> {
  loaded ??= loadTranspiler().catch((cause: unknown) => {
    loaded = undefined;
    const message = "Cannot load the transpiler's files, which belong to this package: install it again";
    throw new PluginError({ code: "transpile-failed", stage: "transpile", message, cause });
  });
  const { module, cores } = await loaded;
  return transpileComponent(await module.createTranspiler(cores), component, world, target);
}

async function loadTranspiler() {
  const script = new URL("./transpiler/transpiler.js", import.meta.url);
  const [module, core, core2] = await Promise.all([
    // An address and not a literal, so that bundlers leave it alone: the file stands beside the built script.
    import(/* @vite-ignore */ script.href) as Promise<TranspilerModule>,
    compileFile(new URL("./transpiler/transpiler.core.wasm", import.meta.url)),
    compileFile(new URL("./transpiler/transpiler.core2.wasm", import.meta.url)),
  ]);
  return { module, cores: { core, core2 } };
}

async function compileFile(file: URL): Promise<WebAssembly.Module> {
  return WebAssembly.compile(new Uint8Array(await readFile(file)));
}
