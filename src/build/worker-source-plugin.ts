import { join } from "node:path";
import type { Plugin } from "vite";
import { bundle } from "./bundle.js";
import { comlinkCorePlugin } from "./comlink-core-plugin.js";
import { SOURCE } from "./repository.js";

const MODULE = "virtual:portcullis/worker-source";
const ENTRY = join(SOURCE, "runtime/worker/realm/worker-entry.ts");

/**
 * Provides `virtual:portcullis/worker-source`, whose `workerSource` is the text of the plugin worker's
 * runtime: one classic script's expression, whose value is the entry's default export.
 */
export function workerSourcePlugin(entry: string = ENTRY): Plugin {
  return {
    name: "portcullis:worker-source",
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
    async load(id) {
      if (id !== `\0${MODULE}`) return undefined;
      const { code, modules } = await bundle(entry, { format: "iife", name: "portcullisRuntime" }, [comlinkCorePlugin()]);
      for (const module of modules) this.addWatchFile(module);
      return `export const workerSource = ${JSON.stringify(asExpression(code))};\n`;
    },
  };
}

/** The value of `"use strict";var portcullisRuntime=(function(){…})();` as an expression of its own. */
export function asExpression(script: string): string {
  const match = /^"use strict";var portcullisRuntime=(\(function\(\)\{)([^]*\}\)\(\));?\s*$/.exec(script);
  const [, head, rest] = match ?? [];
  if (head === undefined || rest === undefined) {
    throw new Error(
      `Cannot build ${MODULE}: the bundled entry is not one immediately called function with a default export ` +
        `(it begins ${JSON.stringify(script.slice(0, 80))})`,
    );
  }
  // Only an expression is wanted, so its strictness moves into the function.
  return `${head}"use strict";${rest}`;
}
