import { builtinModules } from "node:module";
import { join } from "node:path";
import type { EnvironmentOptions, Rolldown } from "vite";
import { eagerModules } from "./eager-modules.js";
import { DIST, SOURCE } from "./repository.js";

type CodeSplitting = NonNullable<Rolldown.OutputOptions["codeSplitting"]>;

// `consumer: "server"` in all of them, the browser's included: for a client, Vite replaces
// `new URL("./file", import.meta.url)` by the file's own bytes in base64. It must stay as written, for
// the bundlers of those who use this package.

/** `dist/index.js`: the browser host; `dist/prompt.js`: the permission dialog; `dist/backends.js`: what an app provides; `dist/install.js`: installed
 * plugins; `dist/fidius.js`: plugins that were built for fidius; `dist/bridge.js`: plugins that run on a server; `dist/module-cache.js`: the engine's code
 * cache; `dist/serve-modules.js`: its part in an app's service worker. */
export function browserOutput(): EnvironmentOptions {
  const entry = join(SOURCE, "index.ts");
  return output({ index: entry, prompt: join(SOURCE, "prompt.ts"), backends: join(SOURCE, "backends.ts"), install: join(SOURCE, "install.ts"), fidius: join(SOURCE, "fidius.ts"), bridge: join(SOURCE, "bridge.ts"), "module-cache": join(SOURCE, "module-cache.ts"), "serve-modules": join(SOURCE, "serve-modules.ts") }, [], { groups: [{ name: eagerModules(entry, "host") }] });
}

/** `dist/worker-script.js`: the plugin worker's runtime as text. */
export function workerScriptOutput(): EnvironmentOptions {
  return output({ "worker-script": join(SOURCE, "worker-script.ts") }, []);
}

/** `dist/node.js` and `dist/cli.js`, which share what they have in common, and `dist/native-host.js`, the process of one native plugin. */
export function nodeOutput(): EnvironmentOptions {
  const entries = { node: join(SOURCE, "node.ts"), cli: join(SOURCE, "cli/main.ts"), "native-host": join(SOURCE, "node/native/native-host.ts") };
  return output(entries, [/^node:/, ...builtinModules]);
}

/** What Node output may import that is installed beside it: a native addon cannot be bundled. It is an optional peer, which only those need who run native plugins. */
export const INSTALLED_IMPORTS: readonly string[] = ["koffi"];

function output(input: Record<string, string>, builtins: (RegExp | string)[], codeSplitting: CodeSplitting = true): EnvironmentOptions {
  return {
    consumer: "server",
    resolve: {
      // Nothing is installed with this package: what it needs is in it.
      noExternal: true,
      external: builtins.length === 0 ? [] : [...INSTALLED_IMPORTS],
      builtins,
      conditions: builtins.length === 0 ? ["browser", "module", "import", "default"] : ["node", "module", "import", "default"],
    },
    build: {
      outDir: DIST,
      emptyOutDir: false,
      copyPublicDir: false,
      target: builtins.length === 0 ? "es2023" : "node20",
      minify: builtins.length === 0,
      reportCompressedSize: false,
      rolldownOptions: {
        platform: builtins.length === 0 ? "browser" : "node",
        input,
        preserveEntrySignatures: "strict",
        // Flat, so that `./transpiler/` beside `import.meta.url` is right in every file.
        output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js", codeSplitting },
      },
    },
  };
}
