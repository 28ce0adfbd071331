/** How late deadlines are, how soon a plugin is back, and what more instances give and take. */
import { printTable, ratio } from "./table.mjs";

/**
 * @param {any} measured
 * @param {import("./measure-instances.mjs").InstanceSettings} settings
 */
export function printInstances({ deadlines, throughput, streams, starts }, settings) {
  const { overshoot, timer, recovery, callAfter, longTasks } = deadlines;
  console.log(`\n## A call that never ends, with a deadline of ${settings.deadlines.milliseconds} ms (n = ${overshoot.n})\n`);
  printTable(["ms", "median", "p95", "longest"], [
    ["from the deadline to the error", ...figures(overshoot)],
    ["the same of a bare timer", ...figures(timer)],
    ["from the error to the next answer", ...figures(recovery)],
    ["the call after that", ...figures(callAfter)],
  ]);
  console.log(`Tasks of more than 50 ms meanwhile: ${longTasks.n}, the longest ${longTasks.longest.toFixed(0)} ms`);
  const { calls, work } = settings.instances;
  console.log(`\n## ${calls} calls at once, each of ${work.toLocaleString("en")} rounds of a loop (n = ${throughput["1"].n})\n`);
  printTable(["instances", "ms per call, median", "p95", "times one instance's throughput"], Object.entries(throughput).map(([count, { median, p95 }]) => [
    count, median.toFixed(2), p95.toFixed(2), (throughput["1"].median / median).toFixed(2),
  ]));
  printStreams(streams, settings.streams);
  const { second, last, bytesPerPlugin } = starts;
  console.log(`\n## One plugin loaded ${settings.starts.plugins} times on a page (n = ${second.n} pages)\n`);
  printTable(["load and first call, ms", "median", "p95", "longest", "times the second"], [
    ["the second", ...figures(second), ""],
    [`the ${settings.starts.plugins}th`, ...figures(last), ratio(last.median, second)],
  ]);
  console.log(bytesPerPlugin === null ? "The browser does not measure memory" : `Memory of each: ${(bytesPerPlugin.median / 1024).toFixed(0)} KiB (median of ${bytesPerPlugin.n} pages)`);
}

/**
 * @param {Record<string, import("./statistics.mjs").Summary>} streams
 * @param {import("./measure-instances.mjs").InstanceSettings["streams"]} settings
 */
function printStreams(streams, { items, bytes }) {
  const of = (/** @type {string} */ way) => {
    const summary = streams[way];
    if (summary === undefined) throw new Error(`Cannot report ${way}: it was not measured`);
    return summary;
  };
  console.log(`\n## Streams of ${items.toLocaleString("en")} items, and of ${bytes / 2 ** 20} MiB in chunks of 64 KiB (n = ${of("calls").n})\n`);
  printTable(["the plugin", "items per second, median", "times a call per item", "MiB per second, median"], [
    ["makes them", "produced"], ["reads the app's", "consumed"], ["passes the app's on", "both"],
  ].map(([title = "", way = ""]) => [
    title, Math.round(1000 / of(way).median).toLocaleString("en"), ratio(of(way).median, of("calls")), Math.round(1000 / of(`${way}Bytes`).median).toLocaleString("en"),
  ]));
}

/** @param {import("./statistics.mjs").Summary} summary */
const figures = ({ median, p95, max }) => [median.toFixed(1), p95.toFixed(1), max.toFixed(1)];
