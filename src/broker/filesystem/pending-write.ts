import { DirectoryError } from "./directory-backend.js";

/**
 * Several writes to one file that are put into it together. The File System API copies a file before it changes
 * it, so one commit for each piece of 4 KiB, as C libraries write, would copy it each time. The file on the disk
 * stays as it was until {@link commit}, and then changes at once: a crash never leaves half of it.
 */
export class PendingWrite {
  readonly #writable: FileSystemWritableFileStream;
  /** What the file's size will be. */
  size: number;
  /** Bytes by which the file grew since the last commit. */
  growth = 0;

  private constructor(writable: FileSystemWritableFileStream, size: number) {
    this.#writable = writable;
    this.size = size;
  }

  static async open(file: FileSystemFileHandle): Promise<PendingWrite> {
    // Older browsers can write only from a worker of their own.
    if (!("createWritable" in file)) throw new DirectoryError("unsupported", "this browser cannot write files from a page");
    const { size } = await file.getFile();
    return new PendingWrite(await file.createWritable({ keepExistingData: true }), size);
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    await this.#writable.write({ type: "write", position, data: bytes as Uint8Array<ArrayBuffer> });
    this.#setSize(Math.max(this.size, position + bytes.length));
  }

  async resize(size: number): Promise<void> {
    await this.#writable.truncate(size);
    this.#setSize(size);
  }

  async commit(): Promise<void> {
    try {
      await this.#writable.close();
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  /** Leaves the file as it was. */
  async abort(): Promise<void> {
    await this.#writable.abort().catch(() => undefined);
  }

  #setSize(size: number): void {
    this.growth += size - this.size;
    this.size = size;
  }
}
