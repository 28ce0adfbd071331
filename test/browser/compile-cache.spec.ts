/** The compile cache in a page: what is reused, what is noticed, and that nothing that happens to it fails a load. */
import type { Page } from "@playwright/test";
import type { StalenessReason } from "../../src/index.js";
import type { Manifest } from "../../src/package/manifest.js";
import { isAvailable, type FixtureName } from "../fixtures/index.js";
import { expect, test, type LoggedRequest } from "../support/browser-test.js";
import { CachePage, type StoredEntry } from "../support/cache-page.js";
import { type LoadRequest, type LoadResult, PluginPage } from "../support/plugin-page.js";
import { changedPackage, newKey, packedManifest, putRegistry } from "../support/test-registry.js";

const bytes = new Uint8Array([0, 1, 127, 128, 255]);
const isTranspiler = ({ path }: LoggedRequest): boolean => path.startsWith("/dist/transpiler/");
const isPackageFile = ({ path }: LoggedRequest): boolean => /\/(component\.wasm|transpiled\/.*)$/.test(path);

/** The same plugin by its two ways into a page. Each has code of its own provenance. */
const ways = [
  { way: "signed package", code: "package", load: (plugins: PluginPage, name: string) => plugins.loadPackaged("small-c", { name, id: "fixture.small-c" }) },
  { way: "unsigned component", code: "transpiled", load: (plugins: PluginPage, name: string) => plugins.loadComponent("small-c", { name, id: "local.small-c" }) },
] as const;

async function expectAnswers(plugins: PluginPage, name: string): Promise<void> {
  expect(await plugins.call(name, "add", [40, 2])).toEqual({ value: 42 });
  expect((await plugins.call(name, "echo", [bytes])).value).toEqual(bytes);
}

const times = (loaded: LoadResult, phase: string): number => loaded.progress.filter((step) => step.phase === phase).length;

for (const name of ["types-rust", "medium-js"] as const satisfies readonly FixtureName[]) {
  for (const way of ["signed package", "unsigned component"] as const) {
    test(`${name} as ${way}: a load after the page was closed takes everything from the cache`, async ({ page, server }) => {
      test.skip(!isAvailable(name), `${name} needs the fixtures' build`);
      const plugins = new PluginPage(page, server);
      const cache = new CachePage(plugins);
      const load = () => (way === "signed package" ? plugins.loadPackaged(name) : plugins.loadComponent(name));
      const [called, given, wanted] = name === "medium-js" ? ["add", [40, 2], 42] as const : ["echoTuple", [[255, "text", -0.5]], [255, "text", -0.5]] as const;
      const cold = await load();
      expect(cold.report).toMatchObject({ cache: { hit: false, reason: "missing" }, code: way === "signed package" ? "package" : "transpiled" });
      expect((await server.requests()).some(isTranspiler)).toBe(way !== "signed package");
      expect(await plugins.call(name, called, given)).toEqual({ value: wanted });
      const stored = await cache.stored();
      await page.reload();
      await server.forgetRequests();
      const warm = await load();
      expect(warm.report).toMatchObject({ cache: { hit: true }, code: "cache", target: cold.report?.target });
      expect(warm.progress.map(({ phase }) => phase)).not.toContain("transpile");
      expect(await plugins.call(name, called, given)).toEqual({ value: wanted });
      const requests = await server.requests();
      expect(requests.filter((request) => isTranspiler(request) || isPackageFile(request))).toEqual([]);
      // The log would show them: the same page has just asked for other things.
      expect(requests.some(({ path }) => path === "/dist/index.js")).toBe(true);
      await cache.becomes(stored);
    });
  }
}

