import type { ModuleCache, ModuleOrigin } from "../module-cache/module-cache.js";

interface CompiledModule extends ModuleOrigin {
  readonly module: WebAssembly.Module;
}

/**
 * The compiled core modules of a page, shared by all instances. A posted `Module` carries its optimised code
 * along (a third worker's first call: 53 ms instead of 477), so this table is the warm path within a page.
 * It keeps the most recently used modules up to a number of bytes; IndexedDB cannot store modules at all.
 */
export class ModuleTable {
  readonly #entries = new Map<string, { readonly compiled: Promise<CompiledModule>; readonly bytes: number }>();
  readonly #maximumBytes: number;
  #bytes = 0;

  /** @param maximumBytes - how many bytes of WebAssembly the kept modules were compiled from. */
  constructor(maximumBytes = 256 * 1024 * 1024) {
    this.#maximumBytes = maximumBytes;
  }

  /**
   * The module for `digest`, compiled now if it is not here. `digest` must stand for exactly these bytes.
   *
   * @param cache - by whose way it is compiled if that succeeds.
   */
  async compile(digest: string, bytes: Uint8Array, cache?: ModuleCache): Promise<CompiledModule> {
    const known = this.#entries.get(digest);
    const entry = known ?? { compiled: compile(bytes, cache), bytes: bytes.length };
    // A map iterates in insertion order: taking an entry out and in again makes it the most recent.
    this.#entries.delete(digest);
    this.#entries.set(digest, entry);
    if (known === undefined) {
      this.#bytes += bytes.length;
      this.#evict();
    }
    try {
      const compiled = await entry.compiled;
      return known === undefined ? compiled : { module: compiled.module, from: "page" };
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

async function compile(bytes: Uint8Array, cache: ModuleCache | undefined): Promise<CompiledModule> {
  const cached = await cache?.compile(bytes);
  if (cached !== undefined && "module" in cached) return { module: cached.module, from: "service-worker" };
  const module = await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  return cached === undefined ? { module, from: "bytes" } : { module, from: "bytes", miss: cached.miss };
}
