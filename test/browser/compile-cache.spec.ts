/** The compile cache in a page: what is reused, what is noticed, and that nothing that happens to it fails a load. */
import type { StalenessReason } from "../../src/index.js";
import type { Manifest } from "../../src/package/manifest.js";
import type { FixtureName } from "../fixtures/index.js";
import { expect, test, type LoggedRequest } from "../support/browser-test.js";
import { CachePage } from "../support/cache-page.js";
import { type LoadResult, PluginPage } from "../support/plugin-page.js";
import { expectAnswers, ways } from "../support/small-plugin.js";
import { changedPackage, newKey, packedManifest, putRegistry } from "../support/test-registry.js";

const isTranspiler = ({ path }: LoggedRequest): boolean => path.startsWith("/dist/transpiler/");
const isPackageFile = ({ path }: LoggedRequest): boolean => /\/(component\.wasm|transpiled\/.*)$/.test(path);

const times = (loaded: LoadResult, phase: string): number => loaded.progress.filter((step) => step.phase === phase).length;

for (const name of ["types-rust", "medium-js"] as const satisfies readonly FixtureName[]) {
  for (const way of ["signed package", "unsigned component"] as const) {
    test(`${name} as ${way}: a load after the page was closed takes everything from the cache`, async ({ page, server }) => {
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
  const [packaged = ""] = stored.map(({ key }) => key);
  await cache.transplant("/transpiled", packaged);
  const names = (await cache.entries()).find(({ key }) => key === packaged)?.record.files.map(({ sha256 }) => sha256);
  expect(names).not.toEqual(stored[0]?.record.files.map(({ sha256 }) => sha256));
  const loaded = await plugins.loadPackaged("small-c", { name: "after" });
  expect(loaded.report).toMatchObject({ cache: { hit: false, reason: "digest" }, code: "package" });
  await expectAnswers(plugins, "after");
  await expect.poll(async () => (await cache.entries()).find(({ key }) => key === stored[0]?.key)).toEqual(stored[0]);
});
