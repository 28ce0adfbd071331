import { beforeEach, describe, expect, it, vi } from "vitest";
import { memoryKeyValue } from "../../../src/broker/keyvalue/memory-keyvalue.js";
import { keyValueIdentity } from "../../../src/broker/keyvalue/backend.js";
import { memoryDirectory } from "../../../src/broker/filesystem/memory-directory.js";
import { memoryGrantStore } from "../../../src/host/grants/memory-grant-store.js";
import { ABANDONED_MILLISECONDS } from "../../../src/host/installed/install-locks.js";
import { installedPlugins } from "../../../src/host/installed/installed-plugins.js";
import type { InstallProgress } from "../../../src/host/installed/install-context.js";
import type { InstallStore } from "../../../src/host/installed/install-store.js";
import { memoryInstallStore } from "../../../src/host/installed/memory-install-store.js";
import { PluginInstaller } from "../../../src/host/installed/plugin-installer.js";
import { type InstalledChange, watchInstalled } from "../../../src/host/installed/watch-installed.js";
import type { SourceItem } from "../../../src/host/plugin-source.js";
import type { PluginPackage } from "../../../src/package/plugin-package.js";
import { encodeArchive } from "../../../src/node/package-archive.js";
import { expectRefusal, refusal } from "../package/package-fixture.js";
import { ID, installerOf, keyIdOf, loadable, pluginPackage, sourceOf, trustAnybody, trustThree } from "./install-fixture.js";

let offered: PluginPackage[];
beforeEach(() => {
  offered = [];
});

/** Offers `versions` one after the other, and installs each. */
async function installed(...versions: readonly string[]) {
  const made = await installerOf([sourceOf(offered)]);
  for (const version of versions) {
    offered.push(await pluginPackage({ version }));
    await made.installer.install(ID);
  }
  return made;
}

const filesIn = async (store: InstallStore): Promise<number> => (await store.state()).files.size;

