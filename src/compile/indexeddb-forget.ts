import { promisifyRequest, type UseStore } from "idb-keyval";
import { ENTRY, USAGE } from "./indexeddb-usage.js";

/** Deletes every entry of one component, of all targets and origins, in one transaction. */
export function forgetEntries(store: UseStore, wasmSha256: string): Promise<void> {
  return store("readwrite", (objects) => {
    for (const kind of [ENTRY, USAGE]) {
      // As `cacheSlot` begins: a digest has one length, so that no other begins with it.
      const prefix = `${kind}${wasmSha256}/`;
      objects.delete(IDBKeyRange.bound(prefix, `${prefix}\uffff`));
    }
    return promisifyRequest(objects.transaction);
  });
}
