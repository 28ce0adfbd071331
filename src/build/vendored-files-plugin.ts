import { relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "vite";
import { ROOT, SOURCE } from "./repository.js";
import { vendoredFiles } from "./vendored-files.js";

const REFERENCE = /new URL\("\.\/((?:transpiler|wasm-tools)\/[\w.-]+)", import\.meta\.url\)/g;

/**
 * In tests and under the development server, where no `dist` stands beside the sources: makes
 * `new URL("./transpiler/…", import.meta.url)` point at the vendored files.
 */
export function vendoredFilesPlugin(): Plugin {
  return {
    name: "portcullis:vendored-files",
    apply: "serve",
    enforce: "pre",
    async transform(code, id) {
      if (!id.startsWith(SOURCE) || code.match(REFERENCE) === null) return undefined;
      const { folder } = await vendoredFiles();
      const base =
        this.environment.config.consumer === "client" ? `/${relative(ROOT, folder)}` : pathToFileURL(folder).href;
      return code.replace(REFERENCE, (_, path: string) => `new URL(${JSON.stringify(`${base}/${path}`)}, import.meta.url)`);
    },
  };
}
