/** Scripts of the origin that write into the cache which compiled modules are kept by: what they put there never runs. */
import { expect, test } from "../support/browser-test.js";
import { ModuleCachePage, origins } from "../support/module-cache-page.js";
import { PluginPage } from "../support/plugin-page.js";
import { expectAnswers } from "../support/small-plugin.js";

// The browser writes every refused digest on the console.
test.use({ allowPageErrors: true });

for (const alteration of ["lastByte", "middleByte", "cut", "longer", "empty", "otherModule", "notFound", "otherType"]) {
  test(`a kept module that was altered (${alteration}) is not run: the plugin loads from its bytes, and the entry is replaced`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const cached = new ModuleCachePage(plugins);
    await cached.control();
    expect(origins(await cached.load("small-c"))).toEqual(["service-worker"]);
    const kept = await cached.kept();
    await cached.alter(alteration);
    await page.reload();
    const attacked = await cached.load("small-c", {}, { name: "attacked" });
    expect(attacked.error).toBeUndefined();
    expect(origins(attacked)).toEqual(["bytes: altered"]);
    await expectAnswers(plugins, "attacked");
    expect((await cached.kept()).toSorted(byUrl)).toEqual(kept.toSorted(byUrl));
    await page.reload();
    expect(origins(await cached.load("small-c", {}, { name: "after" }))).toEqual(["service-worker"]);
    await expectAnswers(plugins, "after");
  });
}

test("modules of one plugin at the addresses of another's are not run", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const cached = new ModuleCachePage(plugins);
  await cached.control();
  await cached.load("small-c");
  await cached.load("types-rust", {}, { name: "other" });
  await cached.swap();
  await page.reload();
  const attacked = await cached.load("small-c", {}, { name: "attacked" });
  expect(origins(attacked)).toEqual(["bytes: altered"]);
  await expectAnswers(plugins, "attacked");
});

test("a service worker that answers with other modules cannot make any run", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const cached = new ModuleCachePage(plugins);
  await cached.control("hostile-modules-worker.js");
  for (const name of ["attacked", "attacked again"]) {
    const attacked = await cached.load("small-c", {}, { name });
    expect(attacked.error).toBeUndefined();
    expect(origins(attacked)).toEqual(["bytes: unanswered"]);
    await expectAnswers(plugins, name);
    await page.reload();
  }
});

test("a service worker that never ends its answer costs the time limit and nothing else", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const cached = new ModuleCachePage(plugins);
  await cached.control("hostile-modules-worker.js?stall");
  const attacked = await cached.load("small-c", { timeoutMilliseconds: 500 }, { name: "attacked" });
  expect(origins(attacked)).toEqual(["bytes: timeout"]);
  await expectAnswers(plugins, "attacked");
});

test("usage records that lie make nothing unbounded and fail nothing", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const cached = new ModuleCachePage(plugins);
  await cached.control();
  await cached.load("small-c");
  for (const [bytes, used] of [["-1", "1"], ["1e9", "Infinity"], ["NaN", ""], ["", "9".repeat(400)]] as const) {
    await page.evaluate(async ([size, time]) => {
      const usage = await caches.open("portcullis-modules-usage");
      for (const request of await usage.keys()) await usage.put(request, new Response(null, { headers: { "portcullis-bytes": size, "portcullis-used": time } }));
      const modules = await caches.open("portcullis-modules");
      for (const request of (await modules.keys()).slice(0, 1)) await modules.delete(request);
    }, [bytes, used] as const);
    await page.reload();
    const loaded = await cached.load("types-rust", {}, { name: "attacked" });
    expect(loaded.error).toBeUndefined();
    expect(origins(loaded)).toContain("service-worker");
  }
});

const byUrl = (a: { readonly url: string }, b: { readonly url: string }): number => (a.url < b.url ? -1 : 1);
