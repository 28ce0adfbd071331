/// <reference path="./virtual-modules.d.ts" />
// Entry of `wasm-tools/wasm-tools.js`: WIT text to component, for Node only.
import { _setFileData } from "@bytecodealliance/preview2-shim/filesystem";
import { createWasmTools as createTools } from "virtual:portcullis/wasm-tools";

/** The tool's two core modules, compiled. */
export interface ToolModules {
  readonly core: WebAssembly.Module;
  readonly core2: WebAssembly.Module;
}

/** The parts of wasm-tools that are used here. All throw an Error that says what is wrong with the input. */
export interface WasmTools {
  /** A core module that carries the world's types; with `dummy`, one that does nothing else. */
  componentEmbed(options: {
    readonly dummy?: boolean;
    readonly binary?: Uint8Array;
    readonly witSource?: string;
    /** A path among the files that were given, such as `/wit`. */
    readonly witPath?: string;
    readonly world?: string;
  }): Uint8Array;
  /** A component around a core module that carries its world's types. */
  componentNew(module: Uint8Array, adapters?: readonly (readonly [string, Uint8Array])[]): Uint8Array;
}

interface Folder {
  readonly dir: Record<string, Folder | { readonly source: string }>;
}

/**
 * wasm-tools, which sees no file but `files`: absolute paths such as `/wit/deps/io/world.wit`, with their
 * text. Make one after the other, not two at a time: the files are those of the latest.
 */
export function createWasmTools(modules: ToolModules, files: ReadonlyMap<string, string> = new Map()): Promise<WasmTools> {
  const root = folder();
  for (const [path, source] of files) {
    const names = path.split("/").filter((name) => name !== "");
    const file = names.pop();
    if (file === undefined) throw new Error(`Cannot give wasm-tools the file ${JSON.stringify(path)}: it has no name`);
    let parent = root;
    for (const name of names) {
      const child = (parent.dir[name] ??= folder());
      if (!("dir" in child)) throw new Error(`Cannot give wasm-tools the file ${path}: ${name} is a file itself`);
      parent = child;
    }
    parent.dir[file] = { source };
  }
  _setFileData(root);
  return createTools(modules);
}

function folder(): Folder {
  // Without a prototype, so that every file name is only a name.
  return { dir: Object.create(null) as Folder["dir"] };
}
