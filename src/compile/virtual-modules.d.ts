// What the build provides to this folder; see src/build/.

declare module "virtual:portcullis/transpiler-identity" {
  /** Version of the npm package `@bytecodealliance/jco`. */
  export const jcoVersion: string;
  /** SHA-256, in hexadecimal, over the digests of the transpiler's script and its two core modules. */
  export const bindgenSha256: string;
}

declare module "virtual:portcullis/transpiler" {
  // oxlint-disable-next-line typescript/consistent-type-imports -- no import of a file may stand in here
  type Transpiler = import("./transpile-component.js").Transpiler;

  /** A transpiler made from its two compiled core modules, independent of every other one. */
  export function createTranspiler(modules: {
    readonly core: WebAssembly.Module;
    readonly core2: WebAssembly.Module;
  }): Promise<Transpiler>;
}

declare module "virtual:portcullis/wasm-tools" {
  // oxlint-disable-next-line typescript/consistent-type-imports -- no import of a file may stand in here
  type Tools = typeof import("./wasm-tools-module.js");

  export function createWasmTools(modules: Parameters<Tools["createWasmTools"]>[0]): ReturnType<Tools["createWasmTools"]>;
}
