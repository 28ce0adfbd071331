import { promisifyRequest } from "idb-keyval";
import type { KeyValueBucket, KeyValueChange, KeyValueUsage } from "./backend.js";
import { entryBytes, usageAfter } from "./quota.js";

/*
 * How entries lie in the object store. Keys are arrays, so that no name can reach out of its place, whatever is in it:
 *   ["entry", namespace, bucket, key] -> the value
 *   ["usage", namespace]              -> the account of the namespace, changed in the same transactions
 */

/** Sorts after every text. */
const AFTER_ALL: IDBValidKey = [];

export function entryKey({ namespace, bucket }: KeyValueBucket, key: string): IDBValidKey {
  return ["entry", namespace, bucket, key];
}

/** The bucket's entries with keys after `after`. */
export function bucketRange({ namespace, bucket }: KeyValueBucket, after: string | undefined): IDBKeyRange {
  const place = ["entry", namespace, bucket];
  return IDBKeyRange.bound(after === undefined ? place : [...place, after], [...place, AFTER_ALL], true);
}

function namespaceRange(namespace: string): IDBKeyRange {
  return IDBKeyRange.bound(["entry", namespace], ["entry", namespace, AFTER_ALL]);
}

/** A stored value, or `undefined` where something else wrote what is none. */
export function storedValue(stored: unknown): Uint8Array | undefined {
  return stored instanceof Uint8Array ? stored : undefined;
}

/** Replaces values, with the account, in one transaction; or nothing, if `change` refuses. */
export async function updateEntries(
  objects: IDBObjectStore,
  place: KeyValueBucket,
  keys: readonly string[],
  change: KeyValueChange,
  isCounted: boolean,
): Promise<{ readonly done: true } | { readonly refused: unknown }> {
  const done = promisifyRequest(objects.transaction);
  // Awaited below; without a listener now, a failure before that would count as unhandled.
  done.catch(() => undefined);
  const [values, usage] = await Promise.all([
    Promise.all(keys.map((key) => promisifyRequest(objects.get(entryKey(place, key)) as IDBRequest<unknown>))),
    isCounted ? readUsage(objects, place.namespace) : countEntries(objects, place.namespace),
  ]);
  const before = values.map(storedValue);
  let after: readonly (Uint8Array | undefined)[];
  try {
    after = change(before, usage);
  } catch (refused) {
    objects.transaction.abort();
    return { refused };
  }
  try {
    for (const [index, key] of keys.entries()) {
      const value = after[index];
      if (value === undefined) objects.delete(entryKey(place, key));
      else objects.put(value, entryKey(place, key));
    }
    objects.put(usageAfter(usage, place.bucket, keys, before, after), usageKey(place.namespace));
  } catch (error) {
    // Left alone, a transaction commits what it has.
    objects.transaction.abort();
    throw error;
  }
  await done;
  return { done: true };
}

/** The account of a namespace; made again from its content where it is none. */
export async function readUsage(objects: IDBObjectStore, namespace: string): Promise<KeyValueUsage> {
  const stored = parseUsage(await promisifyRequest(objects.get(usageKey(namespace)) as IDBRequest<unknown>));
  return stored ?? countEntries(objects, namespace);
}

export async function countEntries(objects: IDBObjectStore, namespace: string): Promise<KeyValueUsage> {
  const range = namespaceRange(namespace);
  const [keys, values] = await Promise.all([promisifyRequest(objects.getAllKeys(range)), promisifyRequest(objects.getAll(range) as IDBRequest<unknown[]>)]);
  let bytes = 0;
  let entries = 0;
  for (const [index, key] of keys.entries()) {
    const value = storedValue(values[index]);
    const [bucket, name]: readonly unknown[] = Array.isArray(key) ? key.slice(2) : [];
    if (value === undefined || typeof bucket !== "string" || typeof name !== "string") continue;
    bytes += entryBytes(bucket, name, value);
    entries += 1;
  }
  return { bytes, entries };
}

export async function forgetNamespace(objects: IDBObjectStore, namespace: string): Promise<void> {
  objects.delete(namespaceRange(namespace));
  objects.delete(usageKey(namespace));
  return promisifyRequest(objects.transaction);
}

function usageKey(namespace: string): IDBValidKey {
  return ["usage", namespace];
}

function parseUsage(value: unknown): KeyValueUsage | undefined {
  if (typeof value !== "object" || value === null || !("bytes" in value) || !("entries" in value)) return undefined;
  const { bytes, entries } = value;
  return isCount(bytes) && isCount(entries) ? { bytes, entries } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
