import { defineConfig } from "vitest/config";
import { assetReferencesPlugin } from "./src/build/asset-references.js";
import { buildPackage } from "./src/build/build-package.js";
import { comlinkCorePlugin } from "./src/build/comlink-core-plugin.js";
import { browserOutput, nodeOutput, workerScriptOutput } from "./src/build/outputs.js";
import { transpilerIdentityPlugin } from "./src/build/transpiler-identity-plugin.js";
import { vendoredFilesPlugin } from "./src/build/vendored-files-plugin.js";
import { workerSourcePlugin } from "./src/build/worker-source-plugin.js";

export default defineConfig({
  plugins: [comlinkCorePlugin(), transpilerIdentityPlugin(), workerSourcePlugin(), vendoredFilesPlugin(), assetReferencesPlugin()],
  builder: { buildApp: buildPackage },
  environments: { browser: browserOutput(), workerScript: workerScriptOutput(), node: nodeOutput() },
  // As for the browser's tests: those of the bridge start hundreds of real processes, on a machine that others may use too.
  test: { include: ["test/unit/**/*.test.ts"], testTimeout: 60_000, retry: process.env["CI"] === undefined ? 0 : 1 },
});
