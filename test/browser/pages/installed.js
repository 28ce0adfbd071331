/* Page side of the specs of installed plugins: an installer and a host over one store, and what is really in the database. */
import { createHost, describeError } from "./plugins.js";

const base = new URL("../", import.meta.url);
export const changes = [];
export const problems = [];
/** What the person was asked. */
export const asked = [];
let parts;

const answers = {
  always: (request) => {
    asked.push({ capability: request.capability, previous: [...request.previous], version: request.plugin.version });
    return { decision: "always" };
  },
};

/** Makes installer and host. `database` is the store's name; `grant` a list, or the name of one of the answers above. */
export async function open({ index = [], keys = [], unsigned, database = "portcullis-installed", grant, grantsOfHost = false }) {
  const [portcullis, install] = await Promise.all([import(`${base}dist/index.js`), import(`${base}dist/install.js`)]);
  const store = install.indexedDbInstallStore({ databaseName: database });
  const trust = unsigned === undefined ? portcullis.trustKeys(keys) : portcullis.dangerouslyTrustUnsigned(unsigned, { alsoTrust: keys });
  const host = createHost(portcullis, { sources: [install.installedPlugins({ store })], trust, ...(grant === undefined ? {} : { grant: answers[grant] ?? grant }) });
  const data = grantsOfHost ? { grants: host.grants } : {};
  const sources = index.map((address) => portcullis.urlSource(new URL(address, import.meta.url)));
  const installer = new install.PluginInstaller({ sources, trust, store, data, onProblem: (error) => problems.push(describeError(error)) });
  installer.onChange((change) => changes.push(change));
  parts = { portcullis, install, installer, host, store };
}

export function opened() {
  return parts;
}

/** Calls a function of the installer. @returns `{ value }` or `{ error }` */
export async function operate(name, ...values) {
  try {
    return { value: await parts.installer[name](...values) };
  } catch (error) {
    return { error: describeError(error) };
  }
}

export async function installAddress(address, options) {
  const bytes = await (await fetch(new URL(address, import.meta.url))).arrayBuffer();
  return operate("installFile", new File([bytes], address.split("/").pop()), options);
}

const handles = new Map();

/** Loads what is installed, by a host that has no other source, and calls it. */
export async function load(id, descriptor, { call = ["add", [40, 2]], options = {} } = {}) {
  try {
    const handle = await parts.host.load(id, parts.portcullis.defineInterface(descriptor), options);
    handles.set(id, handle);
    return { version: handle.info.version, value: call === null ? undefined : await handle.call(...call), grants: [...handle.grants] };
  } catch (error) {
    return { error: describeError(error) };
  }
}

export async function call(id, name, values) {
  try {
    return { value: await handles.get(id).call(name, values) };
  } catch (error) {
    return { error: describeError(error) };
  }
}

/** What a plugin's data is in this browser: how many entries each of the default databases has. */
export async function dataLeft() {
  const known = new Set((await indexedDB.databases()).map(({ name }) => name));
  const left = {};
  for (const [database, store] of [["portcullis-keyvalue", "entries"], ["portcullis-grants", "grants"], ["portcullis-compile-cache", "components"]]) {
    if (!known.has(database)) continue;
    const connection = await done(indexedDB.open(database));
    if (connection.objectStoreNames.contains(store)) left[store] = await done(connection.transaction(store).objectStore(store).count());
    connection.close();
  }
  return left;
}

export async function disposeAll() {
  await Promise.all([...handles.values()].map((handle) => handle.dispose()));
  handles.clear();
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error(`failed: ${request.error}`));
    request.onblocked = () => reject(new Error("blocked"));
  });
}

/** Runs `work` over the store's objects in one transaction; gives `undefined` if there is no database. */
export async function inDatabase(database, mode, work) {
  if (!(await indexedDB.databases()).some(({ name }) => name === database)) return undefined;
  const connection = await done(indexedDB.open(database));
  try {
    const transaction = connection.transaction("installed", mode);
    const finished = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(new Error(`aborted: ${transaction.error}`));
    });
    const result = await work(transaction.objectStore("installed"), done);
    await finished;
    return result;
  } finally {
    connection.close();
  }
}

async function sha256(bytes) {
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * What is in the database: names of the records, the versions, and what of the files is wrong: altered, missing, or needed
 * by nobody.
 */
export async function inspect(database = "portcullis-installed") {
  const entries = await inDatabase(database, "readonly", async (objects) => {
    const [keys, values] = [await done(objects.getAllKeys()), await done(objects.getAll())];
    return keys.map((key, index) => ({ kind: key[0], name: key[1], value: values[index] }));
  });
  const records = (entries ?? []).filter(({ kind }) => kind === "record");
  const files = new Map((entries ?? []).filter(({ kind }) => kind === "file").map(({ name, value }) => [name, value]));
  const needed = new Map();
  for (const { value } of records) for (const version of [value.active, value.previous]) for (const file of version?.files ?? []) needed.set(file.sha256, file.size);
  const wrong = [];
  for (const [digest, bytes] of files) {
    if (!needed.has(digest)) wrong.push(`unneeded ${digest}`);
    // A page that is no secure context cannot digest; what it loads is checked by the loading.
    else if (crypto.subtle !== undefined && (await sha256(bytes)) !== digest) wrong.push(`altered ${digest}`);
  }
  for (const digest of needed.keys()) if (!files.has(digest)) wrong.push(`missing ${digest}`);
  return {
    records: records.map(({ name }) => name).sort(),
    active: records.map(({ value }) => value.active?.version ?? null),
    previous: records.map(({ value }) => value.previous?.version ?? null),
    files: files.size,
    bytes: [...files.values()].reduce((sum, { length }) => sum + length, 0),
    wrong,
  };
}

/** Changes records by a text of code, as any script of the origin could. */
export function alterRecord(id, change, database = "portcullis-installed") {
  return inDatabase(database, "readwrite", async (objects) => {
    const key = ["record", `plugin:${id}`];
    const record = await done(objects.get(key));
    await done(objects.put(change(record), key));
  });
}

/** Replaces the content of a stored file. */
export function alterFile(digest, change, database = "portcullis-installed") {
  return inDatabase(database, "readwrite", async (objects) => {
    const key = ["file", digest];
    const content = change(await done(objects.get(key)));
    await done(content === undefined ? objects.delete(key) : objects.put(content, key));
  });
}
