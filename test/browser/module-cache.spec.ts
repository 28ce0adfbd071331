/** The engine's code cache: modules by way of a service worker, and what happens where that way is not there. */
import type * as ModuleCacheEntry from "../../src/module-cache.js";
import { expect, test } from "../support/browser-test.js";
import { ModuleCachePage, origins } from "../support/module-cache-page.js";
import { PluginPage } from "../support/plugin-page.js";
import { expectAnswers } from "../support/small-plugin.js";

const SERVED = ["service-worker"];

for (const [script, type] of [["modules-worker.js", "classic"], ["modules-module-worker.js", "module"]] as const) {
  test(`modules come through a ${type} service worker, from the first controlled load on and after reloads`, async ({ page, server }) => {
    const cached = new ModuleCachePage(new PluginPage(page, server));
    const plugins = new PluginPage(page, server);
    await cached.control(script, type);
    for (const code of ["package", "cache", "cache"]) {
      const loaded = await cached.load("small-c");
      expect(loaded.report?.code).toBe(code);
      expect(origins(loaded)).toEqual(SERVED);
      await expectAnswers(plugins, "small-c");
      const kept = await cached.kept();
      expect(kept.length).toBeGreaterThan(0);
      for (const { url, sha256 } of kept) expect(url).toBe(server.url(`pages/.portcullis/modules/${sha256}.wasm`));
      expect((await cached.used()).toSorted()).toEqual(kept.map(({ url }) => url).toSorted());
      await page.reload();
    }
    expect((await server.requests()).filter(({ path }) => path.includes(".portcullis"))).toEqual([]);
  });
}

test("everything that is kept can be removed", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const cached = new ModuleCachePage(plugins);
  await cached.control();
  expect(origins(await cached.load("small-c"))).toEqual(SERVED);
  await page.evaluate(async (entry) => ((await import(entry)) as typeof ModuleCacheEntry).moduleCache().clear(), server.url("dist/module-cache.js"));
  expect([await cached.kept(), await cached.used()]).toEqual([[], []]);
  await page.reload();
  expect(origins(await cached.load("small-c"))).toEqual(SERVED);
});

test("a second load in the same page shares what is compiled", async ({ page, server }) => {
  const cached = new ModuleCachePage(new PluginPage(page, server));
  await cached.control();
  expect(origins(await cached.load("small-c"))).toEqual(SERVED);
  expect(origins(await cached.load("small-c", {}, { name: "again" }))).toEqual(["page"]);
  await expectAnswers(new PluginPage(page, server), "again");
});

test("without network, after a reload", async ({ page, context, server }) => {
  const plugins = new PluginPage(page, server);
  const cached = new ModuleCachePage(plugins);
  await cached.control("modules-worker.js?offline");
  await page.reload();
  const file = { source: { file: "../pages/offline.wasm", as: "bytes" as const, options: { id: "fixture.small-c" } }, trust: { unsigned: "a test's own fixture" } };
  const component = await page.evaluate(async (url) => [...new Uint8Array(await (await fetch(url)).arrayBuffer())], server.url("fixtures/components/small-c.wasm"));
  const keep = (bytes: readonly number[]) => caches.open("app").then((cache) => cache.put(new URL("../pages/offline.wasm", location.href), new Response(Uint8Array.from(bytes))));
  await page.evaluate(keep, component);
  expect(origins(await cached.load("small-c", {}, file))).toEqual(SERVED);
  await context.setOffline(true);
  for (const name of ["offline", "offline again"]) {
    await page.reload();
    const loaded = await cached.load("small-c", {}, { ...file, name });
    expect(loaded.error).toBeUndefined();
    expect(origins(loaded)).toEqual(SERVED);
    await expectAnswers(plugins, name);
  }
});

