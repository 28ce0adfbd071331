/** The three sandboxes do the same for a plugin; here is what each costs and does, side by side. */
import type { Browser } from "@playwright/test";
import { expect, test } from "../support/browser-test.js";
import { expectNothingLeft, PluginPage } from "../support/plugin-page.js";

const REALMS = ["policy-frame", "sandboxed-frame", "policy-worker"] as const;
const tuple = [255, "text", -0.5];

/** Processor seconds that the browser's pages have taken so far, workers included. */
async function pageSeconds(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = (await session.send("SystemInfo.getProcessInfo")) as { processInfo: readonly { type: string; cpuTime: number }[] };
  await session.detach();
  return processInfo.filter(({ type }) => type === "renderer").reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** What they take within half a second. A busy one takes a share of the processor, an idle one next to nothing. */
async function secondsTaken(browser: Browser): Promise<number> {
  const before = await pageSeconds(browser);
  await new Promise((resolve) => setTimeout(resolve, 500));
  return (await pageSeconds(browser)) - before;
}

/** The largest answer of `ask` until `end` comes. */
async function mostUntil(end: Promise<unknown>, ask: () => Promise<number>): Promise<number> {
  for (let most = 0; ; ) {
    const answer = await Promise.race([end.then(() => undefined), ask()]);
    if (answer === undefined) return most;
    most = Math.max(most, answer);
  }
}

for (const sandbox of REALMS) {
  const host = { sandbox };

  test(`${sandbox}: packages and components load, and every call gives the same results`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const loaded = await plugins.loadPackaged("types-rust", { host });
    expect(loaded.error).toBeUndefined();
    expect(loaded.report).toMatchObject({ sandbox, code: "package" });
    expect((await plugins.call("types-rust", "echoTuple", [tuple])).value).toEqual(tuple);
    const bytes = new Uint8Array(1_000_000).map((_, index) => index);
    expect((await plugins.call("types-rust", "echoListU8", [bytes])).value).toEqual(bytes);
    expect((await plugins.call("types-rust", "echoU64", [2n ** 64n - 1n])).value).toBe(2n ** 64n - 1n);
    const bare = await plugins.loadComponent("small-c", { host });
    expect(bare.report).toMatchObject({ sandbox, code: "transpiled" });
    expect(await plugins.call("small-c", "add", [40, 2])).toEqual({ value: 42 });
    await plugins.run(({ plugins: modules }) => modules.disposeAll(), undefined);
    await expectNothingLeft(plugins);
  });

  test(`${sandbox}: a plugin that never returns is stopped by its deadline, takes no more time, and restarts`, async ({ page, server, browser }) => {
    const plugins = new PluginPage(page, server);
    expect((await plugins.loadPackaged("loop", { host })).error).toBeUndefined();
    const before = await pageSeconds(browser);
    const forever = plugins.call("loop", "forever", [], { timeoutMs: 3_000 });
    // Asked while it runs: a process that ends takes its account along.
    const taken = await mostUntil(forever, async () => (await pageSeconds(browser)) - before);
    expect((await forever).error?.code).toBe("timeout");
    expect(taken, "seconds that it took").toBeGreaterThan(0.2);
    await expect.poll(() => secondsTaken(browser), "what is still taken after it was ended").toBeLessThan(0.02);
    expect(page.workers()).toEqual([]);
    expect(await plugins.call("loop", "add", [1, 2])).toEqual({ value: 3 });
    for (let round = 0; round < 3; round += 1) {
      expect((await plugins.call("loop", "forever", [], { timeoutMs: 100 })).error?.code).toBe("timeout");
      expect(await plugins.call("loop", "add", [round, 2])).toEqual({ value: round + 2 });
    }
    await plugins.run(({ plugins: modules }) => modules.disposeAll(), undefined);
    await expectNothingLeft(plugins);
  });

  test(`${sandbox}: a plugin that traps ends alone, and restarts`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    expect((await plugins.loadPackaged("trap", { host })).error).toBeUndefined();
    expect((await plugins.loadPackaged("small-c", { host })).error).toBeUndefined();
    expect((await plugins.call("trap", "unreachable")).error?.code).toBe("trap");
    expect((await plugins.call("trap", "add", [1, 2])).value).toBe(3);
    expect((await plugins.call("small-c", "add", [1, 2])).value).toBe(3);
  });

  test(`${sandbox}: ten plugins at once, and nothing of them is left afterwards`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const names = Array.from({ length: 10 }, (_, index) => `plugin-${index}`);
    const loaded = await Promise.all(names.map((name) => plugins.loadPackaged("small-c", { host, name })));
    expect(loaded.map(({ report, error }) => error?.message ?? report?.sandbox)).toEqual(names.map(() => sandbox));
    expect(await Promise.all(names.map(async (name, index) => (await plugins.call(name, "add", [index, 1])).value))).toEqual(names.map((_, index) => index + 1));
    await plugins.run(({ plugins: modules }) => modules.disposeAll(), undefined);
    await expectNothingLeft(plugins);
  });
}
