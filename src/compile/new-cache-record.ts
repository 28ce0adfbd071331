import { CACHE_SCHEMA, type CacheRecord, GLUE, recordDigest } from "./cache-record.js";
import type { CachedComponent } from "./compile-cache.js";

/**
 * The record for a component.
 *
 * @throws {Error} if it would take more than `maxBytes`.
 */
export async function newCacheRecord(component: CachedComponent, maxBytes: number): Promise<CacheRecord> {
  const glue = new Blob([component.glue]);
  const record: Omit<CacheRecord, "digest"> = {
    schema: CACHE_SCHEMA,
    key: { ...component.key },
    worldDigest: component.worldDigest,
    files: [
      { name: GLUE, sha256: component.glueSha256, size: glue.size, content: glue },
      ...component.coreModules.map(({ name, sha256, bytes }) => ({
        name,
        sha256,
        size: bytes.length,
        content: new Blob([bytes as Uint8Array<ArrayBuffer>]),
      })),
    ],
  };
  if (recordSize(record) > maxBytes) throw new Error(`the component takes more than the cache's ${maxBytes} bytes`);
  return { ...record, digest: await recordDigest(record) };
}

/** Bytes that a record takes, as far as they can be known. */
export function recordSize(record: Pick<CacheRecord, "files">): number {
  return record.files.reduce((sum, { size }) => sum + size, 1_024);
}
