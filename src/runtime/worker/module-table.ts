/**
 * The compiled core modules of a page, shared by all instances. A posted `Module` carries its optimised code
 * along (a third worker's first call: 53 ms instead of 477), so this table is the warm path within a page.
 * It keeps the most recently used modules up to a number of bytes; IndexedDB cannot store modules at all.
 */
export class ModuleTable {
  readonly #entries = new Map<string, { readonly module: Promise<WebAssembly.Module>; readonly bytes: number }>();
  readonly #maximumBytes: number;
  #bytes = 0;

  /** @param maximumBytes - how many bytes of WebAssembly the kept modules were compiled from. */
  constructor(maximumBytes = 256 * 1024 * 1024) {
    this.#maximumBytes = maximumBytes;
  }

  /** The module for `digest`, compiled now if it is not here. `digest` must stand for exactly these bytes. */
  async compile(digest: string, bytes: Uint8Array): Promise<WebAssembly.Module> {
    const known = this.#entries.get(digest);
    const entry = known ?? { module: WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>), bytes: bytes.length };
    // A map iterates in insertion order: taking an entry out and in again makes it the most recent.
    this.#entries.delete(digest);
    this.#entries.set(digest, entry);
    if (known === undefined) {
      this.#bytes += bytes.length;
      this.#evict();
    }
    try {
      return await entry.module;
    } catch (error) {
      this.#forget(digest);
      throw error;
    }
  }

  #evict(): void {
    for (const digest of this.#entries.keys()) {
      if (this.#bytes <= this.#maximumBytes || this.#entries.size === 1) return;
      this.#forget(digest);
    }
  }

  #forget(digest: string): void {
    this.#bytes -= this.#entries.get(digest)?.bytes ?? 0;
    this.#entries.delete(digest);
  }
}
