/** The plan of one run: which jobs the page gets, in which order, and what becomes of their results. */
import { summarize } from "./statistics.mjs";

/** @typedef {(job: import("./server.mjs").Job) => Promise<any>} RunJob */
/** @typedef {{ readonly rounds: number, readonly warmUp: number }} Repetition */

/**
 * @typedef {object} Settings
 * @property {Repetition & { readonly calls: number }} calls Rounds of this many calls each.
 * @property {Repetition} echo1
 * @property {Repetition} echo16
 * @property {Repetition} loads
 * @property {Repetition & { readonly calls: number }} hostCalls One guest's call of this many host calls.
 * @property {Repetition & { readonly calls: number, readonly hostCalls: number }} throughput This many calls, of so many host calls each.
 * @property {Repetition & { readonly calls: number, readonly hostCalls: number, readonly milliseconds: number }} frames The same, kept up for stretches.
 * @property {Repetition & { readonly calls: number }} realmCalls
 * @property {Repetition} realmEchoes
 * @property {Repetition & { readonly calls: number }} realmHostCalls
 * @property {Repetition} realmLoads
 */

/** @type {Settings} */
export const SETTINGS = {
  calls: { rounds: 1_000, warmUp: 200, calls: 10 },
  echo1: { rounds: 200, warmUp: 20 },
  echo16: { rounds: 60, warmUp: 5 },
  loads: { rounds: 9, warmUp: 1 },
  hostCalls: { rounds: 200, warmUp: 20, calls: 100 },
  throughput: { rounds: 40, warmUp: 5, calls: 100, hostCalls: 10 },
  frames: { rounds: 5, warmUp: 1, calls: 100, hostCalls: 10, milliseconds: 500 },
  realmCalls: { rounds: 500, warmUp: 100, calls: 10 },
  realmEchoes: { rounds: 150, warmUp: 15 },
  realmHostCalls: { rounds: 100, warmUp: 20, calls: 100 },
  realmLoads: { rounds: 9, warmUp: 1 },
};

/** @type {Settings} for a look at whether everything works; its figures mean nothing */
export const QUICK_SETTINGS = {
  calls: { rounds: 50, warmUp: 50, calls: 10 },
  echo1: { rounds: 10, warmUp: 2 },
  echo16: { rounds: 5, warmUp: 1 },
  loads: { rounds: 2, warmUp: 0 },
  hostCalls: { rounds: 8, warmUp: 2, calls: 100 },
  throughput: { rounds: 3, warmUp: 1, calls: 100, hostCalls: 10 },
  frames: { rounds: 1, warmUp: 0, calls: 100, hostCalls: 10, milliseconds: 300 },
  realmCalls: { rounds: 30, warmUp: 30, calls: 10 },
  realmEchoes: { rounds: 6, warmUp: 2 },
  realmHostCalls: { rounds: 6, warmUp: 2, calls: 100 },
  realmLoads: { rounds: 2, warmUp: 0 },
};

const MEBIBYTE = 1024 * 1024;

/**
 * @param {RunJob} run
 * @param {Settings} settings
 */
export async function measureMessages(run, { calls, echo1, echo16 }) {
  return {
    calls: summaries(await run({ kind: "calls", ...calls })),
    echo1: summaries(await run({ kind: "echoes", bytes: MEBIBYTE, ...echo1 })),
    echo16: summaries(await run({ kind: "echoes", bytes: 16 * MEBIBYTE, ...echo16 })),
  };
}

/** How a plugin reaches the page, and the kind of page on which it does so. */
const TRANSPORTS = { suspension: "/ordinary/bench/index.html", sharedMemory: "/bench/index.html" };

/**
 * @param {RunJob} run
 * @param {Settings} settings
 */
export async function measureHostCalls(run, { hostCalls, throughput, frames }) {
  /** @type {Record<string, any>} */
  const transports = {};
  for (const [transport, page] of Object.entries(TRANSPORTS)) {
    transports[transport] = {
      perCall: summaries(await run({ kind: "host-calls", page, ...hostCalls })),
      throughput: summaries(await run({ kind: "throughput", page, ...throughput })),
      frames: mapValues(await run({ kind: "frames", page, ...frames }), summarizeFrames),
    };
  }
  return transports;
}

/** @param {{ gaps: number[], longest: number[], longTasks: number[] }} watched */
function summarizeFrames({ gaps, longest, longTasks }) {
  const most = (/** @type {readonly number[]} */ values) => Math.max(0, ...values);
  return { gaps: summarize(gaps), longestGap: most(longest), longTasks: longTasks.length, longestTask: most(longTasks) };
}

const SANDBOXES = ["policy-frame", "sandboxed-frame", "policy-worker"];

/**
 * @param {RunJob} run
 * @param {Settings} settings
 */