// Each is what happens to the stored record, the file it happens to, and the reason that the next load reports.
const damages: readonly (readonly [alteration: string, file: number, reason: StalenessReason])[] = [
  ["wasm", 0, "wasm"], ["transpiler", 0, "transpiler"], ["target", 0, "target"], ["config", 0, "config"], ["schema", 0, "schema"],
  ["fileDigest", 0, "digest"], ["fileDigest", 1, "digest"], ["fileBytes", 0, "digest"], ["fileBytes", 1, "digest"],
  ["fileSize", 0, "digest"], ["fileSize", 1, "digest"], ["fileCut", 1, "digest"], ["fileEmpty", 1, "digest"], ["worldDigest", 0, "digest"],
  ["fileName", 1, "digest"], ["fileGone", 1, "digest"], ["fileTwice", 1, "digest"], ["filesSwapped", 0, "digest"],
  ["fileNoBlob", 1, "unreadable"], ["text", 0, "unreadable"], ["nothing", 0, "unreadable"], ["number", 0, "unreadable"],
  ["list", 0, "unreadable"], ["empty", 0, "unreadable"], ["deleted", 0, "missing"],
];

for (const { way, code, load } of ways) {
  for (const [alteration, file, reason] of damages) {
    test(`${way}: ${alteration} of file ${file} altered in IndexedDB is noticed as ${reason}, and repaired once`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const cache = new CachePage(plugins);
      expect((await load(plugins, "cold")).report?.code).toBe(code);
      const stored = await cache.stored();
      await cache.alter(alteration, "", file);
      expect(await cache.entries(), "the record after it was altered").not.toEqual(stored);
      await server.forgetRequests();

      const repaired = await load(plugins, "repaired");
      expect(repaired.error).toBeUndefined();
      expect(repaired.report).toMatchObject({ cache: { hit: false, reason }, code });
      expect(repaired.progress).toContainEqual({ phase: "cache", result: { hit: false, reason } });
      await expectAnswers(plugins, "repaired");
      expect(times(repaired, "transpile")).toBe(code === "transpiled" ? 1 : 0);
      expect(times(repaired, "compile")).toBe(1);
      const fetched = (await server.requests()).filter(isPackageFile).map(({ path }) => path.split("/1.0.0/")[1]);
      expect(fetched.sort()).toEqual(code === "package" ? ["component.wasm", "transpiled/browser-sync/glue.js"] : []);
      await cache.becomes(stored);

      const again = await load(plugins, "again");
      expect(again.report).toMatchObject({ cache: { hit: true }, code: "cache" });
      expect(times(again, "transpile")).toBe(0);
      await expectAnswers(plugins, "again");
    });
  }
}

/** A package whose output was made by another transpiler, or for other options, than this host has. */
const staleKeys: readonly (readonly [field: string, change: Partial<Manifest["transpiled"][number]["key"]>])[] = [
  ["transpilerVersion", { transpilerVersion: "jco-1.0.0" }],
  ["target", { target: "browser-sync/0" }],
  ["engineConfigHash", { engineConfigHash: "0".repeat(64) }],
];

for (const [field, change] of staleKeys) {
  test(`a package whose ${field} is not this host's is transpiled in the page, byte for byte the same`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const cache = new CachePage(plugins);
    const stale = await changedPackage("types-rust", {
      manifest: (manifest) => ({
        ...manifest,
        transpiled: manifest.transpiled.filter(({ key }) => key.target.startsWith("browser-sync/")).map((output) => ({ ...output, key: { ...output.key, ...change } })),
      }),
    });
    const loaded = await plugins.loadPackaged("types-rust", { source: { index: await putRegistry(server, "stale", [stale]) } });
    expect(loaded.report).toMatchObject({ cache: { hit: false, reason: "missing" }, code: "transpiled" });
    expect(times(loaded, "transpile")).toBe(1);
    expect((await plugins.call("types-rust", "echoTuple", [[255, "text", -0.5]])).value).toEqual([255, "text", -0.5]);
    const [entry] = await cache.stored();
    const packed = await packedManifest("types-rust");
    const output = packed.transpiled.find(({ key }) => key.target.startsWith("browser-sync/"));
    const glue = packed.files.find(({ path }) => path === output?.glue)?.sha256;
    expect(entry?.record.files.map(({ really }) => really.sha256)).toEqual([glue, ...(output?.coreModules.map(({ sha256 }) => sha256) ?? [])]);
  });
}

test("an altered component is refused, and never taken for a stale one", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const altered = await changedPackage("small-c");
  const component = altered.files.get("component.wasm")?.slice() ?? new Uint8Array();
  component[component.length - 1] = (component.at(-1) ?? 0) ^ 1;
  await server.putFile("packages/registry/fixture.small-c/1.0.0/component.wasm", component);
  const { error, progress } = await plugins.loadPackaged("small-c");
  expect(error?.code).toBe("digest-mismatch");
  expect(progress.map(({ phase }) => phase)).not.toContain("compile");
  expect(await new CachePage(plugins).entries()).toEqual([]);
});

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

