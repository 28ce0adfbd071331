/**
 * The benchmark of the present build: `npm run bench` makes that first. Builds and packs the fixtures that are out
 * of date, measures in one headless Chromium, prints tables and writes the figures as JSON. See README.md.
 *
 *   --check        exit with 1 when a target is missed
 *   --quick        few repetitions: shows that it runs, not how fast anything is
 *   --out=<path>   where the JSON goes instead of .cache/bench/latest.json
 *   --only=<part>  that part alone; may be repeated. An unknown one prints which there are
 */
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { arch, cpus, totalmem, type } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openChromium } from "./browser.mjs";
import { measureHostCalls, measureLoads, measureMessages, measureRealms, observeDownloads, QUICK_SETTINGS, SETTINGS } from "./measure.mjs";
import { BRIDGE_SETTINGS, measureBridge, QUICK_BRIDGE_SETTINGS } from "./measure-bridge.mjs";
import { CODE_CACHE_SETTINGS, measureCodeCache, QUICK_CODE_CACHE_SETTINGS } from "./measure-code-cache.mjs";
import { INSTANCE_SETTINGS, measureInstances, QUICK_INSTANCE_SETTINGS } from "./measure-instances.mjs";
import { BENCH, prepare } from "./prepare.mjs";
import { printReport, targetsOf } from "./report.mjs";
import { startServer } from "./server.mjs";
import { measureSizes } from "./sizes.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
// Another site than the loopback's address, for the page between two measured ones.
const SWAP_HOST = "swap.test";

/**
 * @typedef {object} Run
 * @property {import("./measure.mjs").RunJob} run
 * @property {Awaited<ReturnType<typeof startServer>>} server
 * @property {ReadonlyMap<string, { bytes: number, wasi: boolean }>} components
 */

/** What can be measured alone, in the order of a whole run. @type {Map<string, { title: string, measure: (context: Run) => Promise<object> }>} */
const PARTS = new Map(Object.entries({
  messages: { title: "calls and echoes", measure: ({ run }) => measureMessages(run, settings) },
  "host-calls": { title: "host calls", measure: async ({ run }) => ({ hostCalls: await measureHostCalls(run, settings) }) },
  instances: { title: "deadlines and instances", measure: async ({ run }) => ({ instances: await measureInstances(run, settings) }) },
  realms: { title: "sandboxes", measure: async ({ run }) => ({ realms: await measureRealms(run, settings) }) },
  loads: { title: "loads", measure: async ({ run, components }) => ({ loads: await measureLoads(run, components, settings.loads, (done) => console.log(`  ${done}`)) }) },
  "code-cache": { title: "the engine's code cache", measure: async ({ run }) => ({ codeCache: await measureCodeCache(run, settings) }) },
  sizes: { title: "downloads", measure: async ({ run, server }) => ({ sizes: await measureSizes(await observeDownloads(run, server.takeRequests)) }) },
  bridge: { title: "plugins behind a bridge", measure: async ({ run, server }) => ({ bridge: await measureBridge(run, server, settings) }) },
}));

const { values: options } = parseArgs({
  options: { check: { type: "boolean" }, quick: { type: "boolean" }, out: { type: "string" }, only: { type: "string", multiple: true, default: [...PARTS.keys()] } },
});
const unknown = options.only.filter((part) => !PARTS.has(part));
if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(", ")} of the benchmark: give --only one of ${[...PARTS.keys()].join(", ")}`);
const settings = options.quick === true
  ? { ...QUICK_SETTINGS, ...QUICK_INSTANCE_SETTINGS, ...QUICK_CODE_CACHE_SETTINGS, ...QUICK_BRIDGE_SETTINGS }
  : { ...SETTINGS, ...INSTANCE_SETTINGS, ...CODE_CACHE_SETTINGS, ...BRIDGE_SETTINGS };

buildFixtures();
const components = await prepare();
const result = await measure(components);
printReport(result);
const path = resolve(options.out ?? join(BENCH, "latest.json"));
await mkdir(dirname(path), { recursive: true });
await writeFile(path, `${JSON.stringify(result, undefined, 2)}\n`);
console.log(`\n${path}`);
process.exitCode = options.check === true && result.targets.some(({ met }) => !met) ? 1 : 0;

function buildFixtures() {
  const { status } = spawnSync(process.execPath, ["test/fixtures/build/setup.mjs"], { cwd: ROOT, stdio: "inherit" });
  if (status !== 0) throw new Error("Cannot prepare the benchmark: the fixture components could not be built");
}

/** @param {ReadonlyMap<string, { bytes: number, wasi: boolean }>} measured */
async function measure(measured) {
  const inRepository = (/** @type {string} */ folder) => [join(ROOT, folder)];
  const server = await startServer({
    swapHost: SWAP_HOST,
    areas: {
      bench: inRepository("test/bench/pages"),
      dist: inRepository("dist"),
      packages: inRepository(".cache/packages"),
      "components-only": inRepository(".cache/bench/components-only"),
      hand: inRepository(".cache/bench/hand"),
      comlink: inRepository("node_modules/comlink/dist/esm"),
      "comlink-script": inRepository("node_modules/comlink/dist/umd"),
    },
  });
  const url = `http://127.0.0.1:${server.port}/bench/index.html`;
  const browser = await openChromium({ url, swapHost: SWAP_HOST, profile: join(BENCH, "profile") });
  server.tell("/memory", browser.memoryBytes);
  const run = (/** @type {import("./server.mjs").Job} */ job) => Promise.race([server.run(job), browser.failure]);
  try {
    const figures = {};
    for (const [part, { title, measure: measurePart }] of PARTS) {
      if (!options.only.includes(part)) continue;
      console.log(`Measuring ${title}`);
      Object.assign(figures, await measurePart({ run, server, components: measured }));
    }
    return { date: new Date().toISOString(), machine: describeMachine(browser.version), settings, components: Object.fromEntries(measured), ...figures, targets: targetsOf(figures) };
  } finally {
    await browser.close();
    server.close();
  }
}

/** @param {string} chromium */
function describeMachine(chromium) {
  return {
    chromium, node: process.version, system: `${type()} ${arch()}`, processor: cpus()[0]?.model.trim() ?? "unknown processor",
    cores: cpus().length, memoryGigabytes: Math.round(totalmem() / 1e9),
  };
}
