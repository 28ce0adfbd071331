import { clear, get, promisifyRequest, type UseStore } from "idb-keyval";
import { cacheSlot, readCacheRecord } from "./cache-record.js";
import type { CacheRead, CompileCache } from "./compile-cache.js";
import { openStore } from "./indexeddb-store.js";
import { ENTRY, parseUsage, USAGE } from "./indexeddb-usage.js";
import { timeBound } from "./time-bound.js";

export interface IndexedDbCacheOptions {
  /** Default: `portcullis-compile-cache`. */
  readonly databaseName?: string;
  /** The least recently used components go when their sizes exceed this. Default: 256 MiB. */
  readonly maxBytes?: number;
  /** After this time an IndexedDB that does not answer is taken for unreadable. Default: 5 000. */
  readonly timeoutMilliseconds?: number;
}

/**
 * The default cache: compiled components in this origin's IndexedDB, across page loads.
 *
 * An entry and its size are written in one transaction, so that a page that ends in the middle, or two
 * that write at once, leave a whole entry or none.
 */
export function indexedDbCache(options: IndexedDbCacheOptions = {}): CompileCache {
  const { databaseName = "portcullis-compile-cache", maxBytes = 256 * 1024 * 1024, timeoutMilliseconds = 5_000 } = options;
  const store = openStore(databaseName, "components");
  const bounded = timeBound(timeoutMilliseconds);
  return {
    async read(key, provenance): Promise<CacheRead> {
      const slot = cacheSlot(key, provenance);
      try {
        const read = await bounded(() => get(ENTRY + slot, store).then((stored: unknown) => readCacheRecord(stored, key)));
        // Not awaited, and a failure only makes the entry look older than it is.
        if ("hit" in read) markUsed(store, slot).catch(() => undefined);
        return read;
      } catch {
        return { miss: "unreadable" };
      }
    },
    async write(component, provenance) {
      // Storing is not part of a warm load, so its code is loaded when there is something to store.
      const [{ newCacheRecord }, { writeEntry }] = await Promise.all([import("./new-cache-record.js"), import("./indexeddb-write.js")]);
      const record = await newCacheRecord(component, maxBytes);
      await bounded(() => writeEntry(store, cacheSlot(component.key, provenance), record, maxBytes));
    },
    async forget(wasmSha256) {
      const { forgetEntries } = await import("./indexeddb-forget.js");
      await bounded(() => forgetEntries(store, wasmSha256));
    },
    clear: () => bounded(() => clear(store)),
  };
}

function markUsed(store: UseStore, slot: string): Promise<void> {
  return store("readwrite", async (objects) => {
    const usage = parseUsage(await promisifyRequest(objects.get(USAGE + slot) as IDBRequest<unknown>));
    // Another tab may have removed it meanwhile.
    if (usage !== undefined) objects.put({ ...usage, lastUsed: Date.now() }, USAGE + slot);
    return promisifyRequest(objects.transaction);
  });
}