describe("installing", () => {
  it("installs the newest version, lists it, and a host can load it", async () => {
    const { installer, store } = await installed("1.0.0", "1.1.0");
    const [plugin] = await installer.list();
    expect(plugin).toMatchObject({ id: ID, version: "1.1.0", previousVersion: "1.0.0", title: "Sample", publisher: await keyIdOf(1), source: `a test's ${ID} 1.1.0` });
    expect(await loadable(store)).toBe("1.1.0");
    // The version before can still be asked for by its name.
    expect(await loadable(store, ID, "1.0.0")).toBe("1.0.0");
    expect(await loadable(store, ID, "3.0.0")).toBeUndefined();
  });

  it("keeps what versions share once, and two versions at most", async () => {
    const { installer, store } = await installed("1.0.0");
    // The manifest, its signature, the component, the glue and a module.
    expect(await filesIn(store)).toBe(5);
    const [{ bytes } = { bytes: 0 }] = await installer.list();
    offered.push(await pluginPackage({ version: "2.0.0" }));
    await installer.update(ID);
    expect(await filesIn(store)).toBe(8);
    offered.push(await pluginPackage({ version: "3.0.0" }));
    await installer.update(ID);
    expect(await filesIn(store)).toBe(8);
    const [plugin] = await installer.list();
    expect(plugin?.bytes).toBeGreaterThan(bytes);
    expect(plugin?.ownBytes).toBe(plugin?.bytes);
  });

  it("counts what two plugins share for each, and as nobody's own", async () => {
    const { installer, store } = await installed("1.0.0");
    offered.push(await pluginPackage({ id: "acme.other", version: "1.0.0", content: "1.0.0" }));
    await installer.install("acme.other");
    const plugins = await installer.list();
    expect(plugins.map(({ id }) => id)).toEqual(["acme.other", ID]);
    expect(await filesIn(store)).toBe(7);
    for (const { bytes, ownBytes } of plugins) expect(ownBytes).toBeLessThan(bytes - 1_000);
    await installer.uninstall("acme.other", { data: "delete" });
    expect(await loadable(store)).toBe("1.0.0");
    expect(await filesIn(store)).toBe(5);
  });

  it("fetches only what is not there, and tells what it does", async () => {
    const read: string[] = [];
    const alter = (path: string, bytes: Uint8Array) => {
      read.push(path);
      return bytes;
    };
    offered.push(await pluginPackage({ version: "1.0.0", alter }));
    const { installer } = await installerOf([sourceOf(offered)]);
    await installer.install(ID);
    expect(read.sort()).toEqual(["component.wasm", "transpiled/browser-sync/glue.js", "transpiled/core/own.wasm"]);
    read.length = 0;
    offered.push(await pluginPackage({ version: "1.1.0", alter }));
    const progress: InstallProgress[] = [];
    await installer.update(ID, { onProgress: (step) => progress.push(step) });
    expect(read).toEqual(["transpiled/browser-sync/glue.js"]);
    expect(progress[0]).toEqual({ phase: "resolve" });
    const last = progress.findLast(({ phase }) => phase === "store");
    expect(last).toMatchObject({ storedBytes: (last as { totalBytes: number }).totalBytes });
    expect(progress.at(-1)).toEqual({ phase: "switch" });
  });

  it("does not take over a file of the right size and other content", async () => {
    const { installer, store } = await installed("1.0.0");
    for (const sha256 of (await store.state()).files) {
      const bytes = (await store.readFile(sha256)) as Uint8Array;
      await store.writeFile(sha256, bytes.with(0, (bytes[0] ?? 0) ^ 1));
    }
    await installer.install(ID);
    expect(await loadable(store)).toBe("1.0.0");
  });

  it("mends what is damaged when the same version is installed again", async () => {
    const { installer, store } = await installed("1.0.0", "2.0.0");
    for (const sha256 of (await store.state()).files) await store.writeFile(sha256, new Uint8Array([1]));
    await expectRefusal(() => loadable(store), "installation-damaged");
    const plugin = await installer.install(ID);
    expect([plugin.version, plugin.previousVersion]).toEqual(["2.0.0", "1.0.0"]);
    expect(await loadable(store)).toBe("2.0.0");
    await expectRefusal(() => installer.rollBack(ID), "installation-damaged");
    expect(await loadable(store)).toBe("2.0.0");
  });

  it("refuses a package that is not whole, and leaves the old version and nothing else", async () => {
    const { installer, store } = await installed("1.0.0");
    offered.push(await pluginPackage({ version: "2.0.0", alter: (path, bytes) => (path.endsWith("own.wasm") ? bytes.with(0, 9) : bytes) }));
    // Something else under the digest of a file that is not read again must not help it.
    for (const { sha256 } of offered[1]?.manifest.files ?? []) await store.writeFile(sha256, new Uint8Array(3));
    await expectRefusal(() => installer.update(ID), "digest-mismatch");
    await installer.install(ID, { version: "1.0.0" });
    expect(await loadable(store)).toBe("1.0.0");
    expect(await filesIn(store)).toBe(5);
  });

  it("refuses what no host of this version can load", async () => {
    const { installer, store } = await installed("1.0.0");
    offered.push(await pluginPackage({ version: "2.0.0", manifest: { minimumHost: "99.0.0" } }));
    await expectRefusal(() => installer.update(ID), "host-too-old");
    expect(await loadable(store)).toBe("1.0.0");
  });

  it("refuses a source's package of another id, and what no source has", async () => {
    const other = await pluginPackage({ id: "acme.other", version: "1.0.0" });
    const lying = { ...sourceOf([]), open: async () => other };
    const { installer } = await installerOf([lying]);
    await expectRefusal(() => installer.install(ID), "manifest-mismatch");
    await expectRefusal(async () => (await installerOf([])).installer.install(ID), "plugin-not-found");
    await expectRefusal(() => installer.update(ID), "not-installed");
    await expectRefusal(() => installer.rollBack(ID), "not-installed");
    await expectRefusal(() => installer.uninstall(ID, { data: "keep" }), "not-installed");
    await expectRefusal(() => installer.uninstall(ID, { data: "delete" }), "not-installed");
  });

  it("installs a file by its signature", async () => {
    const { installer, store } = await installerOf([]);
    const one = await pluginPackage({ version: "1.0.0" });
    const files = new Map([["manifest.json", one.manifestBytes], ["manifest.sig", one.signatureBytes ?? new Uint8Array()]]);
    for (const { path } of one.manifest.files) files.set(path, await one.readFile(path));
    const plugin = await installer.installFile(new File([new Uint8Array(await encodeArchive(files))], "sample.tar.gz"));
    expect(plugin).toMatchObject({ id: ID, version: "1.0.0", source: "sample.tar.gz" });
    expect(await loadable(store)).toBe("1.0.0");
    await expectRefusal(() => installer.installFile(new Uint8Array([1, 2, 3])), "package-invalid");
    files.delete("manifest.sig");
    await expectRefusal(async () => installer.installFile(await encodeArchive(files)), "signature-missing");
  });

  it("can be aborted, and ends in time, with the old version as it was", async () => {
    const { installer, store } = await installed("1.0.0");
    let reached: () => void = () => undefined;
    const reading = new Promise<void>((resolve) => (reached = resolve));
    offered.push(await pluginPackage({ version: "2.0.0", alter: () => {
      reached();
      return new Promise<Uint8Array>(() => undefined);
    } }));
    const controller = new AbortController();
    const aborted = refusal(() => installer.update(ID, { signal: controller.signal }), "aborted");
    await reading;
    controller.abort(new Error("the person went on"));
    expect(await aborted).toContain(`Updating ${ID} was aborted`);
    await expectRefusal(() => installer.update(ID, { timeoutMs: 20 }), "timeout");
    await expectRefusal(() => installer.update(ID, { signal: AbortSignal.abort() }), "aborted");
    expect(await loadable(store)).toBe("1.0.0");
  });

  it("works again after an interrupted attempt in the same page", async () => {
    const { installer, store } = await installed("1.0.0");
    const whole = await pluginPackage({ version: "2.0.0" });
    offered.push(await pluginPackage({ version: "2.0.0", alter: () => Promise.reject(new Error("connection lost")) }));
    await expectRefusal(() => installer.update(ID), "source-unreachable");
    offered.push(whole);
    expect((await installer.update(ID)).version).toBe("2.0.0");
    expect([...(await store.state()).records.keys()]).toEqual([`plugin:${ID}`]);
  });
});

