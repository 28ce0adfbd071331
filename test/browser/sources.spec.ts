/** Where plugins come from: registries, their indexes, and files that a person chose. */
import type { PluginListing } from "../../src/index.js";
import type { Manifest } from "../../src/package/manifest.js";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { packagedDescriptor, PluginPage, publisherKey } from "../support/plugin-page.js";
import { changedPackage, newKey, putRegistry } from "../support/test-registry.js";

const registry = "../packages/registry/index.json";
/** A text with `part` in it, for `toMatchObject`. */
const containing = (part: string): unknown => expect.stringContaining(part);

const changed = (id: string, change: Partial<Manifest> = {}) =>
  changedPackage("small-c", { manifest: (manifest) => ({ ...manifest, id, ...change }) });

test.describe("sources", () => {
  test.use({ allowPageErrors: true });

  async function discover(plugins: PluginPage, indexes: readonly string[], keys: readonly string[]): Promise<readonly PluginListing[]> {
    return plugins.run(async ({ plugins: modules, portcullis }, [given, trusted]) => {
      const host = modules.createHost(portcullis, { sources: given.map((index) => portcullis.urlSource(index)), trust: portcullis.trustKeys(trusted) });
      const found: PluginListing[] = [];
      for await (const listing of host.discover()) found.push(listing);
      return found;
    }, [indexes, keys] as const);
  }

  test("a bad entry and an unreachable source hide nothing and are reported", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const entries = [{ id: "../escape", version: "1.0.0", path: "x", manifestSha256: "0".repeat(64) }, 7, { id: "acme.half" }, null];
    const first = await putRegistry(server, "first", [await changed("acme.one", { metadata: { title: "One" } })], { entries });
    const last = await putRegistry(server, "last", [await changed("acme.two")]);
    const found = await discover(plugins, [first, "../packages/nowhere/index.json", last], [await publisherKey()]);
    expect(found.map(({ id, version }) => [id, version])).toEqual([["acme.one", "1.0.0"], ["acme.two", "1.0.0"]]);
    const problems = (await plugins.events()).filter(({ kind }) => kind === "source-problem") as { source: string; error: { code: string; message: string } }[];
    expect(problems.map(({ error }) => error.code)).toEqual(["index-invalid", "index-invalid", "index-invalid", "index-invalid", "source-unreachable"]);
    expect(problems[0]?.error.message).toContain("Entry 1");
    expect(problems.at(-1)?.source).toContain("/packages/nowhere/index.json");
  });

  test("a load asks the sources in order, and passes over those that fail", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const [first, second] = [await putRegistry(server, "first", [await changed("acme.one")]), await putRegistry(server, "second", [await changed("acme.one", { version: "2.0.0" }), await changed("acme.two")])];
    const load = (id: string, indexes: readonly string[]) => plugins.run(async ({ plugins: modules, portcullis }, [name, given, key, descriptor]) => {
      const host = modules.createHost(portcullis, { sources: given.map((index) => portcullis.urlSource(index)), trust: portcullis.trustKeys([key]) });
      return host.load(name, portcullis.defineInterface(descriptor)).then((handle: { info: { version: string } }) => handle.info.version, (error: unknown) => modules.describeError(error)) as unknown;
    }, [id, indexes, key, descriptor] as const);
    const [key, descriptor] = [await publisherKey(), await packagedDescriptor("small-c")];
    expect(await load("acme.one", [first, second])).toBe("1.0.0");
    expect(await load("acme.one", ["../packages/nowhere/index.json", second])).toBe("2.0.0");
    expect(await load("acme.two", [first, second])).toBe("1.0.0");
    expect(await load("acme.three", [first, second])).toMatchObject({ code: "plugin-not-found", pluginId: "acme.three", message: containing("first/index.json") });
    expect(await load("acme.three", [first, "../packages/nowhere/index.json"])).toMatchObject({ code: "source-unreachable" });
    expect(await load("acme.one", [])).toMatchObject({ code: "plugin-not-found" });
  });

  test("the newest version is taken by its numbers, and another if it is asked for", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const versions = ["1.2.0", "1.10.0", "1.9.3", "1.10.0-rc.1"];
    const index = await putRegistry(server, "versions", await Promise.all(versions.map((version) => changed("acme.one", { version }))));
    const load = (version?: string) => plugins.loadPackaged("small-c", { id: "acme.one", source: { index }, ...(version === undefined ? {} : { load: { version } }) });
    expect((await load()).info?.version).toBe("1.10.0");
    for (const version of versions) expect((await load(version)).info?.version).toBe(version);
    for (const version of ["1.2", "9.0.0", "latest", "__proto__"]) expect((await load(version)).error?.code, version).toBe("plugin-not-found");
  });

  test("names that objects have are no plugins", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    for (const id of ["constructor", "__proto__", "toString", "", "../registry", "fixture.small-c/1.0.0"]) {
      expect((await plugins.loadPackaged("small-c", { id })).error?.code, id).toBe("plugin-not-found");
    }
  });

  const indexRefusals: readonly (readonly [what: string, code: string, make: (server: TestServer) => Promise<string>])[] = [
    ["that has expired", "index-expired", async (server) => putRegistry(server, "old", [await changed("acme.one")], { expires: "2020-01-01T00:00:00.000Z" })],
    ["that nobody signed", "signature-missing", async (server) => putRegistry(server, "unsigned", [await changed("acme.one")], { seeds: [] })],
    ["that an unknown key signed", "key-untrusted", async (server) => putRegistry(server, "foreign", [await changed("acme.one")], { seeds: [(await newKey()).seed] })],
    ["with another's signature", "signature-invalid", async (server) => {
      const index = await putRegistry(server, "mixed", [await changed("acme.one")]);
      const other = await (await fetch(server.url("packages/registry/index.sig"))).arrayBuffer();
      await server.putFile("packages/mixed/index.sig", new Uint8Array(other));
      return index;
    }],
    ["that is no JSON", "signature-invalid", async (server) => {
      const index = await putRegistry(server, "broken", [await changed("acme.one")]);
      await server.putFile("packages/broken/index.json", "<!doctype html>");
      return index;
    }],
    ["whose digest of the manifest is another's", "digest-mismatch", async (server) => putRegistry(server, "digest", [await changed("acme.one")], { entry: (entry) => ({ ...entry, manifestSha256: "0".repeat(64) }) })],
    ["whose entry names another plugin's package", "manifest-mismatch", async (server) => putRegistry(server, "renamed", [await changed("acme.other")], { entry: (entry) => ({ ...entry, id: "acme.one" }) })],
  ];

  for (const [what, code, make] of indexRefusals) {
    test(`an index ${what} is refused as ${code}`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const index = await make(server);
      const loaded = await plugins.loadPackaged("small-c", { id: "acme.one", source: { index } });
      expect(loaded.error?.code, loaded.error?.message).toBe(code);
      if (["digest-mismatch", "manifest-mismatch"].includes(code)) return;
      expect(await discover(plugins, [index], [await publisherKey()])).toEqual([]);
      expect(await plugins.events()).toContainEqual(expect.objectContaining({ kind: "source-problem", error: expect.objectContaining({ code }) }));
    });
  }

  test("an index older than one already seen is refused, across reloads too", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const put = async (sequence: number) => putRegistry(server, "sequence", [await changed("acme.one")], { sequence });
    const load = async () => plugins.loadPackaged("small-c", { id: "acme.one", source: { index: "../packages/sequence/index.json" } });
    await put(5);
    expect((await load()).error).toBeUndefined();
    await put(4);
    const { error } = await load();
    expect(error?.code).toBe("index-rollback");
    expect(error?.message).toMatch(/4.*5/);
    await page.reload();
    expect((await load()).error?.code).toBe("index-rollback");
    await put(5);
    expect((await load()).error).toBeUndefined();
    await put(6);
    expect((await load()).error).toBeUndefined();
    await put(5);
    expect((await load()).error?.code).toBe("index-rollback");
  });
});

