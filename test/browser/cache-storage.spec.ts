/** The compile cache where storage fails, is shared or is full: never an error, always the right result. */
import type { Page } from "@playwright/test";
import type { FixtureName } from "../fixtures/index.js";
import { expect, test } from "../support/browser-test.js";
import { CachePage, type StoredEntry } from "../support/cache-page.js";
import { type LoadRequest, type LoadResult, PluginPage } from "../support/plugin-page.js";
import { expectAnswers, ways } from "../support/small-plugin.js";
import { packedManifest } from "../support/test-registry.js";

// How a browser's IndexedDB can fail, as a script that runs before the page's own.
const failures: readonly (readonly [how: string, script: string])[] = [
  ["is not there", "Object.defineProperty(globalThis, 'indexedDB', { value: undefined });"],
  ["throws when it is opened", "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); };"],
  ["never answers when it is opened", "IDBFactory.prototype.open = () => new EventTarget();"],
  ["fails when it is opened", `{
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (name) {
      open.call(this, 'newer', 9);
      return open.call(this, 'newer', 1);
    };
  }`],
  ["has no room when it is written", "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };"],
  ["has no room when the transaction ends", `{
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...values) { const request = put.apply(this, values); request.onsuccess = () => this.transaction.abort(); return request; };
  }`],
  ["never ends a transaction", `{
    const getAll = IDBObjectStore.prototype.getAllKeys;
    IDBObjectStore.prototype.getAllKeys = function (...values) {
      const again = () => { this.get('nothing').onsuccess = again; };
      again();
      getAll.apply(this, values);
      return new EventTarget();
    };
  }`],
  ["starts no transaction", "IDBDatabase.prototype.transaction = () => { throw new DOMException('closing', 'InvalidStateError'); };"],
  ["cannot list what it has", "IDBObjectStore.prototype.getAllKeys = () => { throw new DOMException('broken', 'UnknownError'); };"],
];

for (const [how, script] of failures) {
  test(`a load works where IndexedDB ${how}`, async ({ page, server }) => {
    await page.addInitScript(script);
    await page.reload();
    const plugins = new PluginPage(page, server);
    for (const name of ["first", "second"]) {
      const loaded = await plugins.loadComponent("small-c", { name });
      expect(loaded.error).toBeUndefined();
      expect(loaded.report?.code).toBe("transpiled");
      await expectAnswers(plugins, name);
    }
    const packaged = await plugins.loadPackaged("small-c", { name: "packaged" });
    expect(packaged.report?.code).toBe("package");
    await expectAnswers(plugins, "packaged");
    await expectNotStored(plugins, 3);
  });
}

async function expectNotStored(plugins: PluginPage, count: number): Promise<void> {
  const notStored = async () => (await plugins.events()).filter(({ kind }) => kind === "cache-not-stored");
  await expect.poll(async () => (await notStored()).length, "cache-not-stored events").toBe(count);
  for (const event of await notStored()) expect(event["reason"]).toMatch(/./);
}

// A database of the cache's name that something else made, and whether the cache can take the name over.
const foreign: readonly (readonly [what: string, version: number, store: string | undefined, options: IDBObjectStoreParameters, stores: boolean])[] = [
  ["has no stores and a newer version", 7, undefined, {}, true],
  ["has another store", 3, "things", {}, true],
  ["has a store of the same name and another form", 2, "components", { keyPath: "id" }, false],
];

for (const [what, version, store, options, stores] of foreign) {
  test(`a load works where a database of the cache's name ${what}`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    await new CachePage(plugins).makeForeign(version, store, options);
    for (const name of ["first", "second"]) {
      const loaded = await plugins.loadComponent("small-c", { name });
      expect(loaded.error).toBeUndefined();
      expect(loaded.report?.cache.hit).toBe(name === "second" && stores);
      await expectAnswers(plugins, name);
      if (stores) await new CachePage(plugins).stored();
    }
    if (!stores) await expectNotStored(plugins, 2);
  });
}

test("a load works where another tab keeps a foreign database open", async ({ page, context, server }) => {
  const other = await context.newPage();
  await other.goto(server.url("pages/blank.html"));
  await new CachePage(new PluginPage(other, server)).makeForeign(7, undefined, {}, true);
  const plugins = new PluginPage(page, server);
  const loaded = await plugins.loadPackaged("small-c", { name: "blocked" });
  expect(loaded.report).toMatchObject({ cache: { hit: false, reason: "unreadable" }, code: "package" });
  await expectAnswers(plugins, "blocked");
  await expectNotStored(plugins, 1);
  await other.close();
  await expect.poll(async () => {
    const { report } = await plugins.loadPackaged("small-c", { name: "free" });
    return report?.cache.hit;
  }, "a hit after the other tab was closed").toBe(true);
  await expectAnswers(plugins, "free");
});

test("deleting the database under an open page costs one more compilation", async ({ page, context, server }) => {
  const plugins = new PluginPage(page, server);
  const cache = new CachePage(plugins);
  await plugins.loadPackaged("small-c", { name: "first" });
  await cache.stored();
  const other = await context.newPage();
  await other.goto(server.url("pages/blank.html"));
  // It would wait for ever for a page that kept its connection.
  await new CachePage(new PluginPage(other, server)).forget();
  expect((await plugins.loadPackaged("small-c", { name: "second" })).report?.cache).toEqual({ hit: false, reason: "missing" });
  await cache.stored();
  expect((await plugins.loadPackaged("small-c", { name: "third" })).report?.cache).toEqual({ hit: true });
  await expectAnswers(plugins, "third");
});

