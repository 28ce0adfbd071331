/// <reference path="../webassembly.d.ts" />
import { readFile } from "node:fs/promises";
import { PluginError } from "../../errors/plugin-error.js";

/** What is used of the wasm-tools that travel in this package. Their functions throw an Error about the input. */
export interface WasmTools {
  componentEmbed(options: EmbedOptions): Uint8Array;
  componentNew(module: Uint8Array): Uint8Array;
}

export interface EmbedOptions {
  /** A module that does nothing. */
  readonly dummy: boolean;
  readonly witPath?: string;
  readonly witSource?: string;
  readonly world?: string;
}

interface WasmToolsModule {
  createWasmTools(modules: ToolModules, files: ReadonlyMap<string, string>): Promise<WasmTools>;
}

interface ToolModules {
  readonly core: WebAssembly.Module;
  readonly core2: WebAssembly.Module;
}

let loaded: Promise<{ readonly module: WasmToolsModule; readonly cores: ToolModules }> | undefined;
// The tool's files are those that it was last made with, so uses follow one another.
let queue: Promise<unknown> = Promise.resolve();

/**
 * Runs `use` with wasm-tools that see `files` (text by absolute path) and nothing else of the disk. They
 * are made anew for each use, because one that failed inside itself is not usable again.
 */
export function withWasmTools<T>(files: ReadonlyMap<string, string>, use: (tools: WasmTools) => T): Promise<T> {
  const result = queue.then(async () => {
    loaded ??= load().catch((cause: unknown) => {
      loaded = undefined;
      throw new PluginError({ code: "usage-invalid", stage: "configure", message: "Cannot load the files of wasm-tools, which belong to this package: install it again", cause });
    });
    const { module, cores } = await loaded;
    return use(await module.createWasmTools(cores, files));
  });
  queue = result.catch(() => undefined);
  return result;
}

async function load() {
  const script = new URL("./wasm-tools/wasm-tools.js", import.meta.url);
  const [module, core, core2] = await Promise.all([
    // An address and not a literal, so that bundlers leave it alone: the file stands beside the built script.
    import(/* @vite-ignore */ script.href) as Promise<WasmToolsModule>,
    compileFile(new URL("./wasm-tools/wasm-tools.core.wasm", import.meta.url)),
    compileFile(new URL("./wasm-tools/wasm-tools.core2.wasm", import.meta.url)),
  ]);
  return { module, cores: { core, core2 } };
}

async function compileFile(file: URL): Promise<WebAssembly.Module> {
  return WebAssembly.compile(new Uint8Array(await readFile(file)));
}
