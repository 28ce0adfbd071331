/* Page side of the cache's specs: looks into the compile cache's IndexedDB and changes what is there. */
export const DATABASE = "portcullis-compile-cache";
const STORE = "components";

/** Runs `work` over the cache's store. Gives `undefined` if there is no such database: opening one would make it. */
async function inStore(mode, work) {
  const databases = await indexedDB.databases();
  if (!databases.some(({ name }) => name === DATABASE)) return undefined;
  const database = await done(indexedDB.open(DATABASE));
  try {
    const transaction = database.transaction(STORE, mode);
    const finished = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(new Error(`aborted: ${transaction.error}`));
    });
    const result = await work(transaction.objectStore(STORE));
    await finished;
    return result;
  } finally {
    database.close();
  }
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error(`failed: ${request.error}`));
    request.onblocked = () => reject(new Error("blocked"));
  });
}

async function sha256(blob) {
  const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Every entry as data; of stored files, what the record says and what they really are. */
export async function entries() {
  const found = await inStore("readonly", async (store) => {
    const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    return keys.map((key, position) => [key, values[position]]);
  });
  const records = (found ?? []).filter(([key]) => key.startsWith("entry:"));
  return Promise.all(records.map(async ([key, record]) => ({ key, record: await plain(record) })));
}

async function plain(record) {
  if (!Array.isArray(record?.files)) return { malformed: String(record) };
  const files = record.files.map(async ({ content, ...rest }) => ({ ...rest, really: { size: content?.size, sha256: content instanceof Blob ? await sha256(content) : undefined } }));
  return { ...record, files: await Promise.all(files) };
}

const bytesOf = async (file) => new Uint8Array(await file.content.arrayBuffer());
const otherDigit = (text) => (text.startsWith("0") ? "1" : "0") + text.slice(1);

function onFile(change) {
  return async (record, position) => ({
    ...record,
    files: await Promise.all(record.files.map((file, index) => (index === position ? change(file) : file))),
  });
}

/** What can happen to a record: each gives the record to be stored instead, or `undefined` for none. */
const alterations = new Map(Object.entries({
  wasm: (record) => ({ ...record, key: { ...record.key, wasmSha256: otherDigit(record.key.wasmSha256) } }),
  transpiler: (record) => ({ ...record, key: { ...record.key, transpilerVersion: `${record.key.transpilerVersion}.1` } }),
  target: (record) => ({ ...record, key: { ...record.key, target: record.key.target.replace("/", "/9") } }),
  config: (record) => ({ ...record, key: { ...record.key, engineConfigHash: otherDigit(record.key.engineConfigHash) } }),
  schema: (record) => ({ ...record, schema: record.schema + 1 }),
  worldDigest: (record) => ({ ...record, worldDigest: otherDigit(record.worldDigest) }),
  fileDigest: onFile((file) => ({ ...file, sha256: otherDigit(file.sha256) })),
  fileSize: onFile((file) => ({ ...file, size: file.size + 1 })),
  fileBytes: onFile(async (file) => {
    const bytes = await bytesOf(file);
    bytes[Math.floor(bytes.length / 2)] ^= 1;
    return { ...file, content: new Blob([bytes]) };
  }),
  fileCut: onFile(async (file) => ({ ...file, content: new Blob([(await bytesOf(file)).slice(0, -1)]) })),
  fileEmpty: onFile((file) => ({ ...file, content: new Blob([]) })),
  fileNoBlob: onFile(async (file) => ({ ...file, content: await bytesOf(file) })),
  fileName: onFile((file) => ({ ...file, name: `${file.name}.old` })),
  fileGone: async (record, position) => ({ ...record, files: record.files.filter((_file, index) => index !== position) }),
  filesSwapped: (record) => ({ ...record, files: [...record.files].reverse() }),
  fileTwice: async (record, position) => ({ ...record, files: [...record.files, record.files[position]] }),
  text: () => "garbage",
  nothing: () => null,
  number: () => 7,
  list: () => [],
  empty: () => ({}),
  deleted: () => undefined,
}));

/** Changes the one entry whose key contains `part`, as the alteration `name` says. */
export async function alter(name, part = "", position = 0) {
  const found = await inStore("readonly", async (store) => {
    const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    return keys.map((key, index) => [key, values[index]]);
  });
  const matching = (found ?? []).filter(([key]) => key.startsWith("entry:") && key.includes(part));
  if (matching.length !== 1) throw new Error(`${matching.length} entries match ${part}`);
  const [key, record] = matching[0];
  const altered = await alterations.get(name)(record, position);
  await inStore("readwrite", (store) => done(altered === undefined ? store.delete(key) : store.put(altered, key)));
}

/**
 * Puts the code of the entry whose key contains `from` under the one whose key contains `to`, with every digest
 * right: what another program of the same origin could do.
 */
export async function transplant(from, to) {
  const found = await inStore("readonly", async (store) => {
    const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    return keys.map((key, index) => [key, values[index]]);
  });
  const find = (part) => found.find(([key]) => key.startsWith("entry:") && key.includes(part));
  const [[, donor], [key, record]] = [find(from), find(to)];
  const whole = await resealed({ ...record, files: donor.files });
  await inStore("readwrite", (store) => done(store.put(whole, key)));
}

/** The record with the digest that its content has. */
async function resealed({ digest: _digest, ...record }) {
  const { engineConfigHash, target, transpilerVersion, wasmSha256 } = record.key;
  const files = record.files.map(({ name, sha256: digest, size }) => ({ name, sha256: digest, size }));
  // Members in the order of canonical JSON.
  const text = JSON.stringify({ files, key: { engineConfigHash, target, transpilerVersion, wasmSha256 }, schema: record.schema, worldDigest: record.worldDigest });
  return { ...record, digest: await sha256(new Blob([text])) };
}

/** Deletes the whole database. */
export function forget() {
  return done(indexedDB.deleteDatabase(DATABASE));
}

/** Leaves a database of the cache's name that another program might have made, and keeps it open if asked. */
export async function makeForeign(version, storeName, storeOptions, keepOpen) {
  const request = indexedDB.open(DATABASE, version);
  request.onupgradeneeded = () => storeName !== undefined && request.result.createObjectStore(storeName, storeOptions);
  const database = await done(request);
  if (!keepOpen) database.close();
}
