import { promisifyRequest } from "idb-keyval";
import { openStore } from "../../compile/indexeddb-store.js";
import { timeBound } from "../../compile/time-bound.js";
import type { InstallChange, InstallState, InstallStore } from "./install-store.js";

export interface IndexedDbInstallStoreOptions {
  /** Default: `portcullis-installed`. Two apps on one origin need two names. */
  readonly databaseName?: string;
  /** After this time an IndexedDB that does not answer a question has failed. Default: 10 000. */
  readonly timeoutMilliseconds?: number;
}

/*
 * One object store holds both, so that one transaction sees and changes both. Keys are arrays, so that no name can reach
 * out of its place:
 *   ["record", name]   -> a record
 *   ["file", sha256]   -> its bytes. No blob: engines keep those in files beside the database, which a loss of power can
 *                         take without taking the entry.
 */
const RECORD = "record";
const FILE = "file";

/**
 * The default store: installed plugins in this origin's IndexedDB, in a database of their own that all tabs share.
 * Whether the browser may clear it when space is short is the app's to say: see `navigator.storage.persist`.
 *
 * @example
 * ```ts
 * const store = indexedDbInstallStore({ databaseName: "my-app-plugins" });
 * ```
 */
export function indexedDbInstallStore(options: IndexedDbInstallStoreOptions = {}): InstallStore {
  const { databaseName = "portcullis-installed", timeoutMilliseconds = 10_000 } = options;
  // The switch to another version may not reach the disk before the files do, should the machine lose power.
  const store = openStore(databaseName, "installed", { durability: "strict" });
  // Only reading, which every operation begins with: what is written may be large, and the operation has a deadline.
  const bounded = timeBound(timeoutMilliseconds);
  const read = (key: IDBValidKey) => bounded(() => store("readonly", (objects) => promisifyRequest(objects.get(key) as IDBRequest<unknown>)));
  // Messages come from any script of the origin: all that one can do is to make this page look again.
  const others = new Channel(databaseName);
  return {
    name: `indexeddb:${databaseName}`,
    readRecord: (name) => read([RECORD, name]),
    state: () => bounded(() => store("readonly", readState)),
    async update(change) {
      const outcome = await store("readwrite", (objects) => applyChange(objects, change));
      // The connection is closed after a failure, so that a refusal must not look like one.
      if ("refused" in outcome) throw outcome.refused;
    },
    readFile: (sha256) => read([FILE, sha256]),
    writeFile: (sha256, bytes) =>
      store("readwrite", (objects) => {
        objects.put(bytes, [FILE, sha256]);
        return promisifyRequest(objects.transaction);
      }),
    announce: () => others.post(),
    watch: (onChanged) => others.watch(onChanged),
  };
}

async function readState(objects: IDBObjectStore): Promise<InstallState> {
  const [names, values, files] = await Promise.all([
    namesUnder(objects, RECORD),
    promisifyRequest(objects.getAll(under(RECORD)) as IDBRequest<unknown[]>),
    namesUnder(objects, FILE),
  ]);
  return { records: new Map(names.map((name, index) => [name, values[index]])), files: new Set(files) };
}

async function applyChange(objects: IDBObjectStore, change: (state: InstallState) => InstallChange): Promise<{ readonly done: true } | { readonly refused: unknown }> {
  const done = promisifyRequest(objects.transaction);
  // Awaited below; without a listener now, a failure before that would count as unhandled.
  done.catch(() => undefined);
  const state = await readState(objects);
  let wanted: InstallChange;
  try {
    wanted = change(state);
  } catch (refused) {
    objects.transaction.abort();
    return { refused };
  }
  try {
    for (const [name, record] of wanted.put ?? []) objects.put(record, [RECORD, name]);
    for (const name of wanted.delete ?? []) objects.delete([RECORD, name]);
    for (const sha256 of wanted.deleteFiles ?? []) objects.delete([FILE, sha256]);
  } catch (error) {
    // Left alone, a transaction commits what it has.
    objects.transaction.abort();
    throw error;
  }
  await done;
  return { done: true };
}

async function namesUnder(objects: IDBObjectStore, kind: string): Promise<string[]> {
  const keys = await promisifyRequest(objects.getAllKeys(under(kind)));
  return keys.map((key) => (Array.isArray(key) && typeof key[1] === "string" ? key[1] : ""));
}

/** All keys of a kind with a text for a name. An array sorts after every text. */
function under(kind: string): IDBKeyRange {
  return IDBKeyRange.bound([kind, ""], [kind, []]);
}

/** Opened with the first message or watcher: an app that does neither keeps no channel open. */
class Channel {
  readonly #name: string;
  readonly #watchers = new Set<() => void>();
  #channel: BroadcastChannel | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  post(): void {
    this.#open()?.postMessage("changed");
    for (const watcher of this.#watchers) watcher();
  }

  watch(onChanged: () => void): () => void {
    this.#watchers.add(onChanged);
    this.#open();
    return () => this.#watchers.delete(onChanged);
  }

  #open(): BroadcastChannel | undefined {
    if (this.#channel !== undefined || typeof BroadcastChannel === "undefined") return this.#channel;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.addEventListener("message", () => {
      for (const watcher of this.#watchers) watcher();
    });
    return this.#channel;
  }
}
