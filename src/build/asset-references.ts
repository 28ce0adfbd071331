import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "vite";
import { DIST } from "./repository.js";

const MINIFIED = /new URL\(`(\.\/[\w./-]+)`,\s*import\.meta\.url\)/g;

/**
 * Writes `new URL("./file", import.meta.url)` with a plain string again where minifying made it a
 * template: that exact form is what bundlers look for, to copy the file and put its new name there.
 */
export function assetReferencesPlugin(): Plugin {
  return {
    name: "portcullis:asset-references",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_, outputs) {
        for (const output of Object.values(outputs)) {
          if (output.type !== "chunk") continue;
          output.code = output.code.replace(MINIFIED, (_whole, path: string) => `new URL("${path}", import.meta.url)`);
        }
      },
    },
  };
}

/** The references of `dist/index.js` that bundlers must find. */
export async function checkAssetReferences(): Promise<void> {
  const code = await readFile(join(DIST, "index.js"), "utf8");
  for (const file of ["transpiler-worker.js", "transpiler.core.wasm", "transpiler.core2.wasm"]) {
    if (!code.includes(`new URL("./transpiler/${file}", import.meta.url)`)) {
      throw new Error(`The build is not usable: dist/index.js does not refer to transpiler/${file} in the form that bundlers know`);
    }
  }
}
