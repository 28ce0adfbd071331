/** Packages that were altered on their way, or that lie: refused with the reason, before anything of them is compiled. */
import { gzipSync } from "node:zlib";
import type { Page } from "@playwright/test";
import { expect, test } from "../support/browser-test.js";
import {
  createKey, descriptorOfPackage, forge, type Forgery, packedFixture, publisherSigningKey, serveArchive, serveBytes, serveRegistry, type PackageFiles, type SigningKey,
} from "../support/forged-package.js";
import { type LoadRequest, type LoadResult, PluginPage } from "../support/plugin-page.js";
import { concat, tarEntry, tarEnd } from "../unit/package/tar-builder.js";

// A file that a registry lacks is a message of the browser's on the console.
test.use({ allowPageErrors: true });

const REGISTRY = "packages/registry";

interface Activity {
  compiled: number;
  readonly workers: string[];
}

/** Counts what the page and its frames compile and start. */
async function watch(page: Page): Promise<{ read(): Promise<Activity> }> {
  await page.addInitScript(() => {
    const activity: Activity = ((window.top as unknown as { activity?: Activity }).activity ??= { compiled: 0, workers: [] });
    for (const name of ["compile", "instantiate", "compileStreaming", "instantiateStreaming"] as const) {
      const original = WebAssembly[name] as (...values: unknown[]) => unknown;
      Object.assign(WebAssembly, { [name]: (...values: unknown[]) => ((activity.compiled += 1), original.apply(WebAssembly, values)) });
    }
    const { Module } = WebAssembly;
    WebAssembly.Module = new Proxy(Module, { construct: (target, values) => ((activity.compiled += 1), Reflect.construct(target, values)) });
    window.Worker = new Proxy(Worker, { construct: (target, values) => (activity.workers.push(String(values[0])), Reflect.construct(target, values)) });
  });
  await page.reload();
  return { read: () => readActivity(page) };
}

async function readActivity(page: Page): Promise<Activity> {
  // The empty frame that a load keeps ready goes with the load.
  await page.waitForFunction(() => document.querySelector("iframe") === null || document.title === "loaded");
  return page.evaluate(() => (window as unknown as { activity: Activity }).activity);
}

/** Nothing of the plugin was compiled, and no worker has a line of it. A sandbox may be tried with nothing in it meanwhile. */
function expectNothingRan(activity: Activity, what: string): void {
  expect(activity.compiled, `modules compiled after ${what}`).toBe(0);
  expect(activity.workers.filter((script) => script.includes("getCoreModule")), `workers with glue after ${what}`).toEqual([]);
}

function expectNothingStarted(activity: Activity, what: string): void {
  expect(activity, `what was started after ${what}`).toEqual({ compiled: 0, workers: [] });
}

/** The first, the last, and some between. */
function positions(length: number, count: number): number[] {
  return [...new Set(Array.from({ length: count }, (_, index) => Math.round((index * (length - 1)) / (count - 1))))];
}

function altered(bytes: Uint8Array, position: number): Uint8Array {
  const copy = bytes.slice();
  copy[position] = (copy[position] ?? 0) ^ (position % 2 === 0 ? 0x01 : 0x80);
  return copy;
}

async function request(files: PackageFiles, key: SigningKey, source: LoadRequest["source"]): Promise<LoadRequest> {
  const { id } = JSON.parse(new TextDecoder().decode(files.get("manifest.json"))) as { id: string };
  return { name: "altered", id, source, descriptor: await descriptorOfPackage(files), trust: { keys: [key.text] }, host: { cache: null } };
}

test("control: what is watched for does happen when an unaltered package is loaded", async ({ page, server }) => {
  const activity = await watch(page);
  const files = await packedFixture("logger");
  const loaded = await new PluginPage(page, server).load({ ...(await request(files, await publisherSigningKey(), { index: "../packages/registry/index.json" })), host: { grant: ["log"] } });
  expect(loaded.error).toBeUndefined();
  await page.evaluate(() => (document.title = "loaded"));
  const { compiled, workers } = await activity.read();
  expect(compiled).toBeGreaterThan(0);
  expect(workers.filter((script) => script.includes("getCoreModule"))).toHaveLength(1);
});

