/* Reads and alters the compile cache from outside, with plain IndexedDB, between measured loads. */
const DATABASE = "portcullis-compile-cache";
const STORE = "components";

function promised(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error(`IndexedDB failed: ${request.error}`));
    request.onblocked = () => reject(new Error("the compile cache is in use by another page"));
  });
}

async function withStore(mode, work) {
  const database = await promised(indexedDB.open(DATABASE));
  try {
    const transaction = database.transaction(STORE, mode);
    // Only a completed transaction outlives the page.
    const completed = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(new Error(`IndexedDB gave up: ${transaction.error}`));
    });
    const value = await work(transaction.objectStore(STORE));
    await completed;
    return value;
  } finally {
    database.close();
  }
}

const entries = IDBKeyRange.bound("entry:", "entry:\uffff");

export async function deleteCache() {
  await promised(indexedDB.deleteDatabase(DATABASE));
}

/**
 * Leaves for a component-only package an entry that an older transpiler made: the next load of it finds the
 * entry stale for the reason `transpiler`, and must transpile. The entry is the one of the whole package.
 */
export async function ageEntries() {
  await withStore("readwrite", async (store) => {
    const [keys, records] = await Promise.all([promised(store.getAllKeys(entries)), promised(store.getAll(entries))]);
    for (const [position, record] of records.entries()) {
      const slot = keys[position].replace(/[^/]*$/, "transpiled");
      await promised(store.put({ ...record, key: { ...record.key, transpilerVersion: "an older one" } }, slot));
    }
  });
}

/** Waits until every entry is of the present transpiler: what was just loaded is stored without being awaited. */
export async function untilStored() {
  for (;;) {
    const records = await withStore("readonly", (store) => promised(store.getAll(entries)));
    if (records.length > 0 && records.every(({ key }) => key.transpilerVersion !== "an older one")) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
