/** Attacks on installed plugins: somebody wants other code to run under an installed plugin's name. Each must change nothing. */
import type { Page } from "@playwright/test";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { ID, InstalledPage, type OpenRequest, putVersions, versionOf, type VersionOptions } from "../support/installable.js";
import { publisherKey } from "../support/plugin-page.js";
import { archiveFiles, newKey, publisherSeed, type RegistryChanges, type TestKey, type TestPackage } from "../support/test-registry.js";
import { encodeArchive } from "../../src/node/package-archive.js";

/** What an attacker's version does is told by what it calls itself. */
const HOSTILE = "9.0.0";

interface Victim {
  readonly installed: InstalledPage;
  /** Another publisher whom the app trusts as well, for other plugins. */
  readonly other: TestKey;
  publish(versions: readonly TestPackage[], changes?: RegistryChanges): Promise<unknown>;
  /** The plugin is what it was: installed, whole, and it runs. */
  expectUnchanged(): Promise<void>;
}

/** A page with versions 1.0.0 and 2.0.0 of the plugin installed, by an app that trusts two publishers. */
async function victim(page: Page, server: TestServer, more: Partial<OpenRequest> = {}): Promise<Victim> {
  const other = await newKey();
  let sequence = 1;
  const publish: Victim["publish"] = (versions, changes = {}) => putVersions(server, versions, "versions", { sequence: (sequence += 1), ...changes });
  await publish([await versionOf("1.0.0")]);
  const installed = new InstalledPage(page, server);
  await installed.open({ index: ["../packages/versions/index.json"], keys: [await publisherKey(), other.publicKey], ...more });
  expect((await installed.operate("install", ID)).value).toMatchObject({ version: "1.0.0" });
  await publish([await versionOf("1.0.0"), await versionOf("2.0.0")]);
  expect((await installed.operate("update", ID)).value).toMatchObject({ version: "2.0.0" });
  const before = await installed.inspect();
  return {
    installed, other, publish,
    expectUnchanged: async () => {
      expect(await installed.inspect()).toEqual(before);
      await forgetCode(page);
      expect(await installed.load()).toEqual({ version: "2.0.0", value: 42, grants: [] });
    },
  };
}

/** So that a load needs what is stored, and no compiled code of an earlier one stands in for it. */
async function forgetCode(page: Page): Promise<void> {
  await page.evaluate(() => new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase("portcullis-compile-cache");
    request.onsuccess = () => resolve();
    request.onerror = () => reject(new Error(String(request.error)));
  }));
}

async function putFile(server: TestServer, version: TestPackage): Promise<string> {
  await server.putFile("packages/dropped.tar.gz", await encodeArchive(archiveFiles(version)));
  return "../packages/dropped.tar.gz";
}

const hostile = (options: VersionOptions = {}) => versionOf(HOSTILE, { content: "hostile", ...options });

test.describe("what a registry or a file brings", () => {
  test("another trusted publisher's update does not take the plugin over", async ({ page, server }) => {
    const { installed, other, publish, expectUnchanged } = await victim(page, server);
    const theirs = await hostile({ seeds: [other.seed] });
    await publish([theirs], { seeds: [other.seed] });
    for (const operation of ["update", "install"]) expect((await installed.operate(operation, ID)).error).toMatchObject({ code: "publisher-changed", pluginId: ID });
    expect((await installed.operate("install", ID, { version: HOSTILE, allowDowngrade: true, allowChangedContent: true })).error?.code).toBe("publisher-changed");
    expect((await installed.installAddress(await putFile(server, theirs))).error?.code).toBe("publisher-changed");
    await expectUnchanged();
    // Nor after the plugin was uninstalled and its data kept for its publisher.
    await installed.operate("uninstall", ID, { data: "keep" });
    expect((await installed.operate("install", ID)).error?.code).toBe("publisher-changed");
  });

  test("a publisher who adds a signature to an update does not become the next version's publisher", async ({ page, server }) => {
    const { installed, other, publish } = await victim(page, server);
    await publish([await versionOf("3.0.0", { seeds: [other.seed, await publisherSeed()] })]);
    expect((await installed.operate("update", ID)).value).toMatchObject({ version: "3.0.0" });
    await publish([await hostile({ seeds: [other.seed] })]);
    expect((await installed.operate("update", ID)).error?.code).toBe("publisher-changed");
    expect((await installed.load()).version).toBe("3.0.0");
  });

  test("a registry that offers only an old version does not bring it back", async ({ page, server }) => {
    const { installed, publish, expectUnchanged } = await victim(page, server);
    await publish([await versionOf("1.0.0")]);
    expect((await installed.operate("install", ID)).error?.code).toBe("downgrade-refused");
    expect((await installed.operate("install", ID, { version: "1.0.0" })).error?.code).toBe("downgrade-refused");
    // Looking for something newer finds nothing, and that is all.
    expect((await installed.operate("update", ID)).value).toMatchObject({ version: "2.0.0" });
    expect((await installed.installAddress(await putFile(server, await versionOf("1.0.0")))).error?.code).toBe("downgrade-refused");
    await expectUnchanged();
    await installed.operate("uninstall", ID, { data: "keep" });
    expect((await installed.operate("install", ID)).error?.code).toBe("downgrade-refused");
  });

  test("the installed version with other content is refused, though its publisher signed it", async ({ page, server }) => {
    const { installed, publish, expectUnchanged } = await victim(page, server);
    for (const version of ["2.0.0", "2.0.0+again"]) {
      await publish([await versionOf(version, { content: "hostile" })]);
      expect((await installed.operate("update", ID)).error?.code).toBe("version-conflict");
      expect((await installed.operate("install", ID)).error?.code).toBe("version-conflict");
    }
    await expectUnchanged();
  });

  test("a file that was changed on the way is not installed, and what arrived before it is removed", async ({ page, server }) => {
    const { installed, publish, expectUnchanged } = await victim(page, server);
    const next = await versionOf("3.0.0");
    await publish([{ ...next, files: new Map([...next.files].map(([path, bytes]) => [path, path === "assets/3.bin" ? bytes.toReversed() : bytes])) }]);
    expect((await installed.operate("update", ID)).error?.code).toBe("digest-mismatch");
    await expectUnchanged();
  });

  test("a package does not come in under another plugin's name", async ({ page, server }) => {
    const { installed, publish, expectUnchanged } = await victim(page, server);
    const other = await versionOf(HOSTILE, { fixture: "trap" });
    await publish([other], { entry: (entry) => ({ ...entry, id: ID }) });
    expect((await installed.operate("update", ID)).error?.code).toMatch(/^(manifest-mismatch|source-unreachable|digest-mismatch)$/);
    await expectUnchanged();
  });
});