test("code that a publisher's package brought is never handed to a load that does not trust that publisher", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const cache = new CachePage(plugins);
  const [one, other] = [await newKey(), await newKey()];
  const manifest = (id: string) => (packed: Manifest): Manifest => ({ ...packed, id });
  const ofOne = await changedPackage("small-c", { seeds: [one.seed], manifest: manifest("one.echo") });
  const ofOther = await changedPackage("small-c", { seeds: [other.seed], manifest: manifest("other.echo") });
  const index = await putRegistry(server, "publishers", [ofOne, ofOther], { seeds: [one.seed, other.seed] });
  const signed = await plugins.loadPackaged("small-c", { name: "one", id: "one.echo", source: { index }, trust: { keys: [one.publicKey] } });
  expect(signed.report).toMatchObject({ code: "package" });
  await cache.stored(1);

  const unsigned = await plugins.loadComponent("small-c", { name: "unsigned" });
  expect(unsigned.report).toMatchObject({ cache: { hit: false, reason: "missing" }, code: "transpiled" });
  await cache.stored(2);
  // The very package, where its key is not trusted: its own code may not run, and what the cache has of it may not either.
  const untrusted = await plugins.loadPackaged("small-c", { name: "untrusted", id: "one.echo", source: { index }, trust: { unsigned: "a test" } });
  expect(untrusted.report).toMatchObject({ cache: { hit: true }, code: "cache" });
  const slots = (await cache.entries()).map(({ key }) => key.split("/").at(-1));
  expect(slots).toContain("transpiled");

  await cache.alter("deleted", "/transpiled");
  const afresh = await plugins.loadPackaged("small-c", { name: "afresh", id: "one.echo", source: { index }, trust: { unsigned: "a test" } });
  expect(afresh.report).toMatchObject({ cache: { hit: false, reason: "missing" }, code: "transpiled" });
  await cache.stored(2);
  const ofAnother = await plugins.loadPackaged("small-c", { name: "other", id: "other.echo", source: { index }, trust: { keys: [other.publicKey] } });
  expect(ofAnother.report).toMatchObject({ cache: { hit: false, reason: "missing" }, code: "package" });
  await cache.stored(3);
});

test("a cached entry of a package must be what its signed manifest says", async ({ page, server }) => {
  // The entry is whole in itself: code, digest and size fit each other, only the manifest knows better.
  const plugins = new PluginPage(page, server);
  const cache = new CachePage(plugins);
  await plugins.loadPackaged("small-c", { name: "cold" });
  const stored = await cache.stored();
  await plugins.loadComponent("trap", { name: "donor" });
  await cache.stored(2);
  await page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open("portcullis-compile-cache");
      request.onsuccess = () => resolve(request.result);
    });
    const store = database.transaction("components", "readwrite").objectStore("components");
    const read = <Value>(request: IDBRequest<Value>) => new Promise<Value>((resolve) => (request.onsuccess = () => resolve(request.result)));
    const range = IDBKeyRange.bound("entry:", "entry:\uffff");
    const [keys, values] = [await read(store.getAllKeys(range)), await read<{ key: object; worldDigest: string; files: unknown[] }[]>(store.getAll(range))];
    const donor = keys.findIndex((key) => String(key).endsWith("/transpiled"));
    const [from, to] = [values[donor], values[1 - donor]];
    const key = keys[1 - donor];
    if (from === undefined || to === undefined || key === undefined) throw new Error("two entries are needed");
    await read(store.put({ ...from, key: to.key, worldDigest: to.worldDigest }, key));
    database.close();
  });
  const loaded = await plugins.loadPackaged("small-c", { name: "after" });
  expect(loaded.report).toMatchObject({ cache: { hit: false, reason: "digest" }, code: "package" });
  await expectAnswers(plugins, "after");
  await expect.poll(async () => (await cache.entries()).find(({ key }) => key === stored[0]?.key)).toEqual(stored[0]);
});
