import { DirectoryError, directoryErrorCode, type DirectoryPath } from "./directory-backend.js";
import { named } from "./handle-errors.js";

/*
 * Steps over the File System API, one handle at a time: a name never holds a separator, and the browser checks
 * each step, links included, which Chromium does not show and does not follow.
 */

export async function findFolder(root: FileSystemDirectoryHandle, path: DirectoryPath): Promise<FileSystemDirectoryHandle> {
  let folder = root;
  for (const name of path) folder = await named(folder.getDirectoryHandle(name), "not-directory");
  return folder;
}

/** The directory that an entry stands in, or would, and its name there. */
export async function findPlace(root: FileSystemDirectoryHandle, path: DirectoryPath): Promise<readonly [parent: FileSystemDirectoryHandle, name: string]> {
  const name = path.at(-1);
  if (name === undefined) throw new DirectoryError("busy", "it is the directory itself");
  return [await findFolder(root, path.slice(0, -1)), name];
}

export async function findFile(root: FileSystemDirectoryHandle, path: DirectoryPath): Promise<FileSystemFileHandle> {
  if (path.length === 0) throw new DirectoryError("is-directory");
  const [parent, name] = await findPlace(root, path);
  return named(parent.getFileHandle(name), "is-directory");
}

/** The entry of that name, whatever it is; `undefined` if there is none. */
export async function findEntry(parent: FileSystemDirectoryHandle, name: string): Promise<FileSystemFileHandle | FileSystemDirectoryHandle | undefined> {
  try {
    return await named(parent.getFileHandle(name), "is-directory");
  } catch (error) {
    const code = directoryErrorCode(error);
    if (code === "no-entry") return undefined;
    if (code !== "is-directory") throw error;
    return parent.getDirectoryHandle(name);
  }
}

export async function isEmpty(folder: FileSystemDirectoryHandle): Promise<boolean> {
  const first = await folder.keys().next();
  return first.done === true;
}

/** Bytes of all files below, and `entryBytes` for each file and directory. */
export async function measure(folder: FileSystemDirectoryHandle, entryBytes: number): Promise<number> {
  let sum = 0;
  for await (const entry of folder.values()) {
    sum += entryBytes + (entry.kind === "file" ? (await entry.getFile()).size : await measure(entry, entryBytes));
  }
  return sum;
}

/**
 * Copies a file or a directory. The API can move files in some browsers and directories in none. A file that is
 * replaced changes at once, when all of the copy is there.
 */
export async function copyEntry(source: FileSystemFileHandle | FileSystemDirectoryHandle, parent: FileSystemDirectoryHandle, name: string): Promise<void> {
  if (source.kind === "file") return copyFile(source, parent, name);
  const target = await named(parent.getDirectoryHandle(name, { create: true }), "not-directory");
  try {
    for await (const entry of source.values()) await copyEntry(entry, target, entry.name);
  } catch (error) {
    await parent.removeEntry(name, { recursive: true }).catch(() => undefined);
    throw error;
  }
}

async function copyFile(source: FileSystemFileHandle, parent: FileSystemDirectoryHandle, name: string): Promise<void> {
  const content = await source.getFile();
  const isNew = (await findEntry(parent, name)) === undefined;
  const target = await named(parent.getFileHandle(name, { create: true }), "is-directory");
  try {
    const writable = await target.createWritable();
    try {
      await writable.write(content);
    } catch (error) {
      await writable.abort().catch(() => undefined);
      throw error;
    }
    await writable.close();
  } catch (error) {
    if (isNew) await parent.removeEntry(name).catch(() => undefined);
    throw error;
  }
}
