/** What goes with an installed plugin over its versions, and what stays when it goes: values, grants, compiled code. */
import type { FixtureName } from "../fixtures/index.js";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { InstalledPage, putVersions, versionOf } from "../support/installable.js";
import { publisherKey } from "../support/plugin-page.js";
import { newKey, publisherSeed, type TestPackage } from "../support/test-registry.js";

const GUEST: FixtureName = "authority-c";
const ID = `fixture.${GUEST}`;
const index = ["../packages/versions/index.json"];

/** The guest, asking for some capabilities. */
function asking(version: string, capabilities: readonly string[], seeds?: readonly Uint8Array[]): Promise<TestPackage> {
  const requests = capabilities.map((capability) => ({ capability, reason: `It uses ${capability}`, optional: true }));
  return versionOf(version, { fixture: GUEST, assets: [1, 100], manifest: (manifest) => ({ ...manifest, capabilities: requests }), ...(seeds === undefined ? {} : { seeds }) });
}

let sequence = 1;
const publish = (server: TestServer, ...versions: readonly TestPackage[]) => putVersions(server, versions, "versions", { sequence: (sequence += 1) });
const load = async (installed: InstalledPage) => {
  const { error, grants } = await installed.load(GUEST, ID, { call: null });
  expect(error?.message).toBeUndefined();
  return grants;
};
const run = async (installed: InstalledPage, ...values: readonly string[]) => (await installed.call(ID, "run", [values[0], values.slice(1)])).value;
const asked = (installed: InstalledPage) => installed.evaluate((modules) => modules.asked, undefined);

test("an update that asks for more is asked only for the difference, a roll-back for nothing, another publisher for everything", async ({ page, server }) => {
  const other = await newKey();
  const installed = new InstalledPage(page, server);
  await installed.open({ index, keys: [await publisherKey(), other.publicKey], grant: "always" });
  await publish(server, await asking("1.0.0", ["clocks"]));
  await installed.operate("install", ID);
  expect(await load(installed)).toEqual(["clocks"]);
  await publish(server, await asking("2.0.0", ["clocks", "random"]));
  await installed.operate("update", ID);
  expect(await load(installed)).toEqual(["clocks", "random"]);
  const first = [{ capability: "clocks", previous: [], version: "1.0.0" }, { capability: "random", previous: [], version: "2.0.0" }];
  expect(await asked(installed)).toEqual(first);
  await installed.operate("rollBack", ID);
  expect(await load(installed)).toEqual(["clocks"]);
  await installed.operate("update", ID);
  expect(await load(installed)).toEqual(["clocks", "random"]);
  expect(await asked(installed)).toEqual(first);
  await publish(server, await asking("3.0.0", ["clocks", "random"], [other.seed]));
  expect((await installed.operate("update", ID)).error?.code).toBe("publisher-changed");
  expect((await installed.operate("update", ID, { allowPublisherChange: true })).value).toMatchObject({ version: "3.0.0" });
  expect(await load(installed)).toEqual(["clocks", "random"]);
  expect(await asked(installed)).toEqual([...first, ...["clocks", "random"].map((capability) => ({ capability, previous: [], version: "3.0.0" }))]);
});

test("values stay over updates and with an uninstallation that keeps them, and go with one that deletes them", async ({ page, server }) => {
  const installed = new InstalledPage(page, server);
  const request = { index, keys: [await publisherKey()], grant: "always" } as const;
  await installed.open(request);
  await publish(server, await asking("1.0.0", ["keyvalue"]));
  await installed.operate("install", ID);
  await load(installed);
  expect(await run(installed, "key-set", "notes", "today", "milk")).toBe("done");
  await publish(server, await asking("2.0.0", ["keyvalue"]));
  await installed.operate("update", ID);
  await load(installed);
  expect(await run(installed, "key-get", "notes", "today")).toBe("milk");
  await installed.operate("uninstall", ID, { data: "keep" });
  await expect.poll(async () => (await installed.dataLeft())["components"]).toBeGreaterThan(1);
  expect(await installed.dataLeft()).toMatchObject({ entries: 2, grants: 1 });
  await installed.operate("install", ID);
  await load(installed);
  expect(await run(installed, "key-get", "notes", "today")).toBe("milk");
  await installed.disposeAll();
  expect((await installed.operate("uninstall", ID, { data: "delete" })).error).toBeUndefined();
  expect(await installed.dataLeft()).toEqual({ entries: 0, grants: 0, components: 0 });
  expect(await installed.inspect()).toMatchObject({ records: [], files: 0 });
  // Whoever comes next under this name begins with nothing.
  await page.reload();
  await installed.open(request);
  await installed.operate("install", ID);
  await load(installed);
  expect(await run(installed, "key-get", "notes", "today")).toBe("none");
  expect(await asked(installed)).toEqual([{ capability: "keyvalue", previous: [], version: "2.0.0" }]);
});

