import { del, set, values } from "idb-keyval";
import { openStore } from "../../compile/indexeddb-store.js";
import { grantRecordKey, type GrantRecord, type GrantStore } from "./grant-store.js";

/** The store behind `indexedDbGrantStore`. Its code is loaded when a plugin asks for something. */
export function createIndexedDbGrantStore(databaseName: string): GrantStore {
  // Each record stands under a key of its own, so that two tabs never write over each other's.
  const store = openStore(databaseName, "grants");
  // Messages come from any script of the origin: all that one can do is to take grants away.
  const others = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel(databaseName);
  return {
    list: () => values<unknown>(store),
    put: (record) => set(grantRecordKey(record), record, store),
    async delete(record: GrantRecord) {
      await del(grantRecordKey(record), store);
      others?.postMessage(record);
    },
    watch(onDeleted) {
      const listener = ({ data }: MessageEvent<unknown>): void => onDeleted(data);
      others?.addEventListener("message", listener);
      return () => others?.removeEventListener("message", listener);
    },
  };
}
