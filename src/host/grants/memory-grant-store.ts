import { grantRecordKey, type GrantStore } from "./grant-store.js";

/** Keeps decisions until the page is left: for tests, and for apps that keep nothing on the device. */
export function memoryGrantStore(): GrantStore {
  const records = new Map<string, unknown>();
  return {
    list: async () => [...records.values()],
    put: async (record) => void records.set(grantRecordKey(record), record),
    delete: async (record) => void records.delete(grantRecordKey(record)),
  };
}
