/** The part of a run about plugins behind a bridge: native code and Python. */
import { isPacked, RUNTIMES, startBridge, startEcho } from "./bridge-processes.mjs";
import { memoryBelow } from "./process-memory.mjs";
import { untilAtRest } from "./process-tree.mjs";
import { measureBridgeSizes } from "./sizes.mjs";
import { summarize } from "./statistics.mjs";

/** @typedef {(job: import("./server.mjs").Job) => Promise<any>} RunJob */
/** @typedef {{ readonly rounds: number, readonly warmUp: number }} Repetition */
/** @typedef {Awaited<ReturnType<typeof import("./server.mjs").startServer>>} BenchServer */
/** @typedef {import("./bridge-processes.mjs").BenchBridge} BenchBridge */

/**
 * @typedef {object} BridgeSettings
 * @property {Repetition & { readonly calls: number }} bridgeCalls Rounds of this many calls each.
 * @property {Repetition & { readonly bytes: number }} bridgeEchoes
 * @property {Repetition & { readonly items: number }} bridgeStreams
 * @property {Repetition & { readonly calls: number }} bridgeThroughput This many calls at once.
 * @property {Repetition} bridgeStarts
 * @property {{ readonly rounds: number, readonly instances: number }} bridgeMemory
 */

const MEBIBYTE = 1024 * 1024;

/** @type {BridgeSettings} */
export const BRIDGE_SETTINGS = {
  bridgeCalls: { rounds: 500, warmUp: 100, calls: 10 },
  bridgeEchoes: { rounds: 100, warmUp: 10, bytes: MEBIBYTE },
  bridgeStreams: { rounds: 10, warmUp: 2, items: 300 },
  bridgeThroughput: { rounds: 30, warmUp: 5, calls: 100 },
  bridgeStarts: { rounds: 9, warmUp: 1 },
  bridgeMemory: { rounds: 3, instances: 10 },
};

/** @type {BridgeSettings} for a look at whether everything works */
export const QUICK_BRIDGE_SETTINGS = {
  bridgeCalls: { rounds: 20, warmUp: 20, calls: 10 },
  bridgeEchoes: { rounds: 6, warmUp: 2, bytes: MEBIBYTE },
  bridgeStreams: { rounds: 2, warmUp: 1, items: 50 },
  bridgeThroughput: { rounds: 3, warmUp: 1, calls: 100 },
  bridgeStarts: { rounds: 2, warmUp: 1 },
  bridgeMemory: { rounds: 1, instances: 4 },
};

/** What stands between instances and the system: bubblewrap, or nothing but users and limits. */
const ISOLATIONS = /** @type {const} */ (["required", "none"]);
const POOLS = /** @type {const} */ ([["warm", 1], ["cold", 0]]);

/**
 * @param {RunJob} run
 * @param {BenchServer} server
 * @param {BridgeSettings} settings
 * @returns {Promise<any>} `{ leftOut }`, the reasons for what is not there, and all that is.
 */
export async function measureBridge(run, server, settings) {
  const leftOut = RUNTIMES.filter((runtime) => !isPacked(runtime)).map((runtime) => `${runtime}: its plugin was not built; native plugins need cargo, and Python ones python3 3.9 or newer`);
  const packed = RUNTIMES.filter(isPacked);
  if (packed.length === 0) return { leftOut };
  const echo = await startEcho();
  /** @type {Map<string, BenchBridge>} */
  const bridges = new Map();
  try {
    const isolations = [];
    for (const isolation of ISOLATIONS) {
      const problem = await startBridges(bridges, isolation, `http://127.0.0.1:${server.port}`);
      if (problem === undefined) isolations.push(isolation);
      else leftOut.push(problem);
    }
    tellOfBridges(server, bridges);
    const runnable = await probeBridges(run, { bridges, isolations, runtimes: packed }, leftOut);
    return { leftOut, ...(await measureRunnable(run, server, { bridges, runnable, echo: echo.url }, settings)) };
  } catch (cause) {
    const logs = [...bridges].map(([name, { log }]) => `${name}: ${log()}`).join("\n");
    throw new Error(`${/** @type {Error} */ (cause).message}\nThe last words of the bridges:\n${logs}`, { cause });
  } finally {
    await Promise.all([echo, ...bridges.values()].map(({ end }) => end()));
  }
}

/**
 * With processes that stand ready and without.
 *
 * @param {Map<string, BenchBridge>} bridges takes them
 * @param {string} isolation
 * @param {string} origin
 * @returns {Promise<string | undefined>} why the machine has none such
 */
async function startBridges(bridges, isolation, origin) {
  try {
    for (const [pool, warm] of POOLS) bridges.set(`${isolation}-${pool}`, await startBridge({ origin, isolation, warm }));
    return undefined;
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    if (!message.includes("runtime-unsupported")) throw error;
    return `isolation ${isolation}: ${message}`;
  }
}

/**
 * @param {BenchServer} server
 * @param {ReadonlyMap<string, BenchBridge>} bridges
 */
function tellOfBridges(server, bridges) {
  const named = (/** @type {URLSearchParams} */ options) => {
    const bridge = bridges.get(options.get("bridge") ?? "");
    if (bridge === undefined) throw new Error(`There is no bridge ${options.get("bridge")}`);
    return bridge;
  };
  server.tell("/bridges-at-rest", () => untilAtRest([...bridges.values()].map(({ pid }) => pid)));
  server.tell("/bridge-started-warm", (options) => named(options).figure("executor_started_warm_total"));
  server.tell("/bridge-memory", (options) => memoryBelow(named(options).pid));
}

