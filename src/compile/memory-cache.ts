import { cacheSlot, readCacheRecord, recordSize, toCacheRecord, type CacheRecord } from "./cache-record.js";
import type { CompileCache } from "./compile-cache.js";

/**
 * A cache that lasts as long as the page: for tests, and for apps that must leave nothing behind.
 *
 * @param maxBytes the least recently used components go when their sizes exceed this. Default: 64 MiB.
 */
export function memoryCache(maxBytes = 64 * 1024 * 1024): CompileCache {
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
      const record = toCacheRecord(component);
      if (recordSize(record) > maxBytes) throw new Error(`the component takes more than the cache's ${maxBytes} bytes`);
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
    async clear() {
      records.clear();
    },
  };
}
