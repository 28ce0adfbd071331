/** wasi:keyvalue end to end: real components, over both transports, in this browser's storage. */
import type * as Backends from "../../src/backends.js";
import { type FixtureName, isExpected } from "../fixtures/index.js";
import { expect, test } from "../support/browser-test.js";
import { createKey, forge, packedFixture, publisherSigningKey, serveArchive, type SigningKey } from "../support/forged-package.js";
import type { TestServer } from "../support/browser-test.js";
import { type LoadResult, packagedDescriptor, PluginPage } from "../support/plugin-page.js";
import { loadRequesting } from "../support/requesting-plugin.js";

const GUESTS = (["authority-rust", "authority-c"] as const).filter(isExpected);
const GUEST = "authority-rust";
const TRANSPORTS = [
  { transport: "promise integration", prefix: "", target: "browser-jspi" },
  { transport: "shared memory", prefix: "isolated/", target: "browser-sync" },
] as const;

const run = (plugins: PluginPage, command: string, ...values: readonly string[]) => plugins.call(GUEST, "run", [command, values]);

interface Identity {
  readonly fixture?: FixtureName;
  readonly name?: string;
  readonly id?: string;
  readonly key?: SigningKey;
  readonly grant?: readonly string[];
}

/** Loads the guest as another plugin, or as the same of another publisher. */
async function loadAs(plugins: PluginPage, server: TestServer, { fixture = GUEST, name = GUEST, id = `fixture.${GUEST}`, key, grant = ["keyvalue"] }: Identity): Promise<LoadResult> {
  const signing = key ?? (await publisherSigningKey());
  const capabilities = [{ capability: "keyvalue", reason: "It keeps notes", optional: true }];
  const files = await forge(await packedFixture(fixture), { lie: (manifest) => ({ ...manifest, id, capabilities }), sign: [signing] });
  return plugins.load({ name, id, source: await serveArchive(server, files), descriptor: await packagedDescriptor(fixture), trust: { keys: [signing.text] }, host: { grant } });
}

for (const { transport, prefix, target } of TRANSPORTS) {
  test.describe(`over ${transport}`, () => {
    test.use({ pagePath: `${prefix}pages/blank.html` });

    for (const fixture of GUESTS) {
      test(`${fixture} keeps values across a reload, and uses every function of the store`, async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        const call = async (command: string, ...values: readonly string[]) => {
          const { value, error } = await plugins.call(fixture, "run", [command, values]);
          return error === undefined ? value : { error: error.payload ?? error.code };
        };
        const loaded = await loadRequesting(plugins, server, fixture, ["keyvalue"], { host: { grant: ["keyvalue"] } });
        expect(loaded.error).toBeUndefined();
        expect(loaded.report?.target).toBe(target);
        expect(await call("key-get", "notes", "today")).toBe("none");
        expect(await call("key-set", "notes", "today", "milk and bread")).toBe("done");
        expect(await call("key-set", "", "__proto__", "only a name")).toBe("done");
        expect(await call("key-increment", "notes", "visits", "41")).toBe("41");
        await page.reload();
        await loadRequesting(plugins, server, fixture, ["keyvalue"], { host: { grant: ["keyvalue"] } });
        expect(await call("key-get", "notes", "today")).toBe("milk and bread");
        expect(await call("key-get", "", "__proto__")).toBe("only a name");
        expect(await call("key-get", "", "constructor")).toBe("none");
        expect(await call("key-increment", "notes", "visits", "1")).toBe("42");
        expect(await call("key-get", "notes", "visits")).toBe("42");
        expect(await call("key-exists", "other", "today")).toBe("false");
        expect(await call("key-list", "notes")).toBe("today\nvisits");
        expect(await call("key-delete", "notes", "today")).toBe("done");
        expect(await call("key-exists", "notes", "today")).toBe("false");
        expect(await call("key-increment", "", "__proto__", "1")).toMatchObject({ error: expect.anything() });
      });
    }

    test("what does not fit into the granted quota is refused with a typed error that says so", async ({ page, server }) => {
      const plugins = new PluginPage(page, server, prefix);
      const { grants } = await loadRequesting(plugins, server, GUEST, ["keyvalue:2000"], { host: { grant: ["keyvalue:1000"] } });
      expect(grants).toEqual(["keyvalue:1000"]);
      expect((await run(plugins, "key-set", "b", "k", "x".repeat(900))).value).toBe("done");
      expect((await run(plugins, "key-set", "c", "l", "x".repeat(200))).error?.payload).toContain("quota exceeded: 902 bytes are used, 202 more were wanted, and 1000 in all are allowed. Nothing was stored");
      expect((await run(plugins, "key-exists", "c", "l")).value).toBe("false");
      expect((await run(plugins, "key-set", "b", "k", "x".repeat(100))).value).toBe("done");
      expect((await run(plugins, "key-set", "c", "l", "x".repeat(200))).value).toBe("done");
    });
  });
}

