import { execFile } from "node:child_process";
import { access, chmod, cp, readFile, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ViteBuilder } from "vite";
import { checkAssetReferences } from "./asset-references.js";
import { bundle } from "./bundle.js";
import { thirdPartyNotices } from "./notices.js";
import { INSTALLED_IMPORTS } from "./outputs.js";
import { DIST, ROOT, SOURCE } from "./repository.js";
import { vendoredFiles } from "./vendored-files.js";

/** Builds everything that `npm publish` ships into `dist`. */
export async function buildPackage(builder: ViteBuilder): Promise<void> {
  await rm(DIST, { recursive: true, force: true });
  const vendored = await vendoredFiles();
  const modules = new Set(vendored.modules);
  for (const environment of Object.values(builder.environments)) {
    if (!OUTPUTS.has(environment.name)) continue;
    const chunks = chunksOf(await builder.build(environment));
    refuseInstalledImports(environment.name, chunks);
    for (const module of chunks.flatMap((chunk) => Object.keys(chunk.modules))) modules.add(module);
  }
  for (const name of ["transpiler", "wasm-tools"]) {
    await cp(join(vendored.folder, name), join(DIST, name), { recursive: true });
  }
  // Started by its path, by an interpreter that knows nothing of this package.
  await cp(join(SOURCE, "node/python/runner.py"), join(DIST, "python-runner.py"));
  await writeFile(join(DIST, "THIRD-PARTY-NOTICES.txt"), await thirdPartyNotices(modules));
  await chmod(join(DIST, "cli.js"), 0o755);
  await writeTypes();
  await writeServedScripts();
  await checkExports();
  await checkAssetReferences();
}

const OUTPUTS = new Set(["browser", "workerScript", "node"]);

type BuildResult = Awaited<ReturnType<ViteBuilder["build"]>>;

function chunksOf(result: BuildResult) {
  const outputs = Array.isArray(result) ? result.flatMap((one) => one.output) : "output" in result ? result.output : [];
  return outputs.filter((item) => item.type === "chunk");
}

/** Nothing is installed with this package, so that nothing may be left to import but, in Node, its own modules and what apps install themselves. */
function refuseInstalledImports(environment: string, chunks: ReturnType<typeof chunksOf>): void {
  const own = new Set(chunks.map(({ fileName }) => fileName));
  const others = chunks
    .flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports])
    .filter((name) => !own.has(name) && !(environment === "node" && (isBuiltin(name) || INSTALLED_IMPORTS.includes(name))));
  if (others.length > 0) throw new Error(`The build of ${environment} is not complete: it still imports ${others.join(", ")}`);
}

/** Classic scripts that apps serve and nobody imports: the relay of the sandbox `policy-worker`, and the service worker. */
const SERVED_SCRIPTS = [
  { name: "sandbox-worker", entry: "runtime/worker/policy-relay.ts", global: "portcullisRelay" },
  { name: "service-worker", entry: "runtime/module-cache/service-worker-script.ts", global: "portcullisServiceWorker" },
];

async function writeServedScripts(): Promise<void> {
  for (const { name, entry, global } of SERVED_SCRIPTS) {
    const { code } = await bundle(join(SOURCE, entry), { format: "iife", name: global }, []);
    await writeFile(join(DIST, `${name}.js`), code);
    await writeFile(join(DIST, `types/${name}.d.ts`), "export {};\n");
  }
}

/** Declarations of the two realms that are imported, one after the other since they share files. */
async function writeTypes(): Promise<void> {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  for (const realm of ["browser", "node"]) {
    const project = join(SOURCE, `tsconfig.${realm}.json`);
    const options = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rootDir", SOURCE, "--outDir", join(DIST, "types")];
    try {
      await promisify(execFile)(process.execPath, [tsc, "-p", project, ...options]);
    } catch (error) {
      const { stdout } = error as { readonly stdout?: string };
      throw new Error(`Cannot write the declarations of ${project}:\n${stdout ?? String(error)}`, { cause: error });
    }
  }
}

/** Every file that package.json names must be there. */
async function checkExports(): Promise<void> {
  const manifest: unknown = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  for (const path of dist(manifest)) {
    await access(join(ROOT, path)).catch((cause: unknown) => {
      throw new Error(`The build is not complete: package.json names ${path}, which was not written`, { cause });
    });
  }
}

function dist(value: unknown): string[] {
  if (typeof value === "string") return value.startsWith("./dist/") && !value.includes("*") ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(dist) : [];
}
