/** A load that is killed at any moment, in any way, leaves storage that the next load uses or ignores without error. */
import type { BrowserContext, Page } from "@playwright/test";
import type { LoadPhase } from "../../src/index.js";
import { expect, test, type Fault, type TestServer } from "../support/browser-test.js";
import { CachePage } from "../support/cache-page.js";
import { expectNothingLeft, type LoadRequest, type LoadResult, packagedDescriptor, PluginPage, publisherKey } from "../support/plugin-page.js";
import { seededRandom } from "../support/random.js";

const phases: readonly LoadPhase[] = ["resolve", "download", "verify", "cache", "transpile", "compile", "instantiate", "ready"];
const tuple = [255, "text", -0.5];

type Way = "package" | "component";

/** A load that tells the spec's `struck` when it reaches `phase`, and does `act` there first. */
interface Strike {
  readonly way: Way;
  readonly phase: LoadPhase;
  readonly act: "nothing" | "abort" | "reload" | "leave" | "remove-frames";
  readonly limits?: LoadRequest["host"];
}

async function requestOf(way: Way): Promise<LoadRequest> {
  const common = { name: way, descriptor: await packagedDescriptor("types-rust") };
  return way === "package"
    ? { ...common, id: "fixture.types-rust", source: { index: "../packages/registry/index.json" }, trust: { keys: [await publisherKey()] } }
    : { ...common, id: "local.types-rust", source: { file: "../fixtures/components/types-rust.wasm", options: { id: "local.types-rust" } }, trust: { unsigned: "a test's own fixture" } };
}

/** Begins the load and comes back when `phase` was reached. The load's outcome is kept in the page as `outcome`. */
async function begin(plugins: PluginPage, strike: Strike): Promise<void> {
  const request = await requestOf(strike.way);
  await plugins.run(({ plugins: modules, portcullis }, [given, phase, act, limits]) => new Promise<void>((resolve) => {
    const controller = new AbortController();
    const strikeNow = () => {
      if (act === "abort") controller.abort("struck");
      if (act === "reload") location.reload();
      if (act === "leave") location.assign("about:blank");
      if (act === "remove-frames") for (const frame of document.querySelectorAll("iframe")) frame.remove();
      resolve();
    };
    let isStruck = false;
    const onStep = (step: { phase: string }) => {
      if (step.phase !== phase || isStruck) return;
      isStruck = true;
      strikeNow();
    };
    const outcome = modules.load(portcullis, { ...given, host: limits ?? {}, load: { signal: controller.signal }, onStep });
    Object.assign(globalThis, { outcome });
    void outcome.then(() => resolve());
  }), [request, strike.phase, strike.act, strike.limits] as const);
}

const outcomeOf = (page: Page): Promise<LoadResult> => page.evaluate(() => (globalThis as unknown as { outcome: Promise<LoadResult> }).outcome);

/** The next loads work, in a page of the same browser profile: first with what was left, then from the cache. */
async function expectNextLoadsWork(plugins: PluginPage, way: Way, what: string): Promise<void> {
  const next = await plugins.load({ ...(await requestOf(way)), name: "next" });
  expect(next.error, what).toBeUndefined();
  // Whole or not there: what a kill leaves is never half an entry.
  expect([{ hit: true }, { hit: false, reason: "missing" }], what).toContainEqual(next.report?.cache);
  expect((await plugins.call("next", "echoTuple", [tuple])).value, what).toEqual(tuple);
  await new CachePage(plugins).stored(1);
  const warm = await plugins.load({ ...(await requestOf(way)), name: "warm" });
  expect(warm.report, what).toMatchObject({ cache: { hit: true }, code: "cache" });
  expect((await plugins.call("warm", "echoTuple", [tuple])).value, what).toEqual(tuple);
  expect((await plugins.events()).filter(({ kind }) => kind === "cache-not-stored"), what).toEqual([]);
}

async function newTab(context: BrowserContext, server: TestServer): Promise<PluginPage> {
  const page = await context.newPage();
  await page.goto(server.url("pages/blank.html"));
  return new PluginPage(page, server);
}

/** Only a component is transpiled, and only a package is downloaded by the load itself. */
const wayFor = (phase: LoadPhase, random: number): Way => (phase === "transpile" ? "component" : phase === "download" || random < 0.5 ? "package" : "component");

