import type { GrantStore } from "./grant-store.js";

export interface IndexedDbGrantStoreOptions {
  /** Default: `portcullis-grants`. Two apps on one origin need two names. */
  readonly databaseName?: string;
}

/**
 * Keeps decisions in this browser, in an IndexedDB database of their own. Tabs of one origin share them, and a
 * decision that is revoked in one tab ends in all.
 */
export function indexedDbGrantStore({ databaseName = "portcullis-grants" }: IndexedDbGrantStoreOptions = {}): GrantStore {
  let opened: Promise<GrantStore> | undefined;
  const open = () => (opened ??= import("./indexeddb-grant-store.js").then(({ createIndexedDbGrantStore }) => createIndexedDbGrantStore(databaseName)));
  return {
    list: async () => (await open()).list(),
    put: async (record) => (await open()).put(record),
    delete: async (record) => (await open()).delete(record),
    watch(onDeleted) {
      // If its code cannot be loaded, there is nothing to tell, and `list` says why.
      const ended = open().then((store) => store.watch?.(onDeleted), () => undefined);
      return () => void ended.then((end) => end?.());
    },
  };
}