test("a byte altered in any file that a registry serves is refused before anything is compiled", async ({ page, server }) => {
  const activity = await watch(page);
  const plugins = new PluginPage(page, server);
  const files = await packedFixture("types-qjs");
  const load = await request(files, await publisherSigningKey(), { index: "../packages/registry/index.json" });
  const folder = `${REGISTRY}/fixture.types-qjs/1.0.0`;
  const core = [...files.keys()].find((path) => path.startsWith("core/")) ?? "";
  const served: [path: string, count: number, codes: RegExp, isBeforeAdmission: boolean][] = [
    [`${REGISTRY}/index.json`, 12, /^signature-invalid$/, true],
    [`${REGISTRY}/index.sig`, 12, /^(signature-invalid|key-untrusted)$/, true],
    [`${folder}/manifest.json`, 16, /^digest-mismatch$/, true],
    [`${folder}/manifest.sig`, 16, /^(signature-invalid|key-untrusted)$/, true],
    [`${folder}/component.wasm`, 8, /^digest-mismatch$/, false],
    [`${folder}/transpiled/browser-sync/glue.js`, 8, /^digest-mismatch$/, false],
    [`${folder}/${core}`, 8, /^digest-mismatch$/, false],
  ];
  let tried = 0;
  for (const [path, count, codes, isBeforeAdmission] of served) {
    const original = new Uint8Array(await (await page.request.get(server.url(path))).body());
    for (const position of positions(original.length, count)) {
      await server.putFile(path, altered(original, position));
      const { error } = await plugins.load(load);
      const what = `byte ${position} of ${path} was altered`;
      expect(error?.code ?? "loaded", what).toMatch(codes);
      if (isBeforeAdmission) expectNothingStarted(await activity.read(), what);
      else expectNothingRan(await activity.read(), what);
      tried += 1;
    }
    await server.putFile(path, original);
  }
  expect(tried).toBeGreaterThanOrEqual(60);
  expect((await plugins.load(load)).error).toBeUndefined();
});

test("a byte altered in any file of an archive is refused before anything is compiled", async ({ page, server }) => {
  const activity = await watch(page);
  const plugins = new PluginPage(page, server);
  const [files, key] = [await packedFixture("logger"), await publisherSigningKey()];
  for (const [path, bytes] of files) {
    for (const position of positions(bytes.length, 10)) {
      const source = await serveArchive(server, new Map([...files, [path, altered(bytes, position)]]));
      const { error } = await plugins.load(await request(files, key, source));
      const codes = path === "manifest.json" ? /^(signature-invalid|manifest-invalid|digest-mismatch|package-invalid|protocol-unsupported|plugin-not-found)$/ : path === "manifest.sig" ? /^(signature-invalid|key-untrusted)$/ : /^digest-mismatch$/;
      expect(error?.code ?? "loaded", `byte ${position} of ${path}`).toMatch(codes);
      expectNothingStarted(await activity.read(), `byte ${position} of ${path} was altered`);
    }
  }
});