test("a list of many keys comes page by page, each key once", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await loadRequesting(plugins, server, GUEST, ["keyvalue"], { host: { grant: ["keyvalue"] } });
  await run(plugins, "key-set", "many", "k0000", "x");
  const keys = Array.from({ length: 1_203 }, (_item, index) => `k${String(index).padStart(4, "0")}`);
  // Written into the plugin's own namespace, as an app may prepare it.
  await page.evaluate(async ([url, names]) => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open("portcullis-keyvalue");
      request.onsuccess = () => resolve(request.result);
    });
    const found = await new Promise<IDBValidKey[]>((resolve) => {
      const request = database.transaction("entries").objectStore("entries").getAllKeys();
      request.onsuccess = () => resolve(request.result);
    });
    const namespace = String(found.flatMap((key) => (Array.isArray(key) && key[0] === "entry" ? [key[1]] : []))[0]);
    const { indexedDbKeyValue } = (await import(url)) as typeof Backends;
    await indexedDbKeyValue().update({ namespace, bucket: "many" }, names, () => names.map(() => new Uint8Array(1)));
    database.close();
  }, [server.url("dist/backends.js"), keys] as const);
  expect((await run(plugins, "key-list", "many")).value).toBe(keys.join("\n"));
});

test("two plugins with the same buckets and keys see only their own", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await loadAs(plugins, server, {});
  await loadAs(plugins, server, { name: "other", id: "fixture.other" });
  const other = (command: string, ...values: readonly string[]) => plugins.call("other", "run", [command, values]);
  expect((await run(plugins, "key-set", "b", "k", "mine")).value).toBe("done");
  expect((await other("key-get", "b", "k")).value).toBe("none");
  expect((await other("key-list", "b")).value).toBe("");
  expect((await other("key-set", "b", "k", "theirs")).value).toBe("done");
  expect((await other("key-delete", "b", "l")).value).toBe("done");
  expect((await run(plugins, "key-get", "b", "k")).value).toBe("mine");
});

test("another publisher's plugin of the same id sees nothing", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await loadAs(plugins, server, {});
  expect((await run(plugins, "key-set", "b", "k", "mine")).value).toBe("done");
  await page.reload();
  const stranger = await createKey();
  expect((await loadAs(plugins, server, { key: stranger })).error).toBeUndefined();
  expect((await run(plugins, "key-get", "b", "k")).value).toBe("none");
  expect((await run(plugins, "key-set", "b", "k", "theirs")).value).toBe("done");
  await page.reload();
  await loadAs(plugins, server, {});
  expect((await run(plugins, "key-get", "b", "k")).value).toBe("mine");
});

test("two tabs share one store and one quota", async ({ page, server, context }) => {
  const second = await context.newPage();
  await second.goto(server.url("pages/blank.html"));
  const tabs = [new PluginPage(page, server), new PluginPage(second, server)];
  for (const tab of tabs) expect((await loadAs(tab, server, { grant: ["keyvalue:1000"] })).error).toBeUndefined();
  const counted = tabs.map(async (tab) => {
    for (let times = 0; times < 20; times += 1) expect((await run(tab, "key-increment", "", "n", "1")).error).toBeUndefined();
  });
  await Promise.all(counted);
  expect((await Promise.all(tabs.map((tab) => run(tab, "key-get", "", "n")))).map(({ value }) => value)).toEqual(["40", "40"]);
  const written = await Promise.all(tabs.map(async (tab, index) => {
    let fitted = 0;
    for (let times = 0; times < 10; times += 1) fitted += (await run(tab, "key-set", "", `${index}${times}`, "x".repeat(97))).error === undefined ? 1 : 0;
    return fitted;
  }));
  // Three bytes are the counter's; each value counts 99.
  expect(written.reduce((sum, fitted) => sum + fitted, 0)).toBe(10);
});

test("a store that is not granted, or not any more, is denied with its own error", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await loadRequesting(plugins, server, GUEST, ["keyvalue"], { host: { grant: [] } });
  expect((await run(plugins, "key-get", "b", "k")).error?.payload).toMatch(/access-?denied/i);
  await page.reload();
  await loadRequesting(plugins, server, GUEST, ["keyvalue"], { host: { grant: ["keyvalue"] } });
  expect((await run(plugins, "key-set", "b", "k", "v")).value).toBe("done");
  await plugins.run(({ plugins: modules }, [name, id]) => modules.hostOf(name).grants.revoke(id, "keyvalue"), [GUEST, `fixture.${GUEST}`] as const);
  expect((await run(plugins, "key-get", "b", "k")).error?.payload).toMatch(/access-?denied/i);
  const audit = await plugins.run(({ plugins: modules }, name) => modules.hostOf(name).audit(), GUEST);
  expect(audit).toContainEqual(expect.objectContaining({ kind: "denied", capability: "keyvalue", summary: 'bucket "b"' }));
});

test("where storage is forbidden, the plugin learns that its store failed, the app why, and nothing hangs", async ({ page, server }) => {
  await page.addInitScript("IDBFactory.prototype.open = () => { throw new DOMException('denied by https://internal.example', 'SecurityError'); };");
  await page.reload();
  const plugins = new PluginPage(page, server);
  const loaded = await loadRequesting(plugins, server, GUEST, ["keyvalue"], { host: { grant: ["keyvalue"], cache: null } });
  expect(loaded.error).toBeUndefined();
  for (const [command, ...values] of [["key-get", "b", "k"], ["key-set", "b", "k", "v"], ["key-list", "b"], ["key-increment", "b", "k", "1"]] as const) {
    const { error } = await run(plugins, command, ...values);
    expect(error?.payload, command).toContain("the store failed");
    expect(error?.payload, command).not.toContain("internal.example");
  }
  expect((await run(plugins, "compute", "30")).value).toBe("832040");
  expect((await plugins.events()).filter(({ kind }) => kind === "host-failure").length).toBe(4);
});