describe("what may take the place of what", () => {
  it("never goes below the highest version by itself, not after a roll-back, not after an uninstallation that kept data", async () => {
    const { installer } = await installed("1.0.0", "2.0.0");
    await expectRefusal(() => installer.install(ID, { version: "1.0.0" }), "downgrade-refused");
    await installer.rollBack(ID);
    offered.push(await pluginPackage({ version: "1.5.0" }));
    await expectRefusal(() => installer.update(ID), "downgrade-refused");
    await installer.uninstall(ID, { data: "keep" });
    await expectRefusal(() => installer.install(ID), "downgrade-refused");
    expect((await installer.install(ID, { allowDowngrade: true })).version).toBe("1.5.0");
    await expectRefusal(() => installer.install(ID, { version: "1.0.0" }), "downgrade-refused");
    await installer.uninstall(ID, { data: "delete" });
    expect((await installer.install(ID, { version: "1.0.0" })).version).toBe("1.0.0");
  });

  it("takes an update only from a source that has a newer one", async () => {
    const { installer, store } = await installed("1.0.0", "2.0.0");
    offered.splice(1, 1);
    expect((await installer.update(ID)).version).toBe("2.0.0");
    expect((await installer.update(ID, { allowDowngrade: true })).version).toBe("1.0.0");
    expect(await loadable(store)).toBe("1.0.0");
  });

  it("refuses other content under a version that is, or was, installed", async () => {
    const { installer, store } = await installed("1.0.0", "2.0.0");
    for (const version of ["2.0.0", "2.0.0+other"]) {
      offered.push(await pluginPackage({ version, content: "other" }));
      await expectRefusal(() => installer.install(ID), "version-conflict");
      await expectRefusal(() => installer.update(ID), "version-conflict");
    }
    offered.push(await pluginPackage({ version: "1.0.0", content: "other" }));
    await expectRefusal(() => installer.install(ID, { allowDowngrade: true }), "version-conflict");
    await installer.uninstall(ID, { data: "keep" });
    await expectRefusal(() => installer.install(ID, { version: "2.0.0+other" }), "version-conflict");
    expect((await installer.install(ID, { version: "2.0.0+other", allowChangedContent: true })).version).toBe("2.0.0+other");
    expect(await loadable(store)).toBe("2.0.0+other");
  });

  it("keeps to the publisher of the first installation, whatever other keys are trusted, added or put first", async () => {
    const { installer, store } = await installed("1.0.0");
    offered.push(await pluginPackage({ version: "2.0.0", signers: [2] }));
    await expectRefusal(() => installer.update(ID), "publisher-changed");
    offered.push(await pluginPackage({ version: "2.1.0", signers: [2, 1] }));
    const { installer: reordered } = await installerOf([sourceOf(offered)], { store, trust: await trustThree([2, 1]) });
    expect(await reordered.update(ID)).toMatchObject({ version: "2.1.0", publisher: await keyIdOf(1) });
    // A key that signed as well is still no publisher of the next version.
    offered.push(await pluginPackage({ version: "3.0.0", signers: [2] }));
    await expectRefusal(() => installer.update(ID), "publisher-changed");
    await installer.uninstall(ID, { data: "keep" });
    await expectRefusal(() => installer.install(ID), "publisher-changed");
    expect(await installer.install(ID, { allowPublisherChange: true })).toMatchObject({ version: "3.0.0", publisher: await keyIdOf(2) });
    offered.push(await pluginPackage({ version: "4.0.0", signers: [1] }));
    await expectRefusal(() => installer.update(ID), "publisher-changed");
  });

  it("never puts an unsigned package in the place of a signed one, and pins the signer of one that was unsigned", async () => {
    const { installer, store } = await installerOf([sourceOf(offered)], { trust: await trustAnybody() });
    offered.push(await pluginPackage({ version: "1.0.0", signers: [] }));
    expect((await installer.install(ID)).publisher).toBeNull();
    offered.push(await pluginPackage({ version: "1.1.0", signers: [] }));
    await installer.update(ID);
    offered.push(await pluginPackage({ version: "2.0.0", signers: [3] }));
    expect((await installer.update(ID)).publisher).toBe(await keyIdOf(3));
    offered.push(await pluginPackage({ version: "3.0.0", signers: [] }));
    await expectRefusal(() => installer.update(ID, { allowPublisherChange: true }), "publisher-changed");
    expect(await loadable(store)).toBe("2.0.0");
    await installer.uninstall(ID, { data: "keep" });
    await expectRefusal(() => installer.install(ID, { allowPublisherChange: true }), "publisher-changed");
  });

  it("refuses at load what another key signed, wherever it came from", async () => {
    const { store } = await installed("1.0.0");
    const other = await pluginPackage({ version: "1.0.0", content: "other", signers: [2] });
    const { installer, store: others } = await installerOf([sourceOf([other])]);
    await installer.install(ID);
    // Somebody exchanges the plugin, but not the key that it is pinned to.
    const [mine, theirs] = [await store.readRecord(`plugin:${ID}`), await others.readRecord(`plugin:${ID}`)] as readonly { active: object }[];
    for (const sha256 of (await others.state()).files) await store.writeFile(sha256, (await others.readFile(sha256)) as Uint8Array);
    const forged = { ...mine, active: { ...theirs?.active, publisher: await keyIdOf(1) } };
    await store.update(() => ({ put: new Map([[`plugin:${ID}`, forged]]) }));
    await expectRefusal(() => loadable(store), "publisher-changed");
  });
});

