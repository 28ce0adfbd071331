/** Installing, updating, rolling back and uninstalling in a browser, with its own storage, tabs, quota and network. */
import type { Page } from "@playwright/test";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { ID, InstalledPage, putVersions, versionOf } from "../support/installable.js";
import { publisherKey } from "../support/plugin-page.js";

async function openPage(page: Page, server: TestServer, versions: readonly string[], more: Parameters<InstalledPage["open"]>[0] = {}): Promise<InstalledPage> {
  const index = versions.length === 0 ? [] : [await putVersions(server, await Promise.all(versions.map((version) => versionOf(version))))];
  const installed = new InstalledPage(page, server);
  await installed.open({ index, keys: [await publisherKey()], ...more });
  return installed;
}

/** The registry gets a newer version. */
async function publish(server: TestServer, ...versions: readonly string[]): Promise<void> {
  await putVersions(server, await Promise.all(versions.map((version) => versionOf(version))), "versions", { sequence: Date.now() });
}

const loaded = (version: string) => ({ version, value: 42, grants: [] });

test("a plugin is installed, updated, rolled back and uninstalled", async ({ page, server }) => {
  const installed = await openPage(page, server, ["1.0.0"]);
  expect((await installed.operate("install", ID)).value).toMatchObject({ id: ID, version: "1.0.0" });
  expect(await installed.load()).toEqual(loaded("1.0.0"));
  await publish(server, "1.0.0", "2.0.0");
  expect((await installed.operate("checkForUpdates")).value).toMatchObject({ updates: [{ id: ID, version: "2.0.0", installedVersion: "1.0.0", wasRolledBack: false }], problems: [] });
  expect((await installed.operate("update", ID)).value).toMatchObject({ version: "2.0.0", previousVersion: "1.0.0" });
  expect(await installed.load()).toEqual(loaded("2.0.0"));
  expect(await installed.inspect()).toMatchObject({ records: [`plugin:${ID}`], active: ["2.0.0"], previous: ["1.0.0"], wrong: [] });
  expect((await installed.operate("rollBack", ID)).value).toMatchObject({ version: "1.0.0" });
  expect(await installed.load()).toEqual(loaded("1.0.0"));
  const [plugin] = ((await installed.operate("list")).value ?? []) as unknown as { bytes: number; ownBytes: number }[];
  expect(plugin?.bytes).toBe((await installed.inspect()).bytes);
  await installed.operate("uninstall", ID, { data: "delete" });
  expect((await installed.load()).error).toMatchObject({ code: "plugin-not-found" });
  expect(await installed.inspect()).toMatchObject({ records: [], files: 0 });
  expect((await installed.changes()).map(({ version }) => version)).toEqual(["1.0.0", "2.0.0", "1.0.0", undefined]);
  expect(await installed.problems()).toEqual([]);
});

test("what is installed is there after the page was left", async ({ page, server }) => {
  await (await openPage(page, server, ["1.0.0"])).operate("install", ID);
  await page.reload();
  const next = await openPage(page, server, []);
  expect(await next.load()).toEqual(loaded("1.0.0"));
});

test("a plugin is installed from a file that somebody dropped", async ({ page, server }) => {
  const { encodeArchive } = await import("../../src/node/package-archive.js");
  const { archiveFiles } = await import("../support/test-registry.js");
  await server.putFile("packages/dropped.tar.gz", await encodeArchive(archiveFiles(await versionOf("1.0.0"))));
  const installed = await openPage(page, server, []);
  expect((await installed.installAddress("../packages/dropped.tar.gz")).value).toMatchObject({ version: "1.0.0", source: "dropped.tar.gz" });
  expect(await installed.load()).toEqual(loaded("1.0.0"));
});