test.describe("from a registry and from an archive", () => {
  /** Loads the package both ways and gives what became of it. */
  async function bothWays(plugins: PluginPage, files: PackageFiles, key: SigningKey, like: PackageFiles = files): Promise<LoadResult[]> {
    const registry = await serveRegistry(plugins.server, [{ listed: files, served: files }], key);
    const sources = [{ index: registry.index }, await serveArchive(plugins.server, files)];
    const results = [];
    for (const source of sources) results.push(await plugins.load(await request(like, key, source)));
    return results;
  }

  async function expectRefused(page: Page, plugins: PluginPage, forged: { readonly files: PackageFiles; readonly like: PackageFiles; readonly key: SigningKey }, code: string, what: string): Promise<void> {
    for (const { error } of await bothWays(plugins, forged.files, forged.key, forged.like)) expect(error?.code ?? "loaded", what).toBe(code);
    expectNothingRan(await readActivity(page), what);
  }

  test("no signature, another's key, and another's signature are refused", async ({ page, server }) => {
    const activity = await watch(page);
    const plugins = new PluginPage(page, server);
    const [key, other] = [await createKey(), await createKey()];
    const like = await packedFixture("logger");
    const unsigned = await forge(like, { sign: [] });
    await expectRefused(page, plugins, { files: unsigned, like, key }, "signature-missing", "no signature");
    const foreign = await forge(like, { sign: [other] });
    await expectRefused(page, plugins, { files: foreign, like, key }, "key-untrusted", "another's key");
    const [signed, changed] = [await forge(like, { sign: [key] }), await forge(like, { sign: [], lie: (manifest) => ({ ...manifest, version: "9.9.9" }) })];
    const swapped = new Map([...changed, ["manifest.sig", signed.get("manifest.sig") ?? new Uint8Array()]]);
    await expectRefused(page, plugins, { files: swapped, like, key }, "signature-invalid", "a signature over another manifest");
    expectNothingStarted(await activity.read(), "wrong signatures");
  });

  test("a signed manifest that names a path outside its package is refused, and nobody asks for that path", async ({ page, server }) => {
    const activity = await watch(page);
    const plugins = new PluginPage(page, server);
    const [like, key] = [await packedFixture("logger"), await createKey()];
    for (const path of ["../component.wasm", "../../../pages/blank.html", "/etc/passwd", "a/../../b", "a//b", "%2e%2e/b", "..\\b", "http:/x/y", "con", "a.", ""]) {
      const rename = (from: string, to: string) => JSON.parse(JSON.stringify(like.get("manifest.json") && JSON.parse(new TextDecoder().decode(like.get("manifest.json"))).transpiled).replaceAll(`"${from}"`, JSON.stringify(to)));
      const glue = "transpiled/browser-sync/glue.js";
      const lies: Forgery["lie"][] = [
        (manifest) => ({ ...manifest, component: path, files: [...manifest.files.filter((file) => file.path !== "component.wasm"), { ...manifest.files[0], path }].sort((a, b) => (a.path < b.path ? -1 : 1)) }),
        (manifest) => ({ ...manifest, transpiled: rename(glue, path), files: manifest.files.map((file) => (file.path === glue ? { ...file, path } : file)).sort((a, b) => (a.path < b.path ? -1 : 1)) }),
      ];
      for (const lie of lies) {
        const files = await forge(like, { lie: lie as NonNullable<Forgery["lie"]>, sign: [key] });
        await expectRefused(page, plugins, { files, like, key }, "manifest-invalid", `the path ${path}`);
      }
    }
    expectNothingStarted(await activity.read(), "paths outside the package");
    const asked = (await server.requests()).map(({ path }) => path).filter((path) => /passwd|blank|component\.wasm|glue\.js/.test(path) && path.includes("registry-"));
    expect(asked).toEqual([]);
  });

  test("a signed manifest that lies about what its component imports or exports is refused", async ({ page, server }) => {
    await watch(page);
    const plugins = new PluginPage(page, server);
    const [like, key] = [await packedFixture("everything-c"), await createKey()];
    const lies: [string, NonNullable<Forgery["lie"]>][] = [
      ["hides an import", (manifest) => ({ ...manifest, world: { ...manifest.world, imports: { ...manifest.world.imports, interfaces: manifest.world.imports.interfaces.filter(({ name }) => !name.startsWith("wasi:clocks/wall-clock")) } } })],
      ["hides every import", (manifest) => ({ ...manifest, world: { ...manifest.world, imports: { interfaces: [], functions: [] } } })],
      ["claims an import", (manifest) => ({ ...manifest, world: { ...manifest.world, imports: { ...manifest.world.imports, interfaces: [...manifest.world.imports.interfaces, { name: "wasi:random/insecure@0.2.0", functions: [], resources: [] }] } } })],
      ["claims an export", (manifest) => ({ ...manifest, world: { ...manifest.world, exports: { ...manifest.world.exports, functions: [{ name: "invented", type: { async: false, parameters: [], result: null } }] } } })],
    ];
    for (const [what, lie] of lies) {
      const files = await forge(like, { lie, sign: [key] });
      const results = await bothWays(plugins, files, key, like);
      for (const { error } of results) expect(error?.code ?? "loaded", `${what}: ${error?.message}`).toBe("manifest-mismatch");
      expectNothingRan(await readActivity(page), what);
    }
  });

  test("another plugin's manifest, content or place in the index is refused", async ({ page, server }) => {
    const activity = await watch(page);
    const plugins = new PluginPage(page, server);
    const [logger, trap, key] = [await packedFixture("logger"), await packedFixture("trap"), await publisherSigningKey()];
    const descriptor = await request(logger, key, { index: "" });
    // The index says logger, the server gives trap, whole and signed.
    const swapped = await serveRegistry(server, [{ listed: logger, served: trap }], key);
    await server.putFile(`${swapped.folder}/fixture.logger/1.0.0/manifest.json`, trap.get("manifest.json") ?? "");
    expect((await plugins.load({ ...descriptor, source: { index: swapped.index } })).error?.code).toMatch(/^(digest-mismatch|source-unreachable)$/);
    // The index itself, signed by a trusted key, gives trap out as logger.
    const renamed = await serveRegistry(server, [{ listed: trap, served: trap, as: "fixture.logger" }], key);
    expect((await plugins.load({ ...descriptor, source: { index: renamed.index } })).error?.code).toBe("manifest-mismatch");
    // Trap's signed manifest over logger's content.
    const mixed = new Map([...logger, ["manifest.json", trap.get("manifest.json") ?? new Uint8Array()], ["manifest.sig", trap.get("manifest.sig") ?? new Uint8Array()]]);
    const refused = await plugins.load(await request(trap, key, await serveArchive(server, mixed)));
    expect(refused.error?.code).toBe("digest-mismatch");
    // Asked for one plugin, an archive gives another.
    expect((await plugins.load({ ...descriptor, source: await serveArchive(server, trap) })).error?.code).toBe("plugin-not-found");
    expectNothingStarted(await activity.read(), "swapped plugins");
  });
});

