/** The part of a run about first work after a reload, with and without the engine's code cache. */
import { summarize } from "./statistics.mjs";

/** @typedef {(job: import("./server.mjs").Job) => Promise<any>} RunJob */

/**
 * @typedef {object} CodeCacheSettings
 * @property {{ readonly rounds: number, readonly warmUp: number, readonly work: number, readonly moreCalls: number, readonly stay: number }} codeCache
 *   Visits of each kind and, before them, those that do not count; how much a call computes, calls after the first, and milliseconds before the page is left.
 */

/** @type {CodeCacheSettings} */
export const CODE_CACHE_SETTINGS = { codeCache: { rounds: 5, warmUp: 3, work: 300_000, moreCalls: 10, stay: 3_000 } };

/** @type {CodeCacheSettings} for a look at whether everything works */
export const QUICK_CODE_CACHE_SETTINGS = { codeCache: { rounds: 1, warmUp: 1, work: 3_000, moreCalls: 1, stay: 100 } };

const PAGE = "/bench/code-cache.html";
/** A call that does next to nothing, and one that keeps an interpreter busy. Both are SpiderMonkey with a script, 12 MB. */
const WORK = /** @type {const} */ ([["big-js", "add"], ["authority-js", "compute"]]);

/**
 * @param {RunJob} run
 * @param {CodeCacheSettings} settings
 */
export async function measureCodeCache(run, { codeCache: { rounds, warmUp, ...visit } }) {
  await run({ kind: "code-cache-prepare", page: PAGE });
  /** @type {Record<string, any>} */
  const result = {};
  for (const [component, doing] of WORK) {
    /** @type {Record<string, { load: number, work: number }[]>} */
    const visits = { served: [], bytes: [] };
    for (let round = -warmUp; round < rounds; round += 1) {
      // In turn, since the machine is not the same from minute to minute.
      for (const way of round % 2 === 0 ? ["served", "bytes"] : ["bytes", "served"]) {
        const measured = await run({ kind: "code-cache", page: PAGE, component, doing, isServed: way === "served", ...visit });
        if (measured.from !== (way === "served" ? "service-worker" : "bytes")) throw new Error(`a module of ${component} came from ${measured.from}`);
        if (round >= 0) visits[way]?.push(measured);
      }
    }
    result[component] = Object.fromEntries(Object.entries(visits).map(([way, all]) => [
      way, { load: summarize(all.map(({ load }) => load)), work: summarize(all.map(({ work }) => work)), both: summarize(all.map(({ load, work }) => load + work)) },
    ]));
  }
  return result;
}
