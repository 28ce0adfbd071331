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
  test: { include: ["test/unit/**/*.test.ts"], testTimeout: 60_000 },
});