const kills: readonly (readonly [how: string, seed: number, act: Strike["act"], kill: (page: Page) => Promise<unknown>])[] = [
  ["the tab is closed", 1, "nothing", (page) => page.close()],
  ["the page is reloaded", 2, "reload", (page) => page.waitForLoadState()],
  ["the page is left", 3, "leave", (page) => page.waitForURL("about:blank")],
  ["the tab's process crashes", 4, "nothing", async (page) => {
    const crashed = page.waitForEvent("crash");
    await page.goto("chrome://crash").catch(() => undefined);
    await crashed;
  }],
];

for (const [how, seed, act, kill] of kills) {
  test(`${how} in each phase of a load, and at random moments after`, async ({ page, context, server }) => {
    const random = seededRandom(seed);
    const cleaner = new CachePage(new PluginPage(page, server));
    const moments = [...phases, ...phases];
    for (const [round, phase] of moments.entries()) {
      const way = wayFor(phase, random());
      const delay = round < phases.length ? 0 : Math.floor(random() * 60);
      const what = `${how} ${delay} ms after ${phase} of a ${way}`;
      const struck = await newTab(context, server);
      // A reload at once would take the promise along that `begin` waits for.
      const begun = begin(struck, { way, phase, act: delay === 0 ? act : "nothing" });
      await begun.catch((error: unknown) => expect(String(error), what).toMatch(/destroyed|closed|navigat/));
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      if (delay > 0 && act === "reload") await struck.page.reload();
      else if (delay > 0 && act === "leave") await struck.page.goto("about:blank");
      else await kill(struck.page);
      const next = await newTab(context, server);
      await expectNextLoadsWork(next, way, what);
      await Promise.all([struck.page.close(), next.page.close()]);
      await cleaner.forget();
    }
  });
}

test("an abort in each phase ends the load with its own error and leaves nothing behind", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const cache = new CachePage(plugins);
  for (const way of ["package", "component"] as const) {
    for (const phase of phases.filter((one) => one !== "ready" && way === wayFor(one, way === "package" ? 0 : 1))) {
      await begin(plugins, { way, phase, act: "abort" });
      const { error } = await outcomeOf(page);
      expect(error, `${way} aborted in ${phase}`).toMatchObject({ name: "PluginError", code: "aborted", pluginId: `${way === "package" ? "fixture" : "local"}.types-rust` });
      await expectNothingLeft(plugins);
      await expectNextLoadsWork(plugins, way, `aborted in ${phase}`);
      await plugins.run(({ plugins: modules }) => modules.disposeAll(), undefined);
      await expectNothingLeft(plugins);
      await cache.forget();
    }
  }
});

test("an abort while the plugin's start function runs for ever ends its worker at once", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  // Longer than this test waits: only the abort can end it.
  const host = { limits: { instantiateMilliseconds: 1_000_000, loadMilliseconds: 1_000_000 } };
  const request = { id: "fixture.start-loop", name: "loop", descriptor: await packagedDescriptor("start-loop"), source: { index: "../packages/registry/index.json" }, trust: { keys: [await publisherKey()] }, host };
  const code = await plugins.run(async ({ plugins: modules, portcullis }, given) => {
    const controller = new AbortController();
    const onStep = ({ phase }: { phase: string }) => phase === "instantiate" && setTimeout(() => controller.abort(), 300);
    return (await modules.load(portcullis, { ...given, load: { signal: controller.signal }, onStep })).error.code as unknown;
  }, request);
  expect(code).toBe("aborted");
  await expectNothingLeft(plugins);
});

test("a page that removes the sandbox's frame in any phase gets an error or a plugin, and the next load works", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const cache = new CachePage(plugins);
  for (const way of ["package", "component"] as const) {
    for (const phase of phases.filter((one) => way === wayFor(one, way === "package" ? 0 : 1))) {
      await begin(plugins, { way, phase, act: "remove-frames", limits: { limits: { loadMilliseconds: 4_000 } } });
      const { error } = await outcomeOf(page);
      expect([undefined, "timeout", "sandbox-unavailable", "transpile-failed", "crashed"], `${phase} of a ${way}: ${error?.message}`).toContain(error?.code);
      await plugins.run(({ plugins: modules }) => modules.disposeAll(), undefined);
      await expectNothingLeft(plugins);
      await cache.forget();
      await expectNextLoadsWork(plugins, way, `frames removed in ${phase}`);
      await plugins.run(({ plugins: modules }) => modules.disposeAll(), undefined);
      await cache.forget();
    }
  }
});