test("another tab hears of every switch, and loads the new version", async ({ page, context, server }) => {
  const here = await openPage(page, server, ["1.0.0"]);
  const there = await openTab(context.newPage(), server);
  await here.operate("install", ID);
  await expect.poll(() => there.changes()).toEqual([{ id: ID, version: "1.0.0", previousVersion: undefined }]);
  await publish(server, "1.0.0", "2.0.0");
  await here.operate("update", ID);
  await expect.poll(async () => (await there.changes()).length).toBe(2);
  expect(await there.load()).toEqual(loaded("2.0.0"));
  // Anybody of the origin can send a message; only the store says what is so.
  await page.evaluate((id) => {
    const channel = new BroadcastChannel("portcullis-installed");
    for (const message of [null, "changed", { id, version: "9.0.0" }, { id: "__proto__" }]) channel.postMessage(message);
  }, ID);
  await here.operate("uninstall", ID, { data: "keep" });
  await expect.poll(() => there.changes()).toEqual([
    { id: ID, version: "1.0.0", previousVersion: undefined }, { id: ID, version: "2.0.0", previousVersion: "1.0.0" }, { id: ID, version: undefined, previousVersion: "2.0.0" },
  ]);
});

async function openTab(page: Promise<Page>, server: TestServer, more: Parameters<InstalledPage["open"]>[0] = {}): Promise<InstalledPage> {
  const tab = await page;
  await tab.goto(server.url("pages/blank.html"));
  return openPage(tab, server, [], more);
}

for (const [where, addressOf, rounds, errors] of [
  ["", (server: TestServer) => server.url("pages/blank.html"), 10, []],
  // No secure context: without locks and WebCrypto. What one tab verified another may have replaced.
  [" where there are no locks", (server: TestServer) => server.insecureUrl("pages/blank.html"), 6, ["busy", "installation-damaged"]],
] as const) test(`many tabs that install, update, roll back and uninstall one plugin at once${where} leave one state, whole`, async ({ page, context, server }) => {
  const versions = ["1.0.0", "2.0.0", "3.0.0"];
  await page.goto(addressOf(server));
  const first = await openPage(page, server, versions);
  expect(await page.evaluate(() => "locks" in navigator)).toBe(where === "");
  const request = { index: ["../packages/versions/index.json"], keys: [await publisherKey()] };
  const tabs = [first, ...(await Promise.all(Array.from({ length: 5 }, async () => {
    const tab = await context.newPage();
    await tab.goto(addressOf(server));
    const installed = new InstalledPage(tab, server);
    await installed.open(request);
    return installed;
  })))];
  for (let round = 0; round < rounds; round += 1) {
    const outcomes = await Promise.all(tabs.map((tab, index_) => {
      const what = (index_ + round) % 6;
      if (what < 3) return tab.operate("install", ID, { version: versions[what], allowDowngrade: true });
      if (what === 3) return tab.operate("rollBack", ID);
      return what === 4 ? tab.operate("update", ID) : tab.operate("uninstall", ID, { data: round % 2 === 0 ? "keep" : "delete" });
    }));
    for (const { error } of outcomes) expect([undefined, "not-installed", ...errors], error?.message).toContain(error?.code);
    const state = await first.inspect();
    expect(state.wrong, `round ${round}`).toEqual([]);
    expect(state.records.filter((name) => name !== `plugin:${ID}`)).toEqual([]);
    const active = state.active[0] ?? undefined;
    for (const tab of tabs) {
      const { version, value } = await tab.load();
      expect([version, value]).toEqual(active === undefined ? [undefined, undefined] : [active, 42]);
      await tab.disposeAll();
    }
  }
  for (const tab of tabs) expect(await tab.problems()).toEqual([]);
});

test("two tabs that install the same plugin download it once", async ({ page, context, server }) => {
  const here = await openPage(page, server, ["1.0.0"]);
  const there = await openTab(context.newPage(), server, { index: ["../packages/versions/index.json"] });
  await server.forgetRequests();
  const both = await Promise.all([here.operate("install", ID), there.operate("install", ID)]);
  expect(both.map(({ value }) => value?.version)).toEqual(["1.0.0", "1.0.0"]);
  const assets = (await server.requests()).filter(({ path }) => path.includes("/assets/"));
  expect(assets.length).toBe(4);
});

