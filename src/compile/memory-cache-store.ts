import { cacheSlot, readCacheRecord, type CacheRecord } from "./cache-record.js";
import type { CompileCache } from "./compile-cache.js";
import { newCacheRecord, recordSize } from "./new-cache-record.js";

/** The records of a `memoryCache`. Its code is loaded with the first of them. */
export function createMemoryStore(maxBytes: number): CompileCache {
  // A Map keeps the order of insertion; what is used is inserted anew, so the first is the longest unused.
  const records = new Map<string, CacheRecord>();
  return {
    async read(key, provenance) {
      const slot = cacheSlot(key, provenance);
      const record = records.get(slot);
      if (record !== undefined && records.delete(slot)) records.set(slot, record);
      return readCacheRecord(record, key);
    },
    async write(component, provenance) {
      const record = await newCacheRecord(component, maxBytes);
      const slot = cacheSlot(component.key, provenance);
      records.delete(slot);
      records.set(slot, record);
      let total = 0;
      for (const kept of records.values()) total += recordSize(kept);
      for (const [oldest, old] of records) {
        if (total <= maxBytes) break;
        records.delete(oldest);
        total -= recordSize(old);
      }
    },
    async forget(wasmSha256) {
      for (const slot of records.keys()) if (slot.startsWith(`${wasmSha256}/`)) records.delete(slot);
    },
    async clear() {
      records.clear();
    },
  };
}
