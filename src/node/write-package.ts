import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { PluginError } from "../errors/plugin-error.js";
import { MANIFEST_PATH } from "../package/package-path.js";
import { systemCode, systemReason } from "./read-bounded-file.js";

/** Beginning of the names of unfinished files, which indexing and serving pass over. */
const DRAFT = ".portcullis-";

/**
 * Writes `files` as the directory `path`, whole or not at all: beside it first, then renamed. A package that
 * is there already is replaced; anything else that is there is not touched.
 *
 * @throws {PluginError} `usage-invalid` if it cannot be written there
 */
export async function writePackageDirectory(path: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await writing(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    const draft = await mkdtemp(join(dirname(path), DRAFT));
    try {
      for (const [name, bytes] of files) {
        const file = join(draft, "new", name);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, bytes);
      }
      await replaceDirectory(path, join(draft, "new"), join(draft, "old"));
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
}

async function replaceDirectory(path: string, replacement: string, aside: string): Promise<void> {
  const wasThere = await setAsidePackage(path, aside);
  try {
    await rename(replacement, path);
  } catch (error) {
    if (wasThere) await rename(aside, path);
    throw error;
  }
}

/** Whether there was one. */
async function setAsidePackage(path: string, aside: string): Promise<boolean> {
  const names = await readdir(path).catch((error: unknown): string[] => {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  });
  if (names.length === 0) return false;
  if (!names.includes(MANIFEST_PATH)) throw new Error(`there is a directory without ${MANIFEST_PATH}, which is no package, so it was left alone`);
  await rename(path, aside);
  return true;
}

/**
 * Writes a file, whole or not at all, over one that is there.
 *
 * @throws {PluginError} `usage-invalid` if it cannot be written there
 */
export async function writeWholeFile(path: string, bytes: Uint8Array | string): Promise<void> {
  await writing(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    const draft = join(dirname(path), `${DRAFT}${randomUUID()}-${basename(path)}`);
    try {
      await writeFile(draft, bytes);
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  });
}

/** Whether anything is at `path`. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false);
}

/** Runs `action`, which writes `path`, and says in an error that this is what failed. */
export async function writing<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof PluginError) throw cause;
    const message = `Cannot write ${path}: ${systemReason(cause)}`;
    throw new PluginError({ code: "usage-invalid", stage: "pack", message, cause });
  }
}
