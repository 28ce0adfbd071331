import { opendir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PluginErrorCode } from "../errors/error-codes.js";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import { checkPackagePaths, MANIFEST_PATH, SIGNATURE_PATH } from "../package/package-path.js";
import { isInside, readBoundedFile, systemReason, unreadable } from "./read-bounded-file.js";

/** Where pip puts what a package requires. */
export const VENDOR_DIRECTORY = "vendor";
const OWN_PATHS: ReadonlySet<string> = new Set([MANIFEST_PATH, SIGNATURE_PATH]);
/** No package path is longer, so that nothing deeper could be packed. */
const MAXIMUM_PATH_LENGTH = 255;

export interface PythonFilesOptions {
  /** The plugin's directory, with every link followed. */
  readonly root: string;
  /** Real paths that are not part of the plugin: the WIT. */
  readonly leftOut: ReadonlySet<string>;
  readonly limits: PluginLimits;
}

/**
 * The files of a Python plugin's directory, by their paths in the package, which are those in the directory. Not among them: what
 * describes it, what Python and tools make beside it, and hidden files. Below `vendor/` all is taken that an installation needs.
 *
 * All names are read, counted and checked before the first file is.
 *
 * @throws {PluginError} `package-invalid` for a link that leads out, a special file or a name that no package can have;
 *   `package-too-large`; `source-unreachable`
 */
export async function readPythonFiles(options: PythonFilesOptions): Promise<Map<string, Uint8Array>> {
  const { root, limits } = options;
  const paths = (await listPaths(options)).sort();
  const taken = paths.find((path) => OWN_PATHS.has(path.toLowerCase()));
  if (taken !== undefined) throw refuse("package-invalid", `it has a file ${taken}, where every package has its own. Rename it`);
  const problem = checkPackagePaths(paths);
  if (problem !== undefined) throw refuse("package-invalid", `${problem}. Rename the file, or take it out of the directory`);
  const files = new Map<string, Uint8Array>();
  let total = 0;
  for (const path of paths) {
    const bytes = await readBoundedFile(join(root, path), limits.packageBytes - total, "pack");
    total += bytes.length;
    files.set(path, bytes);
  }
  return files;
}

async function listPaths({ root, leftOut, limits }: PythonFilesOptions): Promise<string[]> {
  const paths: string[] = [];
  const walk = async (prefix: string): Promise<void> => {
    const directory = await opendir(join(root, prefix)).catch((cause: unknown) => {
      throw unreadable(join(root, prefix), "pack", cause);
    });
    for await (const entry of directory) {
      const path = `${prefix}${entry.name}`;
      if (leftOut.has(join(root, path)) || isLeftOut(path, entry.name, entry.isDirectory())) continue;
      if (path.length > MAXIMUM_PATH_LENGTH) throw refuse("package-invalid", `the path of ${path.slice(0, 80)}… is longer than ${MAXIMUM_PATH_LENGTH} characters`);
      if (entry.isDirectory()) {
        await walk(`${path}/`);
        continue;
      }
      if (entry.isSymbolicLink()) await checkLink(root, path);
      // Opening a pipe would wait for ever, and a device may have no end.
      else if (!entry.isFile()) throw refuse("package-invalid", `${path} is neither a plain file nor a directory`);
      if (paths.length >= limits.packageFiles) throw refuse("package-too-large", `it has more than ${limits.packageFiles} files`);
      paths.push(path);
    }
  };
  await walk("");
  return paths;
}

function isLeftOut(path: string, name: string, isDirectory: boolean): boolean {
  if (name === "__pycache__" || name === ".git" || name.endsWith(".pyc") || name.endsWith(".sig")) return true;
  // Libraries of wheels are in hidden directories on some systems, and any name is a module's.
  if (path.startsWith(`${VENDOR_DIRECTORY}/`)) return false;
  return name.startsWith(".") || (isDirectory && name === "target") || path === "package.toml";
}

async function checkLink(root: string, path: string): Promise<void> {
  const real = await realpath(join(root, path)).catch((cause: unknown) => {
    throw refuse("package-invalid", `the link ${path} leads nowhere (${systemReason(cause)})`);
  });
  if (!isInside(root, real)) throw refuse("package-invalid", `the link ${path} leads out of the plugin's directory. Put the file itself there`);
  if (!(await stat(real)).isFile()) throw refuse("package-invalid", `the link ${path} leads to something else than a plain file. Put there what it leads to`);
}

function refuse(code: PluginErrorCode, reason: string): PluginError {
  return new PluginError({ code, stage: "pack", message: `Cannot pack the Python plugin: ${reason}` });
}