describe("rolling back", () => {
  it("goes back without any source, and forward again", async () => {
    const { store } = await installed("1.0.0", "2.0.0");
    const { installer } = await installerOf([], { store });
    expect(await installer.rollBack(ID)).toMatchObject({ version: "1.0.0", previousVersion: "2.0.0" });
    expect(await installer.rollBack(ID)).toMatchObject({ version: "2.0.0", previousVersion: "1.0.0" });
    expect(await loadable(store)).toBe("2.0.0");
  });

  it("refuses a version of which any file is not whole, and stays where it is", async () => {
    const { installer, store } = await installed("1.0.0", "2.0.0");
    const record = (await store.readRecord(`plugin:${ID}`)) as Record<"active" | "previous", { files: { sha256: string }[] }>;
    const shared = new Set(record.active.files.map(({ sha256 }) => sha256));
    const [glue] = offered[0]?.manifest.files.filter(({ path }) => path.endsWith("glue.js")) ?? [];
    if (glue === undefined || shared.has(glue.sha256)) throw new Error("the glue is to be the old version's own");
    await store.writeFile(glue.sha256, new Uint8Array(glue.size));
    await expectRefusal(() => installer.rollBack(ID), "digest-mismatch");
    expect(await loadable(store)).toBe("2.0.0");
  });

  it("refuses where no version before is kept", async () => {
    const { installer } = await installed("1.0.0");
    expect(await refusal(() => installer.rollBack(ID), "not-installed")).toContain("no version before 1.0.0");
  });

  it("refuses a version whose publisher is not trusted any more", async () => {
    const { store } = await installed("1.0.0", "2.0.0");
    const { installer } = await installerOf([], { store, trust: await trustThree([2, 3]) });
    await expectRefusal(() => installer.rollBack(ID), "key-untrusted");
    expect(await loadable(store)).toBe("2.0.0");
  });
});