test("an installed plugin loads without network, after a reload as well, from its own code and from the cache", async ({ page, context, server, pageErrors }) => {
  // The app's own files are the app's to keep: here by a service worker, as an app that works offline has one.
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.register("./offline-worker.js");
    await navigator.serviceWorker.ready;
    registration.active?.postMessage("claim");
    if (navigator.serviceWorker.controller === null) await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
  });
  await page.reload();
  const installed = await openPage(page, server, ["1.0.0"]);
  await installed.operate("install", ID);
  // Whatever code a load needs is fetched once, so that the service worker has it.
  expect(await installed.load()).toEqual(loaded("1.0.0"));
  await context.setOffline(true);
  await server.forgetRequests();
  for (const round of ["from the compile cache", "from the cache again"]) {
    await page.reload();
    const offline = await openPage(page, server, []);
    expect(await offline.load(), round).toEqual(loaded("1.0.0"));
    expect((await offline.operate("list")).error).toBeUndefined();
  }
  // Without compiled code, what the package brought is run.
  await page.evaluate(() => new Promise((resolve) => (indexedDB.deleteDatabase("portcullis-compile-cache").onsuccess = resolve)));
  await page.reload();
  const offline = new InstalledPage(page, server);
  await offline.open({ keys: [await publisherKey()], index: ["../packages/versions/index.json"] });
  expect(await offline.load()).toEqual(loaded("1.0.0"));
  expect((await offline.operate("update", ID)).error).toMatchObject({ code: "source-unreachable" });
  expect(await offline.load()).toEqual(loaded("1.0.0"));
  expect(await server.requests()).toEqual([]);
  // Only the update has asked for anything, and there was no network.
  expect(pageErrors.every((error) => error.includes("ERR_INTERNET_DISCONNECTED") && error.includes("/packages/versions/index."))).toBe(true);
  pageErrors.length = 0;
});

test.describe("storage that is short", () => {
  test("a quota that ends in the middle of an update is told, and leaves the old version and nothing else", async ({ page, server }) => {
    const session = await page.context().newCDPSession(page);
    const origin = new URL(server.url("")).origin;
    // Before anything is stored: Chromium does not ask for each transaction how much room there is.
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 16_000_000 });
    const installed = await openPage(page, server, ["1.0.0"]);
    await installed.operate("install", ID);
    const before = await installed.inspect();
    await putVersions(server, [await versionOf("1.0.0"), await versionOf("2.0.0", { assets: [40, 1_000_000] })], "versions", { sequence: Date.now() });
    const { error } = await installed.operate("update", ID);
    expect(error, error?.message).toMatchObject({ code: "storage-full", stage: "install" });
    expect(await installed.inspect()).toEqual(before);
    expect(await installed.load()).toEqual(loaded("1.0.0"));
    await session.send("Storage.overrideQuotaForOrigin", { origin });
    expect((await installed.operate("update", ID)).value).toMatchObject({ version: "2.0.0" });
    expect((await installed.inspect()).wrong).toEqual([]);
  });

  const failures: readonly (readonly [how: string, script: string, code: string])[] = [
    ["is not there", "Object.defineProperty(globalThis, 'indexedDB', { value: undefined });", "storage-failed"],
    ["is forbidden", "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); };", "storage-failed"],
    ["never answers", "IDBFactory.prototype.open = () => new EventTarget();", "storage-failed"],
    ["has no room when it is written", "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };", "storage-full"],
    ["aborts what is written", `{
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (...values) { const request = put.apply(this, values); request.onsuccess = () => this.transaction.abort(); return request; };
    }`, "storage-failed"],
  ];
  for (const [how, script, code] of failures) {
    test(`an installation where IndexedDB ${how} fails with its own error, and loading goes on from elsewhere`, async ({ page, server }) => {
      await page.addInitScript(script);
      await page.reload();
      const installed = await openPage(page, server, ["1.0.0"]);
      const { error } = await installed.operate("install", ID);
      expect(error, error?.message).toMatchObject({ name: "PluginError", code, stage: "install" });
      const fallback = await installed.evaluate(async ({ opened }, [id, descriptor, key]) => {
        const { portcullis, install, store } = opened();
        const sources = [install.installedPlugins({ store }), portcullis.urlSource("../packages/versions/index.json")];
        const host = new portcullis.PluginHost({ sources, trust: portcullis.trustKeys([key]) });
        const handle = await host.load(id, portcullis.defineInterface(descriptor));
        return handle.call("add", [40, 2]) as unknown;
      }, [ID, await descriptor(), await publisherKey()] as const);
      expect(fallback).toBe(42);
    });
  }
});

async function descriptor(): Promise<unknown> {
  const { packagedDescriptor } = await import("../support/plugin-page.js");
  return packagedDescriptor("small-c");
}
