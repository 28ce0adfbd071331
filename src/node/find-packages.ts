import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import { checkPackagePath, MANIFEST_PATH } from "../package/package-path.js";
import type { PluginPackage } from "../package/plugin-package.js";
import type { TrustPolicy } from "../trust/trust-policy.js";
import { verifyPackage } from "../trust/verify-package.js";
import { parseEnvelope } from "../trust/signature-envelope.js";
import { openPackage } from "./open-package.js";
import { unreadable } from "./read-bounded-file.js";
import { checkContent } from "./verify.js";

/** A package below a directory. */
export interface FoundPackage {
  /** Its directory, relative, with forward slashes. */
  readonly path: string;
  readonly package: PluginPackage;
}

/** A directory that should be a package, and why it is none that a host would load. */
export interface RefusedPackage {
  readonly path: string;
  readonly error: PluginError;
}

interface SearchOptions {
  readonly trust: TrustPolicy | undefined;
  readonly limits: PluginLimits;
}

/**
 * Finds and checks every package below `directory`: each directory with a manifest. Links and names that
 * begin with a dot are passed over.
 *
 * @throws {PluginError} `source-unreachable` if the directory cannot be read
 */
export async function findPackages(directory: string, options: SearchOptions): Promise<{ found: FoundPackage[]; refused: RefusedPackage[] }> {
  const found: FoundPackage[] = [];
  const refused: RefusedPackage[] = [];
  const places = new Map<string, string>();
  for (const path of await packagePaths(directory)) {
    try {
      const opened = await openChecked(directory, path, options);
      const name = `${opened.manifest.id} ${opened.manifest.version}`;
      const other = places.get(name);
      if (other !== undefined) throw refuse("package-invalid", path, `it is ${name}, which is at ${other} already. Remove one of them`);
      places.set(name, path);
      found.push({ path, package: opened });
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      refused.push({ path, error });
    }
  }
  return { found, refused };
}

async function openChecked(directory: string, path: string, { trust, limits }: SearchOptions): Promise<PluginPackage> {
  const problem = checkPackagePath(path);
  if (problem !== undefined) throw refuse("package-invalid", path, `its path cannot be listed: ${problem}`);
  const { package: opened } = await openPackage(join(directory, path), limits);
  if (opened.signatureBytes !== null) parseEnvelope(opened.signatureBytes);
  if (trust !== undefined) await verifyPackage(opened, trust);
  await checkContent(opened);
  return opened;
}

const MAXIMUM_DEPTH = 16;

async function packagePaths(directory: string): Promise<string[]> {
  const paths: string[] = [];
  const walk = async (prefix: string, depth: number): Promise<void> => {
    const entries = await readdir(join(directory, prefix), { withFileTypes: true }).catch((cause: unknown) => {
      throw unreadable(join(directory, prefix), "pack", cause);
    });
    if (prefix !== "" && entries.some((entry) => entry.isFile() && entry.name === MANIFEST_PATH)) {
      paths.push(prefix.slice(0, -1));
      return;
    }
    for (const entry of entries) {
      if (entry.isDirectory() && !entry.name.startsWith(".") && depth < MAXIMUM_DEPTH) await walk(`${prefix}${entry.name}/`, depth + 1);
    }
  };
  await walk("", 0);
  return paths.sort();
}

function refuse(code: "package-invalid", path: string, reason: string): PluginError {
  return new PluginError({ code, stage: "pack", message: `Cannot list the package at ${path}: ${reason}` });
}