describe("looking for updates", () => {
  it("tells what is newer, from the first source that has the plugin, and what was rolled back", async () => {
    const { installer, store } = await installed("1.0.0", "2.0.0");
    expect(await installer.checkForUpdates()).toEqual({ updates: [], problems: [] });
    await installer.rollBack(ID);
    const update = { id: ID, version: "2.0.0", installedVersion: "1.0.0", wasRolledBack: true, source: "a test's source" };
    expect((await installer.checkForUpdates()).updates).toEqual([update]);
    const broken = { name: "broken", open: () => Promise.reject(new Error("down")), list: (): AsyncIterable<never> => { throw new Error("down"); } };
    const later = sourceOf([await pluginPackage({ version: "9.0.0" })], "later");
    const { installer: other } = await installerOf([broken, sourceOf(offered), later], { store });
    const found = await other.checkForUpdates();
    expect(found.updates).toEqual([update]);
    expect(found.problems.map(({ code }) => code)).toEqual(["source-unreachable"]);
    // It is not asked again by itself, and installed again where that is wanted.
    expect(await installer.update(ID)).toMatchObject({ version: "2.0.0", previousVersion: "1.0.0" });
    expect((await installer.checkForUpdates()).updates).toEqual([]);
  });

  it("is not misled by entries that are none", async () => {
    const { store } = await installed("1.0.0");
    const odd = { name: "odd", open: async () => undefined, async *list() {
      for (const version of ["newest", "", "2.0", "1.0.0"]) yield { listing: { id: ID, version, title: undefined, description: undefined, source: "odd" } };
      yield { listing: { id: "__proto__", version: "9.0.0", title: undefined, description: undefined, source: "odd" } };
    } };
    expect(await (await installerOf([odd], { store })).installer.checkForUpdates()).toEqual({ updates: [], problems: [] });
  });
});