test.describe("what nobody signed", () => {
  // The browser reports the signature that is not there.
  test.use({ allowPageErrors: true });
  test("an unsigned package does not take a signed one's place, even where unsigned ones are trusted and a change is allowed", async ({ page, server }) => {
    const { installed, publish, expectUnchanged } = await victim(page, server, { unsigned: "an app of developers" });
    const unsigned = await hostile({ seeds: [] });
    await publish([unsigned]);
    const everything = { allowPublisherChange: true, allowDowngrade: true, allowChangedContent: true };
    expect((await installed.operate("update", ID, everything)).error?.code).toBe("publisher-changed");
    expect((await installed.installAddress(await putFile(server, unsigned), everything)).error?.code).toBe("publisher-changed");
    await expectUnchanged();
  });
});

/** Changes the stored record as a script of the same origin can. */
const alter = (installed: InstalledPage, change: string) => installed.evaluateText(`installed.alterRecord(${JSON.stringify(ID)}, (record) => (${change}))`);

test.describe("what a script of the same origin does to the database", () => {
  const REFUSED = ["installation-damaged", "digest-mismatch", "signature-invalid", "signature-missing", "key-untrusted", "publisher-changed", "manifest-invalid"];

  for (const [what, path, content] of [
    ["the component", "component.wasm", "bytes.with(100, bytes[100] ^ 1)"],
    ["the component, cut off", "component.wasm", "bytes.subarray(0, 100)"],
    ["the glue", "transpiled/browser-sync/glue.js", "new TextEncoder().encode('globalThis.wasHere = true; function instantiate() {}')"],
    ["the glue, by what is no file", "transpiled/browser-sync/glue.js", "'function instantiate() {}'"],
    ["the glue, by nothing", "transpiled/browser-sync/glue.js", "undefined"],
    ["the manifest", "manifest.json", "new TextEncoder().encode(new TextDecoder().decode(bytes).replace('2.0.0', '2.0.1'))"],
    ["the manifest, by what is none", "manifest.json", "new Uint8Array(5000)"],
    ["the signature", "manifest.sig", "bytes.with(60, bytes[60] ^ 1)"],
    ["the signature, by nothing", "manifest.sig", "undefined"],
  ] as const) {
    test(`a stored file that was altered never runs: ${what}`, async ({ page, server }) => {
      const { installed } = await victim(page, server);
      const version = await versionOf("2.0.0");
      const listed = version.manifest.files.find((file) => file.path === path)?.sha256;
      const digest = listed ?? (await installed.evaluate(async (modules, [id, name]) => {
        const record = await modules.opened().store.readRecord(`plugin:${id}`);
        return name === "manifest.json" ? record.active.manifest : record.active.signature;
      }, [ID, path] as const)) as string;
      await forgetCode(page);
      await installed.evaluateText(`installed.alterFile(${JSON.stringify(digest)}, (bytes) => (${content}))`);
      const { error } = await installed.load();
      expect(REFUSED, error?.message).toContain(error?.code);
      expect(await page.evaluate(() => "wasHere" in globalThis)).toBe(false);
      expect((await installed.operate("install", ID)).value).toMatchObject({ version: "2.0.0" });
      expect(await installed.load()).toEqual({ version: "2.0.0", value: 42, grants: [] });
    });
  }

  const LIES: readonly (readonly [what: string, change: string])[] = [
    ["another version of it", "{ ...record, active: { ...record.active, version: '3.0.0' } }"],
    ["the manifest of the version before", "{ ...record, active: { ...record.active, manifest: record.previous.manifest } }"],
    ["the signature of the version before", "{ ...record, active: { ...record.active, signature: record.previous.signature } }"],
    ["no signature", "{ ...record, active: { ...record.active, signature: null } }"],
    ["another pinned key", "{ ...record, publisher: 'somebody', active: { ...record.active, publisher: 'somebody' } }"],
    ["a manifest that is not there", "{ ...record, active: { ...record.active, manifest: '0'.repeat(64) } }"],
    ["a name out of the prototype", "{ ...record, active: JSON.parse('{\"__proto__\":1}') }"],
    ["another layout", "{ ...record, schema: 2 }"],
    ["a name of somebody else", "{ ...record, id: 'fixture.trap' }"],
    ["an additional member", "{ ...record, trusted: true }"],
    ["nothing of what it must", "null"],
  ];
  for (const [what, change] of LIES) {
    test(`a record that claims ${what} loads nothing`, async ({ page, server }) => {
      const { installed } = await victim(page, server);
      await alter(installed, change);
      await forgetCode(page);
      const { error } = await installed.load();
      expect(REFUSED, error?.message).toContain(error?.code);
      // And it can be got rid of.
      expect((await installed.operate("uninstall", ID, { data: "delete" })).error).toBeUndefined();
      expect((await installed.operate("install", ID)).value).toMatchObject({ version: "2.0.0" });
    });
  }

  let donors = 0;

  /** Puts a whole package into the database, with a record that makes it the installed one. */
  async function plant(page: Page, server: TestServer, installed: InstalledPage, planted: TestPackage, keys: readonly string[], change: string): Promise<void> {
    await server.putFile("packages/planted.tar.gz", await encodeArchive(archiveFiles(planted)));
    donors += 1;
    const database = `attacker-${donors}`;
    const donor = new InstalledPage(await page.context().newPage(), server);
    await donor.page.goto(server.url("pages/blank.html"));
    await donor.open({ unsigned: "an attacker trusts itself", keys, database });
    expect((await donor.installAddress("../packages/planted.tar.gz")).value).toMatchObject({ version: planted.manifest.version });
    const entries = await donor.evaluate((modules, name) => modules.inDatabase(name, "readonly", async (objects: IDBObjectStore, done: (request: IDBRequest) => Promise<unknown>) => ({
      keys: await done(objects.getAllKeys()), values: ((await done(objects.getAll())) as unknown[]).map((value) => (value instanceof Uint8Array ? [...value] : value)),
    })), database) as { keys: [string, string][]; values: unknown[] };
    await donor.page.close();
    await installed.evaluateText(`installed.inDatabase("portcullis-installed", "readwrite", async (objects, done) => {
      const { keys, values } = ${JSON.stringify(entries)};
      const mine = await done(objects.get(["record", ${JSON.stringify(`plugin:${ID}`)}]));
      for (const [index, key] of keys.entries()) {
        const theirs = values[index];
        await done(objects.put(key[0] === "file" ? new Uint8Array(theirs) : (${change}), key));
      }
    })`);
  }

  test("a whole package of somebody whom nobody trusts, with its own record, does not load", async ({ page, server }) => {
    const { installed } = await victim(page, server);
    const stranger = await newKey();
    for (const [seeds, code] of [[[stranger.seed], "key-untrusted"], [[], "signature-missing"]] as const) {
      await plant(page, server, installed, await hostile({ seeds }), [stranger.publicKey], "theirs");
      expect((await installed.load()).error?.code).toBe(code);
    }
  });

  test("a whole package of another trusted publisher does not load under the pinned key, nor come by a roll-back", async ({ page, server }) => {
    const { installed, other } = await victim(page, server);
    const theirs = await hostile({ seeds: [other.seed] });
    await plant(page, server, installed, theirs, [other.publicKey], "{ ...mine, previous: { ...theirs.active, publisher: mine.publisher } }");
    expect((await installed.operate("rollBack", ID)).error?.code).toBe("publisher-changed");
    expect((await installed.load()).version).toBe("2.0.0");
    expect((await installed.load("small-c", ID, { options: { version: HOSTILE } })).error?.code).toBe("publisher-changed");
    await plant(page, server, installed, theirs, [other.publicKey], "{ ...mine, active: { ...theirs.active, publisher: mine.publisher } }");
    expect((await installed.load()).error?.code).toBe("publisher-changed");
  });

  test("an unsigned package does not load under the pinned key, where unsigned ones are trusted", async ({ page, server }) => {
    const { installed } = await victim(page, server, { unsigned: "an app of developers" });
    await plant(page, server, installed, await hostile({ seeds: [] }), [], "{ ...mine, active: { ...theirs.active, publisher: mine.publisher } }");
    expect((await installed.load()).error?.code).toBe("publisher-changed");
  });
});
