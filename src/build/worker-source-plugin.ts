import { join } from "node:path";
import type { Plugin } from "vite";
import { bundle } from "./bundle.js";
import { comlinkCorePlugin } from "./comlink-core-plugin.js";
import { SOURCE } from "./repository.js";

// The second is for plugins that were granted something which lives on the page: few, and its text makes every start longer.
const ENTRIES: ReadonlyMap<string, string> = new Map([
  ["virtual:portcullis/worker-source", "runtime/worker/realm/worker-entry.ts"],
  ["virtual:portcullis/page-worker-source", "runtime/worker/realm/page-worker-entry.ts"],
]);

/**
 * Provides the modules of {@link ENTRIES}, whose `workerSource` is the text of the plugin worker's
 * runtime: one classic script's expression, whose value is the entry's default export.
 */
export function workerSourcePlugin(): Plugin {
  return {
    name: "portcullis:worker-source",
    resolveId: (id) => (ENTRIES.has(id) ? `\0${id}` : undefined),
    async load(id) {
      const entry = id.startsWith("\0") ? ENTRIES.get(id.slice(1)) : undefined;
      if (entry === undefined) return undefined;
      const { code, modules } = await bundle(join(SOURCE, entry), { format: "iife", name: "portcullisRuntime" }, [comlinkCorePlugin()]);
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
      "Cannot build a worker's runtime: the bundled entry is not one immediately called function with a default export " +
        `(it begins ${JSON.stringify(script.slice(0, 80))})`,
    );
  }
  // Only an expression is wanted, so its strictness moves into the function.
  return `${head}"use strict";${rest}`;
}