describe("uninstalling", () => {
  /** A plugin with something in every place that an app named. */
  async function withData() {
    const places = { grants: memoryGrantStore(), keyvalue: memoryKeyValue(), cache: null, directories: vi.fn(async () => [directory]) };
    const directory = memoryDirectory();
    const store = memoryInstallStore();
    const { installer } = await installerOf([sourceOf(offered)], { store, data: places });
    offered.push(await pluginPackage({ version: "1.0.0" }));
    await installer.install(ID);
    const place = { namespace: keyValueIdentity(ID, await keyIdOf(1)), bucket: "" };
    const elsewhere = { namespace: keyValueIdentity(ID, await keyIdOf(2)), bucket: "" };
    for (const one of [place, elsewhere]) await places.keyvalue.update(one, ["k"], () => [new Uint8Array(3)]);
    const grant = { vouchers: [`key:${await keyIdOf(1)}`], asked: "clocks", capability: "clocks", decision: "always" as const, time: 1, title: undefined, version: "1.0.0" };
    for (const pluginId of [ID, "acme.other"]) await places.grants.put({ ...grant, pluginId });
    await directory.createDirectory(["deep"]);
    await directory.createFile(["deep", "file"]);
    await directory.createFile(["file"]);
    const left = async () => ({
      value: (await places.keyvalue.get(place, ["k"]))[0] !== undefined,
      others: (await places.keyvalue.get(elsewhere, ["k"]))[0] !== undefined,
      grants: (await places.grants.list()).map((record) => (record as { pluginId: string }).pluginId),
      entries: (await directory.list([])).length,
      record: (await store.state()).records.size,
      files: (await store.state()).files.size,
    });
    return { installer, store, places, left };
  }

  it("keeps data that shall be kept, with what protects it", async () => {
    const { installer, left, places } = await withData();
    await installer.uninstall(ID, { data: "keep" });
    expect(await left()).toEqual({ value: true, others: true, grants: [ID, "acme.other"], entries: 2, record: 1, files: 0 });
    expect(await installer.list()).toEqual([]);
    expect(places.directories).not.toHaveBeenCalled();
    // It can still be deleted later.
    await installer.uninstall(ID, { data: "delete" });
    expect(await left()).toEqual({ value: false, others: true, grants: ["acme.other"], entries: 0, record: 0, files: 0 });
  });

  it("deletes data that shall be deleted, and no other publisher's and no other plugin's", async () => {
    const { installer, left } = await withData();
    await installer.uninstall(ID, { data: "delete" });
    expect(await left()).toEqual({ value: false, others: true, grants: ["acme.other"], entries: 0, record: 0, files: 0 });
  });

  it("tells that data could not be deleted, has uninstalled the plugin, and deletes it at the next attempt", async () => {
    const { installer, store, places, left } = await withData();
    const forget = places.keyvalue.forget.bind(places.keyvalue);
    places.keyvalue.forget = () => Promise.reject(new Error("the disk is broken"));
    expect(await refusal(() => installer.uninstall(ID, { data: "delete" }), "storage-failed")).toContain("the disk is broken");
    expect(await loadable(store)).toBeUndefined();
    expect(await left()).toMatchObject({ value: true, entries: 0, record: 1 });
    // Nothing is installed into what is still to be deleted.
    await expectRefusal(() => installer.install(ID), "busy");
    places.keyvalue.forget = forget;
    await installer.uninstall(ID, { data: "delete" });
    expect(await left()).toMatchObject({ value: false, record: 0 });
    expect((await installer.install(ID)).version).toBe("1.0.0");
  });

  it("ends an interrupted deletion before it installs, so that nothing new is lost to it", async () => {
    const { installer, store, places, left } = await withData();
    places.keyvalue.forget = () => Promise.reject(new Error("the page ends"));
    await expectRefusal(() => installer.uninstall(ID, { data: "delete" }), "storage-failed");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ABANDONED_MILLISECONDS + 1 });
    let forgotten = 0;
    const keyvalue = { ...memoryKeyValue(), forget: async () => void (forgotten += 1) };
    const { installer: next, problems } = await installerOf([sourceOf(offered)], { store, data: { ...places, keyvalue } });
    expect((await next.install(ID)).version).toBe("1.0.0");
    vi.useRealTimers();
    await next.recover();
    expect([forgotten, problems]).toEqual([1, []]);
    expect(await left()).toMatchObject({ record: 1, files: 5 });
    expect(await loadable(store)).toBe("1.0.0");
  });

  it("needs to be told what becomes of the data", async () => {
    const { installer } = await installed("1.0.0");
    for (const options of [undefined, {}, { data: "all" }]) await expectRefusal(() => installer.uninstall(ID, options as { data: "keep" }), "usage-invalid");
    expect((await installer.list()).length).toBe(1);
  });
});