test.describe("files", () => {
  const archive = "../packages/registry/fixture.small-c-1.0.0.tar.gz";

  for (const form of ["File", "Blob", "Uint8Array"] as const) {
    test(`a packed archive and a bare component load from a ${form}`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const [key, descriptor] = [await publisherKey(), await packagedDescriptor("small-c")];
      const seen = await plugins.run(async ({ plugins: modules, portcullis }, [kind, paths, trusted, given]) => {
        const results: unknown[] = [];
        for (const path of paths) {
          const bytes = new Uint8Array(await (await fetch(path)).arrayBuffer());
          const file = kind === "File" ? new File([bytes], "My Echo.component.wasm") : kind === "Blob" ? new Blob([bytes]) : bytes;
          const host = modules.createHost(portcullis, { sources: [portcullis.fileSource(file)], trust: portcullis.dangerouslyTrustUnsigned("a file of the user", { alsoTrust: [trusted] }) });
          for await (const { id, version } of host.discover()) {
            const handle = await host.load(id, portcullis.defineInterface(given));
            results.push([id, version, handle.report.code, handle.info.trust.kind, await handle.call("add", [40, 2])]);
          }
        }
        return results;
      }, [form, [archive, "../fixtures/components/small-c.wasm"], key, descriptor] as const);
      const bareId = form === "File" ? "local.my-echo" : "local.a-file";
      expect(seen).toEqual([["fixture.small-c", "1.0.0", "package", "signed", 42], [bareId, "0.0.0", "transpiled", "unsigned", 42]]);
    });
  }

  const refusals: readonly (readonly [what: string, path: string, code: string, limits: object])[] = [
    ["an archive above the limit for packages", archive, "package-too-large", { packageBytes: 10_000 }],
    ["an archive that unpacks above the limit", archive, "package-too-large", { packageBytes: 60_000 }],
    ["an archive of more files than allowed", archive, "package-too-large", { packageFiles: 2 }],
    ["a manifest above its limit", archive, "package-too-large", { manifestBytes: 500 }],
    ["a component above the limit", "../fixtures/components/small-c.wasm", "package-too-large", { packageBytes: 1_000 }],
    ["a page", "../pages/blank.html", "package-invalid", {}],
    ["an index", registry, "package-invalid", {}],
  ];
  for (const [what, file, code, limits] of refusals) {
    test(`${what} is refused as ${code}`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const { error, progress } = await plugins.loadPackaged("small-c", { source: { file }, host: { limits } });
      expect([code, ...(what.startsWith("a manifest") ? ["manifest-invalid"] : [])], error?.message).toContain(error?.code);
      expect(progress.map(({ phase }) => phase)).not.toContain("cache");
    });
  }

  test("a bare component does not load under trustKeys", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const loaded = await plugins.loadComponent("small-c", { trust: { keys: [await publisherKey()] } });
    expect(loaded.error?.code).toBe("signature-missing");
  });
});