test("two tabs that load at once both work, and leave whole entries", async ({ page, context, server }) => {
  const other = await context.newPage();
  const errors: string[] = [];
  other.on("pageerror", (error) => errors.push(String(error)));
  await other.goto(server.url("pages/blank.html"));
  const tabs = [new PluginPage(page, server), new PluginPage(other, server)] as const;
  const cache = new CachePage(tabs[0]);
  let first: readonly StoredEntry[] | undefined;
  for (let round = 0; round < 12; round += 1) {
    const loads = await Promise.all(tabs.flatMap((plugins) => ways.map(({ load }, way) => load(plugins, `${round}-${way}`))));
    expect(loads.map(({ error }) => error)).toEqual([undefined, undefined, undefined, undefined]);
    for (const plugins of tabs) for (const way of [0, 1]) await expectAnswers(plugins, `${round}-${way}`);
    const stored = await cache.stored(2);
    first ??= stored;
    expect(stored).toEqual(first);
    for (const plugins of tabs) for (const { load } of ways) expect((await load(plugins, "warm")).report?.cache).toEqual({ hit: true });
    for (const plugins of tabs) expect((await plugins.events()).filter(({ kind }) => kind === "cache-not-stored")).toEqual([]);
    for (const plugins of tabs) await plugins.run(({ plugins: modules }) => modules.disposeAll(), undefined);
    await cache.forget();
  }
  expect(errors).toEqual([]);
});

test("the least recently used component goes when the cache is full", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const cache = new CachePage(plugins);
  const sizeOf = async (name: FixtureName): Promise<number> => {
    const { files, transpiled } = await packedManifest(name);
    const output = transpiled.find(({ key }) => key.target.startsWith("browser-sync/"));
    const glue = files.find(({ path }) => path === output?.glue)?.size ?? 0;
    return glue + (output?.coreModules ?? []).reduce((sum, { size }) => sum + size, 1_024);
  };
  const names = ["small-c", "trap", "loop"] as const;
  const sizes = await Promise.all(names.map(sizeOf));
  // Room for any two of them, and not for all.
  const maxBytes = sizes.reduce((sum, size) => sum + size) - 1;
  const load = async (name: FixtureName, room = maxBytes) => {
    const request = await requestFor(name);
    return plugins.run(
      ({ plugins: modules, portcullis }, [given, limit]) => modules.load(portcullis, { ...given, host: { cache: portcullis.indexedDbCache({ maxBytes: limit }) } }),
      [request, room] as const,
    ) as Promise<LoadResult>;
  };
  await load("small-c");
  await cache.stored(1);
  await load("trap");
  await cache.stored(2);
  // Used again, so that the other one is now the oldest.
  expect((await load("small-c")).report?.cache.hit).toBe(true);
  await expectUsedLast(page, "small-c");
  await load("loop");
  const digests = new Map(await Promise.all(names.map(async (name) => [(await packedManifest(name)).files[0]?.sha256, name] as const)));
  const kept = async () => (await cache.entries()).map(({ record }) => digests.get(record.key.wasmSha256)).sort();
  await expect.poll(kept).toEqual(["loop", "small-c"]);
  expect((await load("small-c")).report?.cache.hit).toBe(true);
  expect((await load("trap")).report?.cache).toEqual({ hit: false, reason: "missing" });
  expect((await plugins.events()).filter(({ kind }) => kind === "cache-not-stored")).toEqual([]);
  // What alone is larger than the bound is not stored, and says so.
  expect((await load("types-rust", 10_000)).error).toBeUndefined();
  await expectNotStored(plugins, 1);
});

async function requestFor(name: FixtureName): Promise<LoadRequest> {
  const requests: LoadRequest[] = [];
  const recorder = { load: (request: LoadRequest) => { requests.push(request); return Promise.resolve({ progress: [] }); } };
  await PluginPage.prototype.loadPackaged.call(recorder as unknown as PluginPage, name);
  const [request] = requests;
  if (request === undefined) throw new Error("nothing was asked for");
  return request;
}

/** Waits until the use of an entry is written down: a load does not wait for that. */
async function expectUsedLast(page: Page, name: FixtureName): Promise<void> {
  const digest = (await packedManifest(name)).files[0]?.sha256 ?? "";
  await expect.poll(() => page.evaluate(async (wanted) => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open("portcullis-compile-cache");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const store = database.transaction("components").objectStore("components");
    const read = <Value>(request: IDBRequest<Value>) => new Promise<Value>((resolve) => (request.onsuccess = () => resolve(request.result)));
    const range = IDBKeyRange.bound("usage:", "usage:\uffff");
    const [keys, values] = [await read(store.getAllKeys(range)), (await read(store.getAll(range))) as { lastUsed: number }[]];
    database.close();
    const newest = keys.map((key, index) => [String(key), values[index]?.lastUsed ?? 0] as const).sort((a, b) => b[1] - a[1])[0];
    return newest?.[0].includes(wanted);
  }, digest)).toBe(true);
}