describe("several pages at once, without locks", () => {
  it("installs one version when many install it, and leaves nothing behind", async () => {
    const store = memoryInstallStore();
    offered.push(await pluginPackage({ version: "1.0.0" }));
    const pages = await Promise.all(Array.from({ length: 8 }, () => installerOf([sourceOf(offered)], { store })));
    await Promise.all(pages.map(({ installer }) => installer.install(ID)));
    expect(await loadable(store)).toBe("1.0.0");
    expect((await store.state()).records.size).toBe(1);
  });

  it("holds every rule against what another page did meanwhile", async () => {
    const { installer, store } = await installed("1.0.0");
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    let reached: () => void = () => undefined;
    const reading = new Promise<void>((resolve) => (reached = resolve));
    // While 2.0.0 is fetched, another page installs 3.0.0.
    offered.push(await pluginPackage({ version: "2.0.0", alter: async (_path, bytes) => {
      reached();
      await gate;
      return bytes;
    } }));
    const late = refusal(() => installer.update(ID), "downgrade-refused");
    await reading;
    const { installer: faster } = await installerOf([sourceOf([await pluginPackage({ version: "3.0.0" })])], { store });
    await faster.update(ID);
    go();
    await late;
    expect(await loadable(store)).toBe("3.0.0");
    expect((await store.state()).records.size).toBe(1);
  });

  it("keeps what one page is storing while another one tidies", async () => {
    const { installer, store } = await installed("1.0.0");
    const read: string[] = [];
    offered.push(await pluginPackage({ version: "2.0.0", manifest: { metadata: { title: "Other" } }, alter: async (path, bytes) => {
      read.push(path);
      await (await installerOf([], { store })).installer.recover();
      return bytes;
    } }));
    const files = (await store.state()).files;
    for (const sha256 of files) await store.writeFile(sha256, new Uint8Array(1));
    expect((await installer.update(ID)).version).toBe("2.0.0");
    expect(read.length).toBe(new Set(read).size);
    expect(read.length).toBe(3);
  });

  it("stores again what another page took for leftovers", async () => {
    const { installer, store } = await installed("1.0.0");
    let isFirst = true;
    offered.push(await pluginPackage({ version: "2.0.0", alter: async (_path, bytes) => {
      // A page without locks, and with a clock that is far off.
      if (isFirst) await store.update(({ records, files }) => ({ delete: [...records.keys()].filter((name) => name.startsWith("staging:")), deleteFiles: [...files] }));
      isFirst = false;
      return bytes;
    } }));
    expect((await installer.update(ID)).version).toBe("2.0.0");
    expect(await loadable(store)).toBe("2.0.0");
  });

  it("leaves one of the two states when pages update, roll back and uninstall at once", async () => {
    for (let round = 0; round < 20; round += 1) {
      offered.length = 0;
      const { store } = await installed("1.0.0", "2.0.0");
      offered.push(await pluginPackage({ version: "3.0.0" }));
      const pages = await Promise.all(Array.from({ length: 3 }, () => installerOf([sourceOf(offered)], { store })));
      const [one, two, three] = pages.map(({ installer }) => installer);
      const outcomes = await Promise.allSettled([one?.update(ID), two?.rollBack(ID), three?.uninstall(ID, { data: "keep" })]);
      for (const outcome of outcomes) if (outcome.status === "rejected") expect(["not-installed", "installation-damaged"]).toContain((outcome.reason as { code: string }).code);
      expect([undefined, "1.0.0", "2.0.0", "3.0.0"]).toContain(await loadable(store));
    }
  });
});

describe("telling of changes", () => {
  const told = (changes: readonly InstalledChange[]) => changes.map(({ version, previousVersion }) => [previousVersion, version]);

  it("tells of every switch, before the operation ends, and of nothing else", async () => {
    const changes: InstalledChange[] = [];
    const { installer, store } = await installerOf([sourceOf(offered)]);
    const end = installer.onChange((change) => changes.push(change));
    for (const version of ["1.0.0", "2.0.0"]) {
      offered.push(await pluginPackage({ version }));
      await installer.install(ID);
    }
    await installer.install(ID);
    await installer.rollBack(ID);
    await installer.uninstall(ID, { data: "keep" });
    expect(told(changes)).toEqual([[undefined, "1.0.0"], ["1.0.0", "2.0.0"], ["2.0.0", "1.0.0"], ["1.0.0", undefined]]);
    end();
    await installer.install(ID);
    store.announce?.();
    await installer.list();
    expect(changes.length).toBe(4);
  });

  it("reports a listener's own mistake, and tells the others", async () => {
    const reported: unknown[] = [];
    vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
    const { installer, store } = await installed();
    const changes: InstalledChange[] = [];
    installer.onChange(() => { throw new Error("mistake"); });
    watchInstalled(store, (change) => changes.push(change));
    offered.push(await pluginPackage({ version: "1.0.0" }));
    await installer.install(ID);
    vi.unstubAllGlobals();
    expect([reported.length, changes.length]).toEqual([1, 1]);
  });
});