test.describe("where the way is not there", () => {
  test("no service worker controls the page", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const cached = new ModuleCachePage(plugins);
    expect(origins(await cached.load("small-c"))).toEqual(["bytes: uncontrolled"]);
    await expectAnswers(plugins, "small-c");
    expect(await cached.kept()).toEqual([]);
  });

  test("a host without the option has nothing in its report", async ({ page, server }) => {
    expect((await new PluginPage(page, server).loadPackaged("small-c")).report).not.toHaveProperty("engineCache");
  });

  test("a module is smaller or larger than what is kept", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const cached = new ModuleCachePage(plugins);
    await cached.control();
    expect(origins(await cached.load("small-c", { minBytes: 1_000_000 }))).toEqual(["bytes: too-small"]);
    await page.reload();
    expect(origins(await cached.load("small-c", { maxBytes: 10 }))).toEqual(["bytes: too-large"]);
    expect(await cached.kept()).toEqual([]);
  });

  test("modules that are compiled in a process of their own are not asked for", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const cached = new ModuleCachePage(plugins);
    await cached.control();
    expect(origins(await cached.load("small-c", {}, { host: { sandbox: "sandboxed-frame" } }))).toEqual(["bytes: sandbox"]);
    await expectAnswers(plugins, "small-c");
    expect(await cached.kept()).toEqual([]);
  });

  test.describe("and the browser says so on its console", () => {
    test.use({ allowPageErrors: true });

    test("the service worker is one that serves no modules: nothing is kept, and the server is not asked", async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const cached = new ModuleCachePage(plugins);
      await cached.control("modules-worker.js?silent");
      expect(origins(await cached.load("small-c"))).toEqual(["bytes: not-served"]);
      await expectAnswers(plugins, "small-c");
      expect(await cached.kept()).toEqual([]);
      expect((await server.requests()).filter(({ path }) => path.includes(".portcullis"))).toEqual([]);
    });
  });

  // How Cache Storage can fail, as a script that runs before the page's own.
  for (const [how, script, miss] of [
    ["is not there", "Object.defineProperty(globalThis, 'caches', { value: undefined });", "unsupported"],
    ["cannot be opened", "CacheStorage.prototype.open = async () => { throw new DOMException('denied', 'SecurityError'); };", "not-kept"],
    ["has no room", "Cache.prototype.put = async () => { throw new DOMException('full', 'QuotaExceededError'); };", "not-kept"],
    ["never answers", "CacheStorage.prototype.open = () => new Promise(() => undefined);", "timeout"],
    ["never ends writing", "Cache.prototype.put = () => new Promise(() => undefined);", "timeout"],
  ] as const) {
    test(`Cache Storage ${how}`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const cached = new ModuleCachePage(plugins);
      await cached.control();
      await page.addInitScript(script);
      await page.reload();
      expect(origins(await cached.load("small-c", { timeoutMilliseconds: 300 }))).toEqual([`bytes: ${miss}`]);
      await expectAnswers(plugins, "small-c");
    });
  }
});

test("the least recently used modules go when there is no room, and what is foreign with them", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const cached = new ModuleCachePage(plugins);
  await cached.control();
  const sizes: number[] = [];
  for (const name of ["types-rust", "small-c", "loop"] as const) {
    expect(origins(await cached.load(name)), name).toEqual(SERVED);
    sizes.push((await cached.kept()).reduce((sum, { bytes }) => sum + bytes, 0));
  }
  const all = (await cached.kept()).map(({ url }) => url);
  await page.evaluate(() => caches.delete("portcullis-modules"));
  for (const name of ["small-c", "types-rust", "small-c"] as const) {
    await page.reload();
    expect(origins(await cached.load(name)), name).toEqual(SERVED);
  }
  await page.evaluate(() => caches.open("portcullis-modules").then((cache) => cache.put("./foreign", new Response("x"))));
  await page.reload();
  const [types = 0, , whole = 0] = sizes;
  // Room for all but the one that was used longest ago, although it came after another.
  expect(origins(await cached.load("loop", { maxBytes: whole - types }))).toEqual(SERVED);
  const kept = await cached.kept();
  expect(kept.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(whole - types);
  for (const { url } of kept) expect(all).toContain(url);
  expect((await cached.used()).toSorted()).toEqual(kept.map(({ url }) => url).toSorted());
  await page.reload();
  expect(origins(await cached.load("types-rust"))).toEqual(SERVED);
});

test.describe("the browser tells of each 404 on its console", () => {
  test.use({ allowPageErrors: true });

  test("other requests of the page are left to the app", async ({ page, server }) => {
    const cached = new ModuleCachePage(new PluginPage(page, server));
    await cached.control();
    const others = ["blank.html?x", ".portcullis/modules/", ".portcullis/modules/x.wasm", `.portcullis/modules/${"A".repeat(64)}.wasm`, `.portcullis/modules/${"a".repeat(64)}.wasm?x`, `other/.portcullis/modules/${"a".repeat(64)}.wasm`];
    await page.evaluate((paths) => Promise.all(paths.map((path) => fetch(path, { method: "HEAD" }))), [...others, `.portcullis/modules/${"a".repeat(64)}.wasm`]);
    await page.evaluate((paths) => Promise.all(paths.map((path) => fetch(path))), others);
    const passed = await cached.passedRequests();
    for (const path of others) expect(passed.filter((url) => url === server.url(`pages/${path}`)).length, path).toBe(2);
  });
});
