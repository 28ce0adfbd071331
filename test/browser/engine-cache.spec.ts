/** That the engine really takes its compiled code from its cache: what its own trace says. */
import type { Browser, Page } from "@playwright/test";
import { expect, test } from "../support/browser-test.js";
import { ModuleCachePage, origins } from "../support/module-cache-page.js";
import { PluginPage } from "../support/plugin-page.js";

// The engine writes optimised code to its cache after minutes of quiet; here at once.
test.use({ launchOptions: async ({ launchOptions }, use) => use({ ...launchOptions, args: [...(launchOptions.args ?? []), "--js-flags=--wasm-caching-timeout-ms=0"] }) });

async function engineEvents(browser: Browser, page: Page, work: () => Promise<void>): Promise<ReadonlySet<string>> {
  await browser.startTracing(page, { categories: ["devtools.timeline", "v8", "v8.wasm", "disabled-by-default-v8.wasm.detailed"] });
  await work();
  const trace = (await browser.stopTracing()).toString();
  return new Set([...trace.matchAll(/"name":"([\w.]+)"/g)].map(([, name = ""]) => name));
}

for (const way of ["by the service worker", "from bytes"] as const) {
  test(`modules ${way} ${way === "from bytes" ? "never are" : "are"} in the engine's cache on the next page`, async ({ browser, page, server }) => {
    const request = way === "from bytes" ? { minBytes: Number.MAX_SAFE_INTEGER } : {};
    const plugins = new PluginPage(page, server);
    const cached = new ModuleCachePage(plugins);
    await cached.control();
    const work = async (): Promise<void> => {
      const loaded = await cached.load("loop", request);
      expect(origins(loaded)).toEqual([way === "from bytes" ? "bytes: too-small" : "service-worker"]);
      expect((await plugins.call("loop", "work", [30_000_000n])).error).toBeUndefined();
    };
    const written = await engineEvents(browser, page, async () => {
      await work();
      if (way === "by the service worker") await page.waitForTimeout(3_000);
    });
    expect(written.has("v8.wasm.moduleCacheHit")).toBe(false);
    // A page of another site between them, so that nothing is left in the process.
    await page.goto("about:blank");
    await page.goto(server.url("pages/blank.html"));
    const read = await engineEvents(browser, page, work);
    expect(read.has("v8.wasm.moduleCacheHit")).toBe(way === "by the service worker");
  });
}
