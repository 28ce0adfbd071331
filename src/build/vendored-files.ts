import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "./bundle.js";
import { BINDGEN, ROOT, SOURCE } from "./repository.js";
import { transpilerIdentity } from "./transpiler-identity-plugin.js";
import { TRANSPILER, vendoredToolPlugin, WASM_TOOLS, type VendoredTool } from "./vendored-tool.js";

/** Files of jco's packages that travel with this one, and the modules that their scripts were made from. */
export interface VendoredFiles {
  /** Holds `transpiler/` and `wasm-tools/`. */
  readonly folder: string;
  readonly modules: readonly string[];
}

/**
 * Makes the vendored files, once for each state of their sources: they are also what tests and the
 * development server use, which read this package's sources and not its `dist`.
 */
export async function vendoredFiles(): Promise<VendoredFiles> {
  const folder = join(ROOT, ".cache/vendored", await fingerprint());
  const modulesFile = join(folder, "modules.json");
  if (!(await exists(folder))) await fill(folder);
  return { folder, modules: JSON.parse(await readFile(modulesFile, "utf8")) as string[] };
}

async function fill(folder: string): Promise<void> {
  const parent = join(ROOT, ".cache/vendored");
  await mkdir(parent, { recursive: true });
  const draft = await mkdtemp(join(parent, "draft-"));
  const modules = [
    ...(await writeScript(TRANSPILER, "transpiler-module.ts", "es", join(draft, "transpiler/transpiler.js"))),
    ...(await writeScript(TRANSPILER, "transpiler-worker.ts", "iife", join(draft, "transpiler/transpiler-worker.js"))),
    ...(await writeScript(WASM_TOOLS, "wasm-tools-module.ts", "es", join(draft, "wasm-tools/wasm-tools.js"))),
  ];
  for (const [tool, name] of [[TRANSPILER, "transpiler"], [WASM_TOOLS, "wasm-tools"]] as const) {
    for (const extension of ["core.wasm", "core2.wasm"]) {
      await cp(join(BINDGEN, `${tool.file}.${extension}`), join(draft, name, `${name}.${extension}`));
    }
  }
  await writeFile(join(draft, "modules.json"), JSON.stringify(modules));
  try {
    await rename(draft, folder);
  } catch (error) {
    // Another process was faster; its files are the same.
    await rm(draft, { recursive: true });
    if (!(await exists(folder))) throw error;
  }
  await removeOld(parent);
}

/** Every change of a source makes a new folder. One that is an hour old is nobody's any more. */
async function removeOld(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > 3_600_000) await rm(path, { recursive: true, force: true });
  }
}

async function writeScript(tool: VendoredTool, entry: string, format: "es" | "iife", file: string): Promise<readonly string[]> {
  const { code, modules } = await bundle(
    join(SOURCE, "compile", entry),
    format === "iife" ? { format, name: "portcullisTranspiler" } : { format },
    [vendoredToolPlugin(tool)],
  );
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, code);
  return modules;
}

/** Changes with everything that the vendored files are made from. */
async function fingerprint(): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(await transpilerIdentity()));
  for (const folder of ["bytes", "build", "compile", "component", "errors"]) {
    for (const name of (await readdir(join(SOURCE, folder))).sort()) {
      if (name.endsWith(".ts")) hash.update(name).update(await readFile(join(SOURCE, folder, name)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false);
}
