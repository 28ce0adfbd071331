import { type DirectoryBackend, type DirectoryEntry, DirectoryError, type DirectoryPath, type EntryStat } from "./directory-backend.js";
import { named, translateHandleError } from "./handle-errors.js";
import { copyEntry, findEntry, findFile, findFolder, findPlace, isEmpty, measure } from "./handle-tree.js";
import { FileWriter } from "./file-writer.js";
import { SpaceBudget } from "./space-budget.js";

export interface HandleDirectorySource {
  readonly open: () => Promise<FileSystemDirectoryHandle>;
  readonly maximumBytes: number;
  /** Count what is there already. Left out for a person's own directory, which may be large and is not the plugin's. */
  readonly isMeasured: boolean;
}

// What a file or directory takes on most disks, at least.
const ENTRY_BYTES = 4_096;

/** Any `FileSystemDirectoryHandle` as a backend. Operations on it come one after the other. */
export class HandleDirectory implements DirectoryBackend {
  readonly #source: HandleDirectorySource;
  #last: Promise<unknown> = Promise.resolve();
  #budget: SpaceBudget | undefined;
  readonly #writer = new FileWriter(() => {
    this.#last = this.#last.then(() => this.#writer.commit());
  });

  constructor(source: HandleDirectorySource) {
    this.#source = source;
  }

  stat(path: DirectoryPath): Promise<EntryStat> {
    return this.#look(path, async (root) => {
      if (path.length === 0) return { kind: "directory", size: 0 };
      const [parent, name] = await findPlace(root, path);
      const entry = await findEntry(parent, name);
      if (entry === undefined) throw new DirectoryError("no-entry");
      if (entry.kind === "directory") return { kind: "directory", size: 0 };
      const { size, lastModified } = await entry.getFile();
      return { kind: "file", size, modified: lastModified };
    });
  }

  list(path: DirectoryPath): Promise<readonly DirectoryEntry[]> {
    return this.#look(path, async (root) => {
      // Chromium shows the file that it writes to until it is committed.
      await this.#writer.commit();
      const folder = await findFolder(root, path);
      const entries: DirectoryEntry[] = [];
      for await (const { name, kind } of folder.values()) entries.push({ name, kind });
      return entries;
    });
  }

  read(path: DirectoryPath, offset: number, length: number): Promise<Uint8Array> {
    return this.#look(path, async (root) => {
      const file = await (await findFile(root, path)).getFile();
      return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
    });
  }

  write(path: DirectoryPath, offset: number | "end", bytes: Uint8Array): Promise<void> {
    return this.#queue(async (root) => {
      await this.#checkWritable(root);
      const space = await this.#space(root);
      const write = await this.#writer.open(keyOf(path), space, () => findFile(root, path));
      if (bytes.length === 0) return;
      const start = offset === "end" ? write.size : offset;
      await this.#writer.change(start + bytes.length, () => write.write(start, bytes));
    });
  }

  resize(path: DirectoryPath, size: number): Promise<void> {
    return this.#queue(async (root) => {
      await this.#checkWritable(root);
      const space = await this.#space(root);
      const write = await this.#writer.open(keyOf(path), space, () => findFile(root, path));
      await this.#writer.change(size, () => write.resize(size));
      await this.#writer.commit();
      this.#writer.throwFailure(keyOf(path));
    });
  }

  createFile(path: DirectoryPath): Promise<void> {
    return this.#create(path, (parent, name) => parent.getFileHandle(name, { create: true }));
  }

  createDirectory(path: DirectoryPath): Promise<void> {
    return this.#create(path, (parent, name) => parent.getDirectoryHandle(name, { create: true }));
  }

  removeFile(path: DirectoryPath): Promise<void> {
    return this.#change(async (root) => {
      const [parent, name] = await findPlace(root, path);
      const { size } = await (await named(parent.getFileHandle(name), "is-directory")).getFile();
      await parent.removeEntry(name);
      this.#writer.forget(keyOf(path));
      this.#budget?.give(ENTRY_BYTES + size);
    });
  }

  removeDirectory(path: DirectoryPath): Promise<void> {
    return this.#change(async (root) => {
      const [parent, name] = await findPlace(root, path);
      await named(parent.getDirectoryHandle(name), "not-directory");
      await parent.removeEntry(name);
      this.#budget?.give(ENTRY_BYTES);
    });
  }

  rename(from: DirectoryPath, to: DirectoryPath): Promise<void> {
    return this.#change(async (root) => {
      this.#writer.throwFailure(keyOf(from));
      const [oldName, newName] = [folded(from), folded(to)];
      if (oldName !== newName) {
        if (newName.startsWith(`${oldName}/`)) throw new DirectoryError("invalid", "a directory cannot be moved into itself");
        return this.#move(root, from, to);
      }
      // Where case does not tell names apart, both are one file: removing the old name would remove what was copied.
      const between = [...from.slice(0, -1), `renaming-${crypto.randomUUID()}`];
      await this.#move(root, from, between);
      await this.#move(root, between, to);
    });
  }

  sync(path: DirectoryPath): Promise<void> {
    return this.#queue(async () => {
      await this.#writer.commit();
      this.#writer.throwFailure(keyOf(path));
    });
  }

  async #move(root: FileSystemDirectoryHandle, from: DirectoryPath, to: DirectoryPath): Promise<void> {
    const [[oldParent, oldName], [newParent, newName]] = [await findPlace(root, from), await findPlace(root, to)];
    const [moved, replaced] = [await findEntry(oldParent, oldName), await findEntry(newParent, newName)];
    if (moved === undefined) throw new DirectoryError("no-entry");
    if (replaced !== undefined && replaced.kind !== moved.kind) throw new DirectoryError(moved.kind === "file" ? "is-directory" : "not-directory");
    if (replaced?.kind === "directory" && !(await isEmpty(replaced))) throw new DirectoryError("not-empty");
    const freed = replaced === undefined ? 0 : ENTRY_BYTES + (replaced.kind === "file" ? (await replaced.getFile()).size : 0);
    await copyEntry(moved, newParent, newName);
    // The copy is whole: if this fails, or the page ends before it, there are two of it and never none.
    await oldParent.removeEntry(oldName, { recursive: true });
    this.#budget?.give(freed);
  }

  #create(path: DirectoryPath, make: (parent: FileSystemDirectoryHandle, name: string) => Promise<unknown>): Promise<void> {
    return this.#change(async (root) => {
      if (path.length === 0) throw new DirectoryError("exist");
      const [parent, name] = await findPlace(root, path);
      if ((await findEntry(parent, name)) !== undefined) throw new DirectoryError("exist");
      (await this.#space(root)).take(ENTRY_BYTES);
      await named(make(parent, name), "exist");
    });
  }

  /** Reads, after what was written to the same file is in it. */
  #look<Value>(path: DirectoryPath, work: (root: FileSystemDirectoryHandle) => Promise<Value>): Promise<Value> {
    return this.#queue(async (root) => {
      if (this.#writer.isWriting(keyOf(path))) await this.#writer.commit();
      this.#writer.throwFailure(keyOf(path));
      return work(root);
    });
  }

  #change(work: (root: FileSystemDirectoryHandle) => Promise<void>): Promise<void> {
    return this.#queue(async (root) => {
      await this.#checkWritable(root);
      await this.#writer.commit();
      await work(root);
    });
  }

  #queue<Value>(work: (root: FileSystemDirectoryHandle) => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(async () => {
      try {
        return await work(await this.#source.open());
      } catch (error) {
        throw translateHandleError(error);
      }
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Writing without permission would show the browser's own question while the person does something else, and a
   * plugin could choose when.
   */
  async #checkWritable(root: FileSystemDirectoryHandle): Promise<void> {
    const query: unknown = Reflect.get(root, "queryPermission");
    if (typeof query !== "function") return;
    const state: unknown = await Reflect.apply(query, root, [{ mode: "readwrite" }]);
    if (state !== "granted") throw new DirectoryError("not-permitted", "the person has not allowed, or no longer allows, to write there");
  }

  /** Counts before anything is pending: the browser's copy of a file that is written would count as well. */
  async #space(root: FileSystemDirectoryHandle): Promise<SpaceBudget> {
    const { isMeasured, maximumBytes } = this.#source;
    return (this.#budget ??= new SpaceBudget(maximumBytes, isMeasured ? await measure(root, ENTRY_BYTES) : 0));
  }
}

function keyOf(path: DirectoryPath): string {
  return path.join("/");
}

function folded(path: DirectoryPath): string {
  return keyOf(path).normalize("NFC").toLowerCase();
}
