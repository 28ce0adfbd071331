/** Processes killed at random, connections cut at random, the bridge restarted: every call ends once, and nothing is left behind. */
import type { Page } from "@playwright/test";
import { conformanceHash, ledger, settingsType } from "../fixtures/bridge/conformance.js";
import { BridgeProcess, instanceProcesses, missingBridgePlugin } from "../support/bridge-process.js";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { CuttingProxy } from "../support/cutting-proxy.js";
import { packagedDescriptor, publisherKey } from "../support/plugin-page.js";
import { seededRandom } from "../support/random.js";

const PAGES = 20;
const CALLS = 10_000;
const RUNTIMES = ["conformance-native", "conformance-python"];

interface Ends {
  readonly answered: number;
  readonly wrong: number;
  readonly twice: number;
  readonly unknown: readonly string[];
  readonly failures: Readonly<Record<string, number>>;
}

async function inPage<Result>(page: Page, server: TestServer, work: (app: any, argument: any) => Result | Promise<Result>, argument?: unknown): Promise<Result> {
  const app = await page.evaluateHandle((url) => import(url), server.url("pages/chaos-app.js"));
  return (await app.evaluate(work as never, argument as never)) as Result;
}

async function loadAll(page: Page, server: TestServer, bridge: { readonly url: string; readonly token: string }): Promise<void> {
  for (const runtime of RUNTIMES) {
    const request = {
      name: runtime, id: `fixture.${runtime}`, bridge, config: { greeting: "Hello", marks: 1 }, configType: settingsType,
      descriptor: await packagedDescriptor("conformance-rust"), trust: [await publisherKey()],
      interfaceHash: `0x${conformanceHash.toString(16)}`, signatures: ledger.signatures,
      options: { restart: { failures: 1_000_000 } },
    };
    expect(await inPage(page, server, (app, argument) => app.loadPersistently(argument), request)).toBeUndefined();
  }
}

/** Breaks something about seven times a second, and the bridge itself every few seconds, until it is told to stop. */
function storm(bridge: BridgeProcess, proxy: CuttingProxy): { stop(): Promise<void>; readonly struck: { processes: number; connections: number; restarts: number } } {
  const random = seededRandom(20_261_128);
  const choose = (count: number) => Math.floor(random() * count);
  const struck = { processes: 0, connections: 0, restarts: 0 };
  const over = new AbortController();
  const run = async (): Promise<void> => {
    for (let round = 1; !over.signal.aborted; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50 + choose(200)));
      if (round % 25 === 0) {
        await bridge.end(random() < 0.5 ? "SIGKILL" : "SIGTERM");
        await bridge.run();
        struck.restarts += 1;
      } else if (random() < 0.4) {
        if (proxy.size > 0) struck.connections += 1;
        proxy.cutOne(choose);
      } else {
        const processes = await bridge.descendants();
        const victim = processes[choose(processes.length)];
        if (victim === undefined) continue;
        struck.processes += 1;
        try {
          process.kill(victim, "SIGKILL");
        } catch {
          // It has ended by itself meanwhile.
        }
      }
    }
  };
  const running = run();
  return {
    struck,
    stop: async () => {
      over.abort();
      await running;
    },
  };
}

// The browser itself tells of every connection that fails.
test.use({ allowPageErrors: true });

test("10 000 calls from 20 pages, while processes, connections and the bridge die, end once each and leave nothing behind", async ({ context, page, server, baseURL }) => {
  const missing = RUNTIMES.map(missingBridgePlugin).find((reason) => reason !== undefined);
  test.skip(missing !== undefined, missing);
  test.setTimeout(600_000);
  const proxy = await CuttingProxy.start();
  const bridge = await BridgeProcess.start({ origins: [new URL(String(baseURL)).origin], options: ["--allow-host", `127.0.0.1:${proxy.port}`] });
  proxy.target = bridge.port;
  const before = await bridge.descriptors();
  const pages = [page, ...(await Promise.all(Array.from({ length: PAGES - 1 }, () => context.newPage())))];
  for (const another of pages.slice(1)) await another.goto(server.url("pages/blank.html"));
  try {
    for (const one of pages) await loadAll(one, server, { url: `ws://127.0.0.1:${proxy.port}/`, token: bridge.token });
    const { struck, stop } = storm(bridge, proxy);
    const ends = await Promise.all(pages.map((one) => inPage<Ends>(one, server, (app, names) => app.callMany({ count: 500, atOnce: 5, names }), RUNTIMES)));
    await stop();
    const sum = (of: (end: Ends) => number) => ends.reduce((total, end) => total + of(end), 0);
    const failed = sum(({ failures }) => Object.values(failures).reduce((total, count) => total + count, 0));
    console.log(JSON.stringify({ answered: sum(({ answered }) => answered), failed, struck, failures: ends[0]?.failures }));
    expect(ends.flatMap(({ unknown }) => unknown)).toEqual([]);
    expect(sum(({ wrong, twice }) => wrong + twice)).toBe(0);
    expect(sum(({ answered }) => answered) + failed).toBe(CALLS);
    // It was a storm, and the way through it was found.
    for (const [what, count] of Object.entries(struck)) expect(count, what).toBeGreaterThan(0);
    expect(sum(({ answered }) => answered)).toBeGreaterThan(CALLS / 2);
    // The plugins work again, without being loaded again.
    for (const one of pages) expect((await inPage<Ends>(one, server, (app, names) => app.callMany({ count: 12, atOnce: 1, names }), RUNTIMES)).answered).toBeGreaterThan(6);
    for (const one of pages) await inPage(one, server, (app) => app.disposeAll());
    await expect.poll(() => bridge.metric("portcullis_bridge_instances"), "instances that are left").toBe(0);
  } finally {
    for (const one of pages.slice(1)) await one.close();
    await proxy.close();
  }
  await page.goto(server.url("pages/blank.html"));
  // What waits, warm, is the bridge's own; each has four descriptors.
  const warm = (await bridge.descendants()).length;
  await expect.poll(() => bridge.descriptors(), "descriptors that are left open").toBeLessThanOrEqual(before + 4 * warm + 4);
  await bridge.close();
  await expect.poll(() => instanceProcesses(bridge.pids), "processes that are left").toEqual([]);
});
