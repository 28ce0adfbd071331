import { getMany, promisifyRequest, type UseStore } from "idb-keyval";
import { openStore } from "../../compile/indexeddb-store.js";
import type { KeyValueBackend } from "./backend.js";
import { bucketRange, countEntries, entryKey, forgetNamespace, readUsage, storedValue, updateEntries } from "./indexeddb-entries.js";

export interface IndexedDbKeyValueOptions {
  /** Default: `portcullis-keyvalue`. Two apps on one origin need two names. */
  readonly databaseName?: string;
  /** After this time an IndexedDB that does not answer has failed. Default: 5 000. */
  readonly timeoutMilliseconds?: number;
}

/**
 * Keeps plugins' data in this origin's IndexedDB, in a database of its own. Tabs share it: every change is one
 * transaction, with the quota's account in it.
 *
 * @example
 * new PluginHost({ provide: { keyvalue: indexedDbKeyValue({ databaseName: "my-app-plugins" }) }, … });
 */
export function indexedDbKeyValue(options: IndexedDbKeyValueOptions = {}): KeyValueBackend {
  const { databaseName = "portcullis-keyvalue", timeoutMilliseconds = 5_000 } = options;
  const store = openStore(databaseName, "entries");
  const within = (): Bounded => boundedStore(store, timeoutMilliseconds);
  // Namespaces whose account was made from their content, once by this page: any script of the origin can have changed it.
  const counted = new Set<string>();
  return {
    async get(bucket, keys) {
      const values = await within()((use) => getMany<unknown>(keys.map((key) => entryKey(bucket, key)), use));
      return values.map(storedValue);
    },
    async keys(bucket, after, most) {
      const found = await within()((use) => use("readonly", (objects) => promisifyRequest(objects.getAllKeys(bucketRange(bucket, after), most))));
      return found.flatMap((key) => (Array.isArray(key) && typeof key[3] === "string" ? [key[3]] : []));
    },
    async update(bucket, keys, change) {
      const isCounted = counted.has(bucket.namespace);
      const outcome = await within()((use) => use("readwrite", (objects) => updateEntries(objects, bucket, keys, change, isCounted)));
      // The store closes its connection after a failure, so that a refused change must not look like one.
      if ("refused" in outcome) throw outcome.refused;
      counted.add(bucket.namespace);
    },
    usage: (namespace) =>
      within()((use) => use("readonly", (objects) => (counted.has(namespace) ? readUsage(objects, namespace) : countEntries(objects, namespace)))),
    forget: (namespace) => within()((use) => use("readwrite", (objects) => forgetNamespace(objects, namespace))),
  };
}

type Bounded = <Value>(work: (use: UseStore) => Promise<Value>) => Promise<Value>;

/** Ends work that takes too long together with its transaction, so that what was reported as failed is not stored later. */
function boundedStore(store: UseStore, milliseconds: number): Bounded {
  let transaction: IDBTransaction | undefined;
  let isOver = false;
  const noAnswer = (): Error => new Error(`IndexedDB did not answer within ${milliseconds} ms`);
  const use: UseStore = (mode, callback) =>
    store(mode, (objects) => {
      transaction = objects.transaction;
      if (isOver) throw noAnswer();
      return callback(objects);
    });
  return async (work) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        isOver = true;
        abort(transaction);
        reject(noAnswer());
      }, milliseconds);
    });
    return Promise.race([work(use), timeout]).finally(() => clearTimeout(timer));
  };
}

function abort(transaction: IDBTransaction | undefined): void {
  try {
    transaction?.abort();
  } catch {
    // It has ended by itself.
  }
}
