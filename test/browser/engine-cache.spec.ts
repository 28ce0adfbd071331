/** That the engine really takes its compiled code from its cache: what its own trace says. */
import { type BrowserContext, chromium, type Page } from "@playwright/test";
import { expect, test } from "../support/browser-test.js";
import { ModuleCachePage, origins } from "../support/module-cache-page.js";
import { PluginPage } from "../support/plugin-page.js";

// The engine writes optimised code to its cache after minutes of quiet; here at once.
const AT_ONCE = "--js-flags=--wasm-caching-timeout-ms=0";

/** The names of what the engine did during `work`. */
async function engineEvents(page: Page, work: () => Promise<void>): Promise<ReadonlySet<string>> {
  const browser = page.context().browser();
  if (browser === null) throw new Error("the context has no browser");
  await browser.startTracing(page, { categories: ["devtools.timeline", "v8", "v8.wasm", "disabled-by-default-v8.wasm.detailed", "disabled-by-default-devtools.timeline"] });
  await work();
  const trace = (await browser.stopTracing()).toString();
  return new Set([...trace.matchAll(/"name":"([\w.]+)"/g)].map(([, name = ""]) => name));
}

for (const way of ["service-worker", "bytes: too-small"] as const) {
  const isServed = way === "service-worker";
  test(`modules from ${way} ${isServed ? "are" : "never are"} in the engine's cache when the browser is started again`, async ({ launchOptions, server }, testInfo) => {
    // A context of its own profile: what is private to a window has no such cache.
    const start = (): Promise<BrowserContext> =>
      chromium.launchPersistentContext(testInfo.outputPath("profile"), { ...launchOptions, args: [...(launchOptions.args ?? []), AT_ONCE] });
    const visit = async (): Promise<ReadonlySet<string>> => {
      const context = await start();
      const page = await context.newPage();
      await page.goto(server.url("pages/blank.html"));
      const plugins = new PluginPage(page, server);
      const cached = new ModuleCachePage(plugins);
      await cached.control();
      const events = await engineEvents(page, async () => {
        const loaded = await cached.load("medium-js", { minBytes: isServed ? 64 * 1024 : Number.MAX_SAFE_INTEGER });
        expect(origins(loaded)).toContain(way);
        const work = async ({ plugins: modules }: { readonly plugins: any }): Promise<void> => {
          for (let count = 0; count < 3_000; count += 1) await modules.handle("medium-js").call("add", [count, 1]);
        };
        await plugins.run(work, undefined);
      });
      await page.waitForTimeout(2_000);
      await context.close();
      return events;
    };
    const hits = async (): Promise<boolean> => (await visit()).has("v8.wasm.moduleCacheHit");
    expect(await hits(), "on the first visit").toBe(false);
    // When the engine has written, it does not say; a visit may end before.
    let hit = false;
    for (let visits = 0; visits < (isServed ? 8 : 3) && !hit; visits += 1) hit = await hits();
    expect(hit, "on a later visit").toBe(isServed);
  });
}
