import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "vite";
import { BINDGEN } from "./repository.js";

/** One of the two tools that jco's packages contain: itself a transpiled component with two core modules. */
export interface VendoredTool {
  /** Beginning of its file names. */
  readonly file: string;
  /** The virtual module that its factory is imported from. */
  readonly module: string;
  /** Name of the factory. */
  readonly factory: string;
  /** The export that the factory answers, and the statement that exports it. */
  readonly value: string;
  readonly exportStatement: string;
}

export const TRANSPILER: VendoredTool = {
  file: "js-component-bindgen-component",
  module: "virtual:portcullis/transpiler",
  factory: "createTranspiler",
  value: "generate",
  exportStatement: "export { generate, generateTypes, unpackWit,  }",
};

export const WASM_TOOLS: VendoredTool = {
  file: "wasm-tools",
  module: "virtual:portcullis/wasm-tools",
  factory: "createWasmTools",
  value: "tools",
  exportStatement: "export { tools,  }",
};

const QUERY = "?portcullis-factory";

/** Provides the virtual module of `tool`: its script, rewritten by {@link asFactory}. */
export function vendoredToolPlugin(tool: VendoredTool): Plugin {
  const script = join(BINDGEN, `${tool.file}.js`);
  return {
    name: `portcullis:${tool.file}`,
    // An id beside the original, so that the imports in it resolve as the original's do.
    resolveId: (id) => (id === tool.module ? script + QUERY : undefined),
    load: async (id) => (id === script + QUERY ? asFactory(tool, await readFile(script, "utf8")) : undefined),
  };
}

const FETCH_COMPILE = `const isNode = typeof process !== 'undefined' && process.versions && process.versions.node;
let _fs;
async function fetchCompile (url) {
  if (isNode) {
    _fs = _fs || await import('node:fs/promises');
    return WebAssembly.compile(await _fs.readFile(url));
  }
  return fetch(url).then(WebAssembly.compileStreaming);
}
`;

/**
 * Turns a tool's module, which fetches its core modules and starts as soon as it is imported, into one
 * that exports a factory taking the compiled modules: no fetch, no import, and a fresh tool per call.
 */
export function asFactory(tool: VendoredTool, script: string): string {
  const imports = /^"use components";\n((?:import [^\n]*;\n)+)/.exec(script);
  if (imports === null) throw unexpected(tool, '"use components" and imports at its beginning');
  let body = script.slice(imports[0].length);
  const replace = (from: string, to: string): void => {
    const parts = body.split(from);
    if (parts.length !== 2) throw unexpected(tool, from);
    body = parts.join(to);
  };
  replace(FETCH_COMPILE, "");
  replace(`fetchCompile(new URL('./${tool.file}.core.wasm', import.meta.url))`, "core");
  replace(`fetchCompile(new URL('./${tool.file}.core2.wasm', import.meta.url))`, "core2");
  replace("export const $init = ", "const $init = ");
  replace(`${tool.exportStatement}\nexport const _util = {\n  \n}\n`, `await $init;\nreturn ${tool.value};\n`);
  if (/^export |import\.meta|\bimport\(|fetchCompile/m.test(body)) {
    throw unexpected(tool, "no export, import or fetch besides those");
  }
  return `${imports[1]}export async function ${tool.factory}({ core, core2 }) {\n${body}}\n`;
}

function unexpected(tool: VendoredTool, wanted: string): Error {
  return new Error(
    `Cannot build ${tool.module}: ${tool.file}.js of the installed jco does not contain exactly once: ${wanted}. ` +
      `jco's output changed; adapt src/build/vendored-tool.ts to it.`,
  );
}
