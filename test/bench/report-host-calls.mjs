/** What host calls cost, and what happens to the page under many of them. */
import { printTable, ratio } from "./table.mjs";

/** @typedef {import("./statistics.mjs").Summary} Summary */

export const TRANSPORTS = /** @type {const} */ ([
  ["suspension", "JSPI (an ordinary page)"],
  ["sharedMemory", "shared memory (a cross-origin isolated page)"],
]);

const WAYS = [
  ["synchronous", "Portcullis, the app answers at once"],
  ["asynchronous", "Portcullis, the app answers with a promise"],
  ["roundTrip", "bare round trip to the page"],
  ["inWorker", "bare function in the worker"],
];

const LOADS = [
  ["inTurn", "one after another"],
  ["atOnce", "at once, on one plugin"],
  ["atOnceOverEight", "at once, over eight plugins"],
];

const STRETCHES = [["idle", "no calls"], ...LOADS.slice(1)];

/**
 * @param {string} title of the transport
 * @param {{ perCall: Record<string, Summary>, throughput: Record<string, Summary>, frames: any }} measured
 * @param {import("./measure.mjs").Settings} settings
 */
export function printHostCalls(title, { perCall, throughput, frames }, { hostCalls, throughput: { calls, hostCalls: each } }) {
  console.log(`\n## Host calls over ${title}, µs (${perCall["roundTrip"]?.n} calls of the plugin, each making ${hostCalls.calls}; their mean is one value)\n`);
  printTable(["way", "median", "p95", "times the round trip", "times a function in the worker"], WAYS.map(([way = "", name = ""]) => {
    const { median, p95 } = summaryOf(perCall, way);
    return [name, (median * 1000).toFixed(1), (p95 * 1000).toFixed(1), ratio(median, perCall["roundTrip"]), ratio(median, perCall["inWorker"])];
  }));
  console.log(`\n## ${calls} calls that make ${each} host calls each, over ${title} (n = ${throughput["inTurn"]?.n})\n`);
  printTable(["the calls are made", "host calls per second, median", "slowest 5 %", "times one after another"], LOADS.map(([way = "", name = ""]) => {
    const { median, p95 } = summaryOf(throughput, way);
    return [name, perSecond(median), perSecond(p95), (summaryOf(throughput, "inTurn").median / median).toFixed(2)];
  }));
  console.log(`\n## The page meanwhile: between two frames, ms (n = ${frames.idle.gaps.n} and more)\n`);
  printTable(["calls kept under way", "median", "p95", "longest", "tasks over 50 ms", "longest"], STRETCHES.map(([way = "", name = ""]) => {
    const { gaps, longestGap, longTasks, longestTask } = frames[way];
    return [name, gaps.median.toFixed(1), gaps.p95.toFixed(1), longestGap.toFixed(1), String(longTasks), longestTask.toFixed(0)];
  }));
}

/**
 * @param {Record<string, Summary>} summaries
 * @param {string} way
 */
function summaryOf(summaries, way) {
  const summary = summaries[way];
  if (summary === undefined) throw new Error(`Cannot report ${way}: it was not measured`);
  return summary;
}

/** @param {number} milliseconds of one */
const perSecond = (milliseconds) => Math.round(1000 / milliseconds).toLocaleString("en");
