import { chmod, copyFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { PluginError } from "../../errors/plugin-error.js";

/** The files that a runtime's process begins with. */
export interface RuntimeFiles {
  readonly files: string;
  readonly script: string;
}

/** Copies the runner, which is one file. */
export async function pythonRunnerFiles(runner: string, target: string): Promise<RuntimeFiles> {
  await makeReadable(target);
  await copyReadable(runner, join(target, basename(runner)));
  return { files: target, script: basename(runner) };
}

const FOREIGN_FUNCTIONS = "koffi";
/** As bundlers write imports of their own chunks. */
const LOCAL_IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["'`]\.\/([\w.-]+\.js)["'`]/g;

/**
 * Copies the native host with the files beside it that it is made of, and koffi, which it calls libraries with: a package that
 * whoever runs native plugins installs beside this one.
 *
 * @throws {PluginError} `runtime-unsupported` if there is no koffi for this system.
 */
export async function nativeHostFiles(host: string, target: string): Promise<RuntimeFiles> {
  const koffi = findPackage(FOREIGN_FUNCTIONS, host);
  const binaryName = `@koromix/koffi-${process.platform}-${process.arch}`;
  const binary = koffi === undefined ? undefined : findPackage(binaryName, join(koffi, "package.json"));
  if (koffi === undefined || binary === undefined) {
    const missing = koffi === undefined ? FOREIGN_FUNCTIONS : binaryName;
    throw new PluginError({ code: "runtime-unsupported", stage: "instantiate", message: `Cannot start rust plugins: the package ${missing} is not installed. Install koffi beside this package (npm install koffi)` });
  }
  await makeReadable(target);
  for (const path of await moduleFiles(host)) await copyReadable(path, join(target, basename(path)));
  await writeFile(join(target, "package.json"), '{ "type": "module" }\n');
  await copyReadable(koffi, join(target, "node_modules", FOREIGN_FUNCTIONS));
  await copyReadable(binary, join(target, "node_modules", binaryName));
  return { files: target, script: basename(host) };
}

/** A module of this package as it is built, and all those that it imports, which are in one folder with it. */
async function moduleFiles(entry: string): Promise<ReadonlySet<string>> {
  const found = new Set([entry]);
  for (const path of found) {
    for (const [, name = ""] of (await readFile(path, "utf8")).matchAll(LOCAL_IMPORT)) found.add(join(dirname(entry), name));
  }
  return found;
}

/** The folder of an installed package, as the module at `from` would find it. */
function findPackage(name: string, from: string): string | undefined {
  const folders = createRequire(from).resolve.paths(name) ?? [];
  return folders.map((folder) => join(folder, name)).find((folder) => existsSync(join(folder, "package.json")));
}

async function makeReadable(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // `mkdir` subtracts this process's mask.
  await chmod(folder, 0o755);
}

/** Copies a file, or a folder with its files and folders, so that every user can read it. Links are followed. */
async function copyReadable(from: string, to: string): Promise<void> {
  const status = await stat(from);
  if (!status.isDirectory()) {
    await makeParents(to);
    await copyFile(from, to);
    await chmod(to, 0o444);
    return;
  }
  await makeParents(to);
  await makeReadable(to);
  for (const name of await readdir(from)) await copyReadable(join(from, name), join(to, name));
}

async function makeParents(path: string): Promise<void> {
  const parent = dirname(path);
  if (existsSync(parent)) return;
  await makeParents(parent);
  await makeReadable(parent);
}