describe("what a store may be", () => {
  const junk: readonly unknown[] = [null, 5, "text", [], {}, { schema: 2 }, new Date(0), { schema: 1, id: ID }];
  it.each(junk.map((record) => [record]))("fails closed over a record that is %j, hides nothing else, and can be cleared", async (record) => {
    const { installer, store, problems } = await installed("1.0.0");
    offered.push(await pluginPackage({ id: "acme.other", version: "1.0.0" }));
    await installer.install("acme.other");
    const before = await filesIn(store);
    await store.update(() => ({ put: new Map([[`plugin:${ID}`, record]]) }));
    await expectRefusal(() => loadable(store), "installation-damaged");
    await expectRefusal(() => installer.install(ID), "installation-damaged");
    await expectRefusal(() => installer.uninstall(ID, { data: "keep" }), "installation-damaged");
    expect((await installer.list()).map(({ id }) => id)).toEqual(["acme.other"]);
    expect(problems).toContain("installation-damaged");
    const source = installedPlugins({ store });
    const items: SourceItem[] = [];
    for await (const item of source.list({} as never)) items.push(item);
    expect(items.map((item) => ("listing" in item ? item.listing.id : item.problem.code)).sort()).toEqual(["acme.other", "installation-damaged"]);
    // What the record needed is not known, so nothing is thrown away.
    expect(await filesIn(store)).toBe(before);
    await installer.uninstall(ID, { data: "delete" });
    expect((await installer.install(ID)).version).toBe("1.0.0");
    expect(await loadable(store)).toBe("1.0.0");
  });

  it("refuses a record that stands under another plugin's name", async () => {
    const { store } = await installed("1.0.0");
    const record = await store.readRecord(`plugin:${ID}`);
    await store.update(() => ({ put: new Map([["plugin:acme.other", record]]) }));
    await expectRefusal(() => loadable(store, "acme.other"), "installation-damaged");
    const { installer, problems } = await installerOf([], { store });
    expect((await installer.list()).map(({ id }) => id)).toEqual([ID]);
    expect(problems).toContain("installation-damaged");
  });

  it("refuses a record whose version is not that of its manifest", async () => {
    const { store } = await installed("1.0.0");
    const record = (await store.readRecord(`plugin:${ID}`)) as { active: object };
    await store.update(() => ({ put: new Map([[`plugin:${ID}`, { ...record, active: { ...record.active, version: "7.0.0" } }]]) }));
    await expectRefusal(() => loadable(store), "installation-damaged");
  });

  it.each(["QuotaExceededError", "UnknownError"])("tells a store's %s apart, and keeps the old version", async (name) => {
    const { store } = await installed("1.0.0");
    const failing: InstallStore = { ...store, writeFile: () => Promise.reject(new DOMException("no", name)) };
    const { installer } = await installerOf([sourceOf(offered)], { store: failing });
    offered.push(await pluginPackage({ version: "2.0.0" }));
    await expectRefusal(() => installer.update(ID), name === "QuotaExceededError" ? "storage-full" : "storage-failed");
    expect(await loadable(store)).toBe("1.0.0");
    expect((await store.state()).records.size).toBe(1);
    expect(await filesIn(store)).toBe(5);
  });

  it("refuses what is no store, and limits that are none", async () => {
    const trust = await trustThree();
    for (const store of [undefined, null, {}, "indexeddb"]) {
      await expectRefusal(() => new PluginInstaller({ sources: [], trust, store: store as never }), "usage-invalid");
      await expectRefusal(() => installedPlugins({ store: store as never }), "usage-invalid");
    }
    await expectRefusal(() => new PluginInstaller({ sources: [], trust, store: memoryInstallStore(), limits: { packageBytes: -1 } }), "usage-invalid");
  });

  it.each(["__proto__", "constructor", "", "../x", "Acme.Blur", "a".repeat(200)])("finds nothing under the name %j", async (id) => {
    const { installer, store } = await installed("1.0.0");
    await expectRefusal(() => installer.install(id), "plugin-not-found");
    expect(await installedPlugins({ store }).open(id, undefined, {} as never)).toBeUndefined();
  });
});