test("archives that are bombs, or whose entries lead out of the package, are refused before they are unpacked", async ({ page, server }) => {
  const activity = await watch(page);
  const plugins = new PluginPage(page, server);
  const [like, key] = [await packedFixture("logger"), await publisherSigningKey()];
  const zeros = new Uint8Array(96 * 1024 * 1024);
  const announced = tarEntry({ name: "manifest.json", size: `${(8 * 1024 ** 3 - 1).toString(8).padStart(11, "0")}\0` });
  const entries = (count: number) => concat(...Array.from({ length: count }, (_, index) => tarEntry({ name: `f${index}` })), tarEnd());
  const attacks: [string, Uint8Array, RegExp][] = [
    ["96 MiB of zeros after its end", gzipSync(concat(tarEntry({ name: "manifest.json", content: "{}" }), tarEnd(), zeros)), /^package-(invalid|too-large)$/],
    ["a file that is announced with 8 GiB", gzipSync(concat(announced, zeros.subarray(0, 1024 * 1024))), /^package-too-large$/],
    ["20 000 files", gzipSync(entries(20_000)), /^package-too-large$/],
    ["a bomb in a bomb", gzipSync(gzipSync(zeros)), /^package-invalid$/],
    ["a file above its folder", gzipSync(concat(tarEntry({ name: "../evil" }), tarEnd())), /^package-invalid$/],
    ["an absolute file", gzipSync(concat(tarEntry({ name: "/etc/evil" }), tarEnd())), /^package-invalid$/],
    ["a link", gzipSync(concat(tarEntry({ name: "manifest.json", type: "2", link: "/etc/passwd" }), tarEnd())), /^package-invalid$/],
    ["a file that the manifest does not list", await archiveWith(like, "extra.js"), /^package-invalid$/],
  ];
  for (const [what, bytes, code] of attacks) {
    const { error } = await plugins.load(await request(like, key, await serveBytes(server, bytes)));
    expect(error?.code ?? "loaded", `${what}: ${error?.message}`).toMatch(code);
    expectNothingStarted(await activity.read(), what);
  }
});

async function archiveWith(files: PackageFiles, path: string): Promise<Uint8Array> {
  const { encodeArchive } = await import("../../src/node/package-archive.js");
  return encodeArchive(new Map([...files, [path, new Uint8Array([1])]]));
}
