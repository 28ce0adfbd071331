import { toUtf8 } from "../../bytes/utf8.js";
import { type DirectoryBackend, type DirectoryEntry, DirectoryError, type DirectoryPath, type EntryStat, type EntryTimes } from "./directory-backend.js";
import { resolvePath } from "./resolve-path.js";

export interface MemoryDirectoryOptions {
  /** Most memory that it takes: contents, and 512 bytes for each file and directory. Default: 64 MiB. */
  readonly maximumBytes?: number;
}

type FileMap = ReadonlyMap<string, Uint8Array | string>;

interface MemoryFile {
  kind: "file";
  /** Longer than the content, so that growing by pieces does not copy each time. */
  buffer: Uint8Array;
  size: number;
  modified: number;
  accessed: number;
}

interface MemoryFolder {
  kind: "directory";
  readonly entries: Map<string, MemoryNode>;
  modified: number;
  accessed: number;
}

type MemoryNode = MemoryFile | MemoryFolder;

const DEFAULT_MAXIMUM_BYTES = 64 * 1024 * 1024;
// Its name, times and place in a map: empty files must not be free.
const ENTRY_BYTES = 512;

/**
 * A directory in memory, for plugins that exchange files with the page and for tests. It is gone with the page.
 *
 * @param files - what is in it at first, by path such as `notes/today.txt`; text is kept as UTF-8. A `Map` for
 *   names such as `__proto__`, which an object literal cannot have.
 * @throws {DirectoryError} `invalid` for a path that a plugin could not name, `exist` for one that is there twice,
 *   `insufficient-space` for more than `maximumBytes`.
 * @example
 * ```ts
 * const data = memoryDirectory({ "in/picture.png": bytes }, { maximumBytes: 16 * 1024 * 1024 });
 * ```
 */
export function memoryDirectory(
  files: Readonly<Record<string, Uint8Array | string>> | FileMap = {},
  { maximumBytes = DEFAULT_MAXIMUM_BYTES }: MemoryDirectoryOptions = {},
): DirectoryBackend {
  const tree = new MemoryTree(maximumBytes);
  for (const [path, content] of isFileMap(files) ? files : Object.entries(files)) {
    const resolved = resolvePath(path);
    if (typeof resolved === "string" || resolved.isDirectory || resolved.crossed.length > 0) {
      throw new DirectoryError("invalid", `Cannot put ${JSON.stringify(path)} into a memory directory: it is no path such as "folder/file.txt"`);
    }
    tree.put(resolved.segments, typeof content === "string" ? toUtf8(content) : content);
  }
  // Each is `async`, so that what the tree throws is a rejection.
  return {
    stat: async (path) => tree.stat(path),
    list: async (path) => tree.list(path),
    read: async (path, offset, length) => tree.read(path, offset, length),
    write: async (path, offset, bytes) => tree.write(path, offset, bytes),
    resize: async (path, size) => tree.resize(path, size),
    createFile: async (path) => tree.createFile(path),
    createDirectory: async (path) => tree.create(path, newFolder()),
    removeFile: async (path) => tree.remove(path, "file"),
    removeDirectory: async (path) => tree.remove(path, "directory"),
    rename: async (from, to) => tree.rename(from, to),
    setTimes: async (path, times) => tree.setTimes(path, times),
  };
}

function isFileMap(files: Readonly<Record<string, Uint8Array | string>> | FileMap): files is FileMap {
  return files instanceof Map;
}

class MemoryTree {
  readonly #root = newFolder();
  readonly #maximumBytes: number;
  #usedBytes = 0;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  put(path: DirectoryPath, content: Uint8Array): void {
    for (let depth = 1; depth < path.length; depth += 1) {
      if (this.#find(path.slice(0, depth)) === undefined) this.create(path.slice(0, depth), newFolder());
    }
    this.createFile(path);
    this.write(path, 0, content);
  }

  stat(path: DirectoryPath): EntryStat {
    const node = this.#get(path);
    return { kind: node.kind, size: node.kind === "file" ? node.size : 0, modified: node.modified, accessed: node.accessed };
  }

