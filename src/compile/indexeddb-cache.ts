import { clear, get, promisifyRequest, type UseStore } from "idb-keyval";
import { cacheSlot, readCacheRecord, recordSize, toCacheRecord, type CacheRecord } from "./cache-record.js";
import type { CacheRead, CompileCache } from "./compile-cache.js";
import { openStore } from "./indexeddb-store.js";

export interface IndexedDbCacheOptions {
  /** Default: `portcullis-compile-cache`. */
  readonly databaseName?: string;
  /** The least recently used components go when their sizes exceed this. Default: 256 MiB. */
  readonly maxBytes?: number;
  /** After this time an IndexedDB that does not answer is taken for unreadable. Default: 5 000. */
  readonly timeoutMilliseconds?: number;
}

// One store holds both, so that one transaction changes both. The small records are apart from the large
// ones because every hit rewrites one of them.
const ENTRY = "entry:";
const USAGE = "usage:";

/** How large an entry is and when it was last used, in milliseconds since 1970. */
interface Usage {
  readonly bytes: number;
  readonly lastUsed: number;
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
      const record = toCacheRecord(component);
      if (recordSize(record) > maxBytes) throw new Error(`the component takes more than the cache's ${maxBytes} bytes`);
      await bounded(() => put(store, cacheSlot(component.key, provenance), record, maxBytes));
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

function put(store: UseStore, slot: string, record: CacheRecord, maxBytes: number): Promise<void> {
  return store("readwrite", async (objects) => {
    const done = promisifyRequest(objects.transaction);
    // Awaited below; without a listener now, a failure before that would count as unhandled.
    done.catch(() => undefined);
    const usage: Usage = { bytes: recordSize(record), lastUsed: Date.now() };
    objects.put(record, ENTRY + slot);
    objects.put(usage, USAGE + slot);
    for (const old of await slotsToEvict(objects, slot, maxBytes - usage.bytes)) {
      objects.delete(ENTRY + old);
      objects.delete(USAGE + old);
    }
    return done;
  });
}

/** The slots that must go, least recently used first, so that all but `kept` take at most `room` bytes. */
async function slotsToEvict(objects: IDBObjectStore, kept: string, room: number): Promise<string[]> {
  const [usageSlots, values, entrySlots] = await Promise.all([
    slotsUnder(objects, USAGE),
    promisifyRequest(objects.getAll(startingWith(USAGE)) as IDBRequest<unknown[]>),
    slotsUnder(objects, ENTRY),
  ]);
  const usages = new Map(usageSlots.map((slot, index) => [slot, parseUsage(values[index])]));
  // An entry of unknown size cannot be counted, so it goes first.
  const slots = [...new Set([...usageSlots, ...entrySlots])]
    .filter((slot) => slot !== kept)
    .map((slot) => ({ slot, bytes: Number.POSITIVE_INFINITY, lastUsed: 0, ...usages.get(slot) }))
    .sort((one, other) => other.lastUsed - one.lastUsed);
  let used = 0;
  const evicted: string[] = [];
  for (const { slot, bytes } of slots) {
    if (used + bytes > room) evicted.push(slot);
    else used += bytes;
  }
  return evicted;
}

async function slotsUnder(objects: IDBObjectStore, prefix: string): Promise<string[]> {
  const keys = await promisifyRequest(objects.getAllKeys(startingWith(prefix)));
  // The range holds strings only.
  return keys.map((key) => (typeof key === "string" ? key.slice(prefix.length) : ""));
}

function startingWith(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix, `${prefix}\uffff`);
}

function parseUsage(value: unknown): Usage | undefined {
  if (typeof value !== "object" || value === null || !("bytes" in value) || !("lastUsed" in value)) return undefined;
  const { bytes, lastUsed } = value;
  const isValid = typeof bytes === "number" && bytes >= 0 && typeof lastUsed === "number";
  return isValid ? { bytes, lastUsed } : undefined;
}

/**
 * Bounds each piece of work in time. After one that did not end in time, the next ones fail at once until
 * it does: an IndexedDB that never answers costs one waiting time, not one for each load.
 */
function timeBound(milliseconds: number): <Value>(work: () => Promise<Value>) => Promise<Value> {
  const overdue = new Set<Promise<unknown>>();
  const noAnswer = (): Error => new Error(`IndexedDB did not answer within ${milliseconds} ms`);
  return async (work) => {
    if (overdue.size > 0) throw noAnswer();
    const working = work();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        overdue.add(working);
        const settled = (): boolean => overdue.delete(working);
        working.then(settled, settled);
        reject(noAnswer());
      }, milliseconds);
    });
    return Promise.race([working, timeout]).finally(() => clearTimeout(timer));
  };
}