test("data of a plugin that nobody signed, and of one that was signed later, goes with it", async ({ page, server }) => {
  const installed = new InstalledPage(page, server);
  await installed.open({ unsigned: "an app of developers", keys: [await publisherKey()], grant: "always" });
  const { encodeArchive } = await import("../../src/node/package-archive.js");
  const { archiveFiles } = await import("../support/test-registry.js");
  for (const [version, seeds] of [["1.0.0", []], ["2.0.0", [await publisherSeed()]]] as const) {
    await server.putFile("packages/one.tar.gz", await encodeArchive(archiveFiles(await asking(version, ["keyvalue"], seeds))));
    expect((await installed.installAddress("../packages/one.tar.gz")).value).toMatchObject({ version });
    await load(installed);
    // Each has values of its own: the signed one does not see what the unsigned one kept.
    expect(await run(installed, "key-get", "notes", "today")).toBe("none");
    expect(await run(installed, "key-set", "notes", "today", "milk")).toBe("done");
  }
  expect((await installed.dataLeft())["entries"]).toBe(4);
  await installed.disposeAll();
  await installed.operate("uninstall", ID, { data: "delete" });
  expect(await installed.dataLeft()).toEqual({ entries: 0, grants: 0, components: 0 });
});

test("what runs loses its grants when it is uninstalled with its data, in this tab and in others", async ({ page, context, server }) => {
  const request = { index, keys: [await publisherKey()], grant: "always", grantsOfHost: true } as const;
  const here = new InstalledPage(page, server);
  await here.open(request);
  await publish(server, await asking("1.0.0", ["keyvalue"]));
  await here.operate("install", ID);
  const tab = await context.newPage();
  await tab.goto(server.url("pages/blank.html"));
  const there = new InstalledPage(tab, server);
  await there.open(request);
  for (const one of [here, there]) {
    await load(one);
    expect(await run(one, "key-set", "notes", "today", "milk")).toBe("done");
  }
  expect((await here.operate("uninstall", ID, { data: "delete" })).error).toBeUndefined();
  for (const one of [here, there]) await expect.poll(async () => run(one, "key-set", "notes", "today", "again")).not.toBe("done");
  expect((await here.dataLeft())["entries"]).toBe(0);
});

test("data that could not be deleted is deleted at the next start", async ({ page, server }) => {
  const installed = new InstalledPage(page, server);
  const request = { index, keys: [await publisherKey()], grant: "always" } as const;
  await installed.open(request);
  await publish(server, await asking("1.0.0", ["keyvalue"]));
  await installed.operate("install", ID);
  await load(installed);
  await run(installed, "key-set", "notes", "today", "milk");
  await installed.disposeAll();
  await installed.evaluateText("void (IDBObjectStore.prototype.clear = IDBObjectStore.prototype.delete, IDBObjectStore.prototype.delete = function (key) { if (this.name === 'entries') throw new DOMException('broken', 'UnknownError'); return this.clear(key); })");
  expect((await installed.operate("uninstall", ID, { data: "delete" })).error?.code).toBe("storage-failed");
  expect((await installed.load(GUEST, ID, { call: null })).error?.code).toBe("plugin-not-found");
  expect((await installed.dataLeft())["entries"]).toBe(2);
  await page.reload();
  await installed.open(request);
  await installed.operate("recover");
  expect(await installed.dataLeft()).toEqual({ entries: 0, grants: 0, components: 0 });
  expect((await installed.inspect()).records).toEqual([]);
});
