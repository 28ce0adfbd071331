import { promisifyRequest, type UseStore } from "idb-keyval";
import type { CacheRecord } from "./cache-record.js";
import { ENTRY, parseUsage, USAGE, type Usage } from "./indexeddb-usage.js";
import { recordSize } from "./new-cache-record.js";

/** Writes an entry and its size, and evicts what no longer fits, in one transaction. */
export function writeEntry(store: UseStore, slot: string, record: CacheRecord, maxBytes: number): Promise<void> {
  return store("readwrite", async (objects) => {
    const done = promisifyRequest(objects.transaction);
    // Awaited below; without a listener now, a failure before that would count as unhandled.
    done.catch(() => undefined);
    const usage: Usage = { bytes: recordSize(record), lastUsed: Date.now() };
    try {
      objects.put(record, ENTRY + slot);
      objects.put(usage, USAGE + slot);
      for (const old of await slotsToEvict(objects, slot, maxBytes - usage.bytes)) {
        objects.delete(ENTRY + old);
        objects.delete(USAGE + old);
      }
    } catch (error) {
      abort(objects.transaction);
      throw error;
    }
    return done;
  });
}

/** Takes back what was written: left alone, a transaction commits whatever it has. */
function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended by itself.
  }
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