/**
 * Which runtimes each bridge can start here; a tool may be missing, or not work.
 *
 * @param {RunJob} run
 * @param {{ bridges: ReadonlyMap<string, BenchBridge>, isolations: readonly string[], runtimes: readonly string[] }} present
 * @param {string[]} leftOut takes the reasons
 * @returns {Promise<ReadonlyMap<string, readonly string[]>>} by isolation
 */
async function probeBridges(run, { bridges, isolations, runtimes }, leftOut) {
  const runnable = new Map();
  for (const isolation of isolations) {
    const reasons = await run({ kind: "bridge-probe", bridge: placeOf(bridges, `${isolation}-cold`), runtimes });
    leftOut.push(...runtimes.filter((runtime) => reasons[runtime] !== null).map((runtime) => `${runtime} with isolation ${isolation}: ${reasons[runtime]}`));
    runnable.set(isolation, runtimes.filter((runtime) => reasons[runtime] === null));
  }
  return runnable;
}

/**
 * @param {RunJob} run
 * @param {BenchServer} server
 * @param {{ bridges: ReadonlyMap<string, BenchBridge>, runnable: ReadonlyMap<string, readonly string[]>, echo: string }} places
 * @param {BridgeSettings} settings
 */
async function measureRunnable(run, server, { bridges, runnable, echo }, { bridgeCalls, bridgeEchoes, bridgeStreams, bridgeThroughput, bridgeStarts, bridgeMemory }) {
  // As an operator has it: bubblewrap where it works.
  const [[isolation, runtimes] = ["none", []]] = [...runnable].sort(([, one], [, other]) => other.length - one.length);
  if (runtimes.length === 0) return {};
  const places = { bridge: placeOf(bridges, `${isolation}-warm`), echo, runtimes };
  const downloads = await observeLoad(run, server, places);
  return {
    isolation, runtimes,
    calls: summaries(await run({ kind: "bridge-calls", ...places, ...bridgeCalls })),
    echo1: summaries(await run({ kind: "bridge-echoes", ...places, ...bridgeEchoes })),
    streams: summaries({ samples: await run({ kind: "bridge-streams", ...places, ...bridgeStreams }) }),
    throughput: summaries(await run({ kind: "bridge-throughput", ...places, ...bridgeThroughput })),
    starts: await measureStarts(run, bridges, runnable, bridgeStarts),
    memory: await measureMemory(run, bridges, runnable, bridgeMemory),
    sizes: await measureBridgeSizes(downloads),
  };
}

/**
 * What of this package one load of a plugin behind a bridge downloads, by path below /dist/.
 *
 * @param {RunJob} run
 * @param {BenchServer} server
 * @param {{ bridge: { url: string, token: string }, runtimes: readonly string[] }} places
 */
async function observeLoad(run, server, { bridge, runtimes }) {
  server.takeRequests();
  await run({ kind: "bridge-load", bridge, runtime: runtimes[0] });
  return server.takeRequests().filter((path) => path.startsWith("/dist/")).map((path) => path.slice("/dist/".length));
}

/**
 * @param {RunJob} run
 * @param {ReadonlyMap<string, BenchBridge>} bridges
 * @param {ReadonlyMap<string, readonly string[]>} runnable
 * @param {Repetition} repetition
 */
async function measureStarts(run, bridges, runnable, repetition) {
  const ways = [...runnable].flatMap(([isolation, runtimes]) =>
    POOLS.flatMap(([pool]) => runtimes.map((runtime) => ({ name: `${runtime}-${isolation}-${pool}`, bridge: `${isolation}-${pool}`, runtime, startedWarm: pool === "warm" }))),
  );
  const used = [...new Set(ways.map(({ bridge }) => bridge))];
  const samples = await run({ kind: "bridge-starts", bridges: Object.fromEntries(used.map((name) => [name, placeOf(bridges, name)])), ways, ...repetition });
  const of = (/** @type {readonly any[]} */ all, /** @type {string} */ part) => summarize(all.map((sample) => sample[part]));
  return Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, { total: of(all, "total"), start: of(all, "start") }]));
}

/**
 * @param {RunJob} run
 * @param {ReadonlyMap<string, BenchBridge>} bridges
 * @param {ReadonlyMap<string, readonly string[]>} runnable
 * @param {BridgeSettings["bridgeMemory"]} settings
 */
async function measureMemory(run, bridges, runnable, { rounds, instances }) {
  /** @type {Record<string, import("./statistics.mjs").Summary>} */
  const result = {};
  for (const [isolation, runtimes] of runnable) {
    for (const runtime of runtimes) {
      // Nothing but instances comes of a bridge that keeps no process ready.
      const name = `${isolation}-cold`;
      const found = [];
      for (let round = 0; round < rounds; round += 1) found.push(await run({ kind: "bridge-memory", name, bridge: placeOf(bridges, name), runtime, instances }));
      const told = found.filter((bytes) => bytes !== null);
      if (told.length > 0) result[`${runtime}-${isolation}`] = summarize(told);
    }
  }
  return result;
}

/**
 * What a page must know of a bridge.
 *
 * @param {ReadonlyMap<string, BenchBridge>} bridges
 * @param {string} name
 */
function placeOf(bridges, name) {
  const bridge = bridges.get(name);
  if (bridge === undefined) throw new Error(`There is no bridge ${name}`);
  return { url: bridge.url, token: bridge.token };
}

/** @param {{ samples: Record<string, number[]>, sizes?: object }} measured */
const summaries = ({ samples, ...rest }) => ({ ...rest, ways: Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, summarize(values)])) });