const file = (name: string) => `/packages/registry/fixture.types-rust/1.0.0/${name}`;
const packageFiles = ["/packages/registry/index.json", "/packages/registry/index.sig", file("manifest.json"), file("manifest.sig"), file("component.wasm"), file("transpiled/browser-sync/glue.js")];
const transpilerFiles = ["/dist/transpiler/transpiler-worker.js", "/dist/transpiler/transpiler.core.wasm", "/dist/transpiler/transpiler.core2.wasm"];
// What a signature's file says when it is cut off or is another page is not that the server failed.
const damaged = ["source-unreachable", "signature-invalid", "index-invalid", "manifest-invalid", "digest-mismatch", "package-too-large", "transpile-failed", "compile-failed"];
const faults: readonly (readonly [what: string, fault: Pick<Fault, "mode"> & Partial<Fault>, codes: readonly string[]])[] = [
  ["answers with an error", { mode: "status", status: 500 }, ["source-unreachable"]],
  ["drops the connection", { mode: "reset" }, ["source-unreachable"]],
  ["is cut off", { mode: "truncate", bytes: 100 }, damaged],
  ["never answers", { mode: "hang" }, ["timeout"]],
  ["stops in the middle", { mode: "stall", bytes: 100 }, ["timeout"]],
  ["sends without end", { mode: "endless" }, ["package-too-large", "timeout"]],
  ["redirects to another file", { mode: "redirect", location: "/pages/blank.html" }, damaged],
];

test.describe("a server's faults", () => {
  // The browser itself reports each failed request on the page's console.
  test.use({ allowPageErrors: true });
  for (const [what, fault, codes] of faults) {
    test(`a server that ${what} gives an error, and the next load works`, async ({ page, server, pageErrors }) => {
      const plugins = new PluginPage(page, server);
      const cache = new CachePage(plugins);
      const slow = fault.mode === "hang" || fault.mode === "stall" || fault.mode === "endless";
      for (const [way, files] of [["package", packageFiles], ["component", transpilerFiles]] as const) {
        for (const path of files) {
          await server.setFaults([{ path, ...fault }]);
          const loaded = await plugins.load({ ...(await requestOf(way)), host: slow ? { limits: { loadMilliseconds: 2_000 } } : {} });
          expect(codes, `${path}: ${loaded.error?.message ?? "loaded"}`).toContain(loaded.error?.code);
          expect(loaded.error?.name).toBe("PluginError");
          await server.setFaults([]);
          await expectNothingLeft(plugins);
          await expectNextLoadsWork(plugins, way, `${path} ${what}`);
          await plugins.run(({ plugins: modules }) => modules.disposeAll(), undefined);
          await cache.forget();
          // The transpiler's files are kept for as long as the page.
          if (way === "component") await page.reload();
        }
      }
      expect(pageErrors.filter((error) => !error.startsWith("console: Failed to load resource")), "other errors of the page").toEqual([]);
    });
  }
});

test("a file of the wrong length or content is refused, and the next load works", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const cache = new CachePage(plugins);
  for (const path of [file("component.wasm"), file("transpiled/browser-sync/glue.js")]) {
    const whole = new Uint8Array(await (await page.request.get(server.url(path))).body());
    const changed = whole.slice();
    changed[5_000] = (changed[5_000] ?? 0) ^ 0x80;
    for (const wrong of [whole.slice(0, -1), new Uint8Array([...whole, 0]), new Uint8Array(), changed]) {
      await server.putFile(path, wrong);
      const { error } = await plugins.load(await requestOf("package"));
      expect(["digest-mismatch", "package-too-large"], `${path} with ${wrong.length} bytes: ${error?.message}`).toContain(error?.code);
      await server.putFile(path, whole);
      await expectNextLoadsWork(plugins, "package", path);
      await plugins.run(({ plugins: modules }) => modules.disposeAll(), undefined);
      await cache.forget();
    }
  }
});