export async function measureRealms(run, { realmCalls, realmEchoes, realmHostCalls, realmLoads: { rounds, warmUp } }) {
  /** @type {Record<string, any[]>} */
  const samples = Object.fromEntries(SANDBOXES.map((sandbox) => [sandbox, []]));
  const load = { kind: "load", component: "small-c", registry: "packages" };
  await run({ kind: "delete" });
  await run({ ...load, code: "package" });
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const sandbox of SANDBOXES) {
      const result = await run({ ...load, sandbox, code: "cache" });
      if (round >= 0) samples[sandbox]?.push(result);
    }
  }
  return {
    loads: mapValues(samples, summarizeLoads),
    calls: summaries(await run({ kind: "realm-calls", ...realmCalls })),
    echo1: summaries(await run({ kind: "realm-echoes", bytes: MEBIBYTE, ...realmEchoes })),
    hostCalls: summaries(await run({ kind: "realm-host-calls", page: TRANSPORTS.suspension, ...realmHostCalls })),
  };
}

/** How one component is loaded, in the order in which each finds the storage that it needs. */
const LOADS = (/** @type {string} */ component, /** @type {boolean} */ wasi) => [
  { way: "cold", before: "delete", job: { kind: "load", component, registry: "packages", code: "package" } },
  { way: "warm", job: { kind: "load", component, registry: "packages", code: "cache" } },
  { way: "recompile", before: "age", job: { kind: "load", component, registry: "components-only", code: "transpiled" } },
  {
    way: "recompilePrimed", before: "age",
    job: { kind: "load", component, registry: "components-only", code: "transpiled", prime: component === "small-c" ? "medium-js" : "small-c" },
  },
  { way: "handCold", job: { kind: "hand-load", component, files: "/hand", wasi } },
  { way: "handWarm", job: { kind: "hand-load", component, files: "/cached/hand", wasi } },
];

/**
 * @param {RunJob} run
 * @param {ReadonlyMap<string, { bytes: number, wasi: boolean }>} components
 * @param {Repetition} repetition
 * @param {(done: string) => void} onRound
 */
export async function measureLoads(run, components, { rounds, warmUp }, onRound) {
  /** @type {Record<string, Record<string, any[]>>} */
  const samples = {};
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const [component, { wasi }] of components) {
      const ways = (samples[component] ??= {});
      for (const { way, before, job } of LOADS(component, wasi)) {
        if (before !== undefined) await run({ kind: before });
        const result = await run(job);
        if (round >= 0) (ways[way] ??= []).push(result);
      }
    }
    onRound(round < 0 ? "warm-up round" : `round ${round + 1} of ${rounds}`);
  }
  return mapValues(samples, (ways) => mapValues(ways, summarizeLoads));
}

/** Each load whose downloads are counted. The last is a plugin that calls a function of the app, on an ordinary page. */
const OBSERVED = [
  ...LOADS("big-js", false).filter(({ way }) => ["cold", "warm", "recompile"].includes(way)),
  { way: "hostFunctionsCold", before: "delete", job: { kind: "notes-load", page: TRANSPORTS.suspension, code: "package" } },
  { way: "hostFunctions", before: undefined, job: { kind: "notes-load", page: TRANSPORTS.suspension, code: "cache" } },
];

/**
 * What of this package one load of each way downloads, by path below /dist/. The page asks for nothing twice.
 *
 * @param {RunJob} run
 * @param {() => readonly string[]} takeRequests
 * @returns {Promise<any>}
 */
export async function observeDownloads(run, takeRequests) {
  /** @type {Record<string, readonly string[]>} */
  const downloads = {};
  for (const { way, before, job } of OBSERVED) {
    if (before !== undefined) await run({ kind: before });
    takeRequests();
    await run(job);
    downloads[way] = takeRequests().filter((path) => path.startsWith("/dist/")).map((path) => path.slice("/dist/".length));
  }
  return downloads;
}

/** @param {readonly any[]} results */
function summarizeLoads(results) {
  const phases = new Set(results.flatMap((result) => Object.keys(result.phases ?? {})));
  const of = (/** @type {(result: any) => number} */ pick) => summarize(results.map(pick));
  return {
    total: of(({ total }) => total),
    load: of(({ load }) => load),
    firstCall: of(({ firstCall }) => firstCall),
    phases: Object.fromEntries([...phases].map((phase) => [phase, of((result) => result.phases[phase] ?? 0)])),
  };
}

/** @param {Record<string, number[]>} samples */
function summaries(samples) {
  return mapValues(samples, summarize);
}

/**
 * @template Value, Result
 * @param {Record<string, Value>} record
 * @param {(value: Value) => Result} change
 * @returns {Record<string, Result>}
 */
function mapValues(record, change) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
