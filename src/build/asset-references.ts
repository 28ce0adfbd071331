import { readdir, readFile } from "node:fs/promises";
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

/** Every file of the transpiler that pages need must be referred to in the form that bundlers find. */
export async function checkAssetReferences(): Promise<void> {
  const scripts = (await readdir(DIST)).filter((name) => name.endsWith(".js"));
  const code = (await Promise.all(scripts.map((name) => readFile(join(DIST, name), "utf8")))).join("\n");
  for (const file of ["transpiler-worker.js", "transpiler.core.wasm", "transpiler.core2.wasm"]) {
    if (!code.includes(`new URL("./transpiler/${file}", import.meta.url)`)) {
      throw new Error(`The build is not usable: nothing in dist refers to transpiler/${file} in the form that bundlers know`);
    }
  }
}