  list(path: DirectoryPath): readonly DirectoryEntry[] {
    return [...this.#folder(path).entries].map(([name, { kind }]) => ({ name, kind }));
  }

  read(path: DirectoryPath, offset: number, length: number): Uint8Array {
    const file = this.#file(path);
    return file.buffer.slice(Math.min(offset, file.size), Math.min(offset + length, file.size));
  }

  write(path: DirectoryPath, offset: number | "end", bytes: Uint8Array): void {
    const file = this.#file(path);
    const start = offset === "end" ? file.size : offset;
    // Writing nothing far beyond the end does not grow a file.
    if (bytes.length > 0) this.#grow(file, start + bytes.length);
    file.buffer.set(bytes, bytes.length > 0 ? start : 0);
    file.modified = Date.now();
  }

  resize(path: DirectoryPath, size: number): void {
    const file = this.#file(path);
    this.#grow(file, size);
    if (size < file.size) {
      this.#usedBytes -= file.size - size;
      // A copy, so that the rest is freed, and is zeros when the file grows again.
      file.buffer = file.buffer.slice(0, size);
      file.size = size;
    }
    file.modified = Date.now();
  }

  createFile(path: DirectoryPath): void {
    const now = Date.now();
    this.create(path, { kind: "file", buffer: new Uint8Array(), size: 0, modified: now, accessed: now });
  }

  create(path: DirectoryPath, node: MemoryNode): void {
    if (this.#find(path) !== undefined) throw new DirectoryError("exist");
    const [parent, name] = this.#place(path);
    this.#take(ENTRY_BYTES);
    parent.entries.set(name, node);
    parent.modified = node.modified;
  }

  remove(path: DirectoryPath, kind: MemoryNode["kind"]): void {
    const [parent, name] = this.#place(path);
    const node = this.#get(path);
    if (node.kind !== kind) throw new DirectoryError(kind === "file" ? "is-directory" : "not-directory");
    if (node.kind === "directory" && node.entries.size > 0) throw new DirectoryError("not-empty");
    parent.entries.delete(name);
    parent.modified = Date.now();
    this.#usedBytes -= ENTRY_BYTES + (node.kind === "file" ? node.size : 0);
  }

  rename(from: DirectoryPath, to: DirectoryPath): void {
    const node = this.#get(from);
    const [oldParent, oldName] = this.#place(from);
    const [newParent, newName] = this.#place(to);
    const replaced = newParent.entries.get(newName);
    if (replaced !== undefined) {
      if (replaced.kind === "directory" && node.kind === "file") throw new DirectoryError("is-directory");
      // Refuses a file, and a directory that is not empty.
      this.remove(to, node.kind);
    }
    oldParent.entries.delete(oldName);
    newParent.entries.set(newName, node);
    oldParent.modified = newParent.modified = Date.now();
  }

  setTimes(path: DirectoryPath, { modified, accessed }: EntryTimes): void {
    const node = this.#get(path);
    node.modified = modified ?? node.modified;
    node.accessed = accessed ?? node.accessed;
  }

  #grow(file: MemoryFile, size: number): void {
    if (size <= file.size) return;
    // Before memory is taken: a guest may ask for any size.
    this.#take(size - file.size);
    if (size > file.buffer.length) {
      const larger = new Uint8Array(Math.max(size, Math.min(file.buffer.length * 2, this.#maximumBytes)));
      larger.set(file.buffer.subarray(0, file.size));
      file.buffer = larger;
    }
    file.size = size;
  }

  #take(bytes: number): void {
    if (this.#usedBytes + bytes > this.#maximumBytes) throw new DirectoryError("insufficient-space");
    this.#usedBytes += bytes;
  }

  /** Where an entry stands, or would. */
  #place(path: DirectoryPath): readonly [parent: MemoryFolder, name: string] {
    const name = path.at(-1);
    if (name === undefined) throw new DirectoryError("busy", "it is the directory itself");
    return [this.#folder(path.slice(0, -1)), name];
  }

  #file(path: DirectoryPath): MemoryFile {
    const node = this.#get(path);
    if (node.kind === "directory") throw new DirectoryError("is-directory");
    return node;
  }

  #folder(path: DirectoryPath): MemoryFolder {
    const node = this.#get(path);
    if (node.kind === "file") throw new DirectoryError("not-directory");
    return node;
  }

  #get(path: DirectoryPath): MemoryNode {
    const node = this.#find(path);
    if (node === undefined) throw new DirectoryError("no-entry");
    return node;
  }

  #find(path: DirectoryPath): MemoryNode | undefined {
    let node: MemoryNode = this.#root;
    for (const name of path) {
      if (node.kind === "file") throw new DirectoryError("not-directory");
      const next = node.entries.get(name);
      if (next === undefined) return undefined;
      node = next;
    }
    return node;
  }
}

function newFolder(): MemoryFolder {
  const now = Date.now();
  return { kind: "directory", entries: new Map(), modified: now, accessed: now };
}
