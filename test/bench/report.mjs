/** The tables on standard output, and the comparison with the targets. */

import { printBridge } from "./report-bridge.mjs";
import { printHostCalls, TRANSPORTS } from "./report-host-calls.mjs";
import { printCodeCache } from "./report-code-cache.mjs";
import { printInstances } from "./report-instances.mjs";
import { printTable, ratio } from "./table.mjs";

/** @typedef {import("./statistics.mjs").Summary} Summary */

const WAYS = [
  ["cold", "cold load: package from the server"],
  ["warm", "warm load: new page, cache hit"],
  ["recompile", "recompile: stale cache entry"],
  ["recompilePrimed", "recompile, transpiler in the page"],
  ["handCold", "by hand, nothing cached"],
  ["handWarm", "by hand, from the HTTP cache"],
];

const KILOBYTE = 1_000;

/** @param {any} result Of what was measured. */
export function targetsOf({ calls, instances, loads, sizes }) {
  const big = loads?.["big-js"];
  return [
    ...(calls === undefined ? [] : [target("small call, times bare Comlink", "at most", 1.5, calls.portcullis.median / calls.comlink.median)]),
    ...(big === undefined ? [] : [target("10 MB component, recompile over warm load", "at least", 5, big.recompile.total.median / big.warm.total.median)]),
    ...(instances === undefined ? [] : [target("a call that never ends: from its deadline to its error, longest, ms", "at most", 100, instances.deadlines.overshoot.max)]),
    ...(sizes === undefined ? [] : [
      target("host entry with its static imports, kB gzip", "at most", 30, sizes.entry.gzip / KILOBYTE),
      target("host entry and all that every load needs, kB gzip", "at most", 30, sizes.warm.gzip / KILOBYTE),
    ]),
  ];
}

/**
 * @param {string} name
 * @param {"at most" | "at least"} bound
 * @param {number} wanted
 * @param {number} found
 */
function target(name, bound, wanted, found) {
  return { name, bound, wanted, found: Number(found.toFixed(2)), met: bound === "at most" ? found <= wanted : found >= wanted };
}

/** @param {any} result What of it was not measured is not printed. */
export function printReport({ machine, settings, components, calls, echo1, echo16, hostCalls, instances, realms, loads, codeCache, sizes, bridge, targets }) {
  console.log(`\n${machine.chromium}, ${machine.system}, ${machine.processor} (${machine.cores} cores), Node ${machine.node}`);
  if (calls !== undefined) printCalls(calls);
  if (echo1 !== undefined) printEchoes("1 MiB", echo1);
  if (echo16 !== undefined) printEchoes("16 MiB", echo16);
  if (hostCalls !== undefined) for (const [transport, title] of TRANSPORTS) printHostCalls(title, hostCalls[transport], settings);
  if (instances !== undefined) printInstances(instances, settings);
  if (codeCache !== undefined) printCodeCache(codeCache, settings);
  if (realms !== undefined) printRealms(realms);
  for (const [component, ways] of Object.entries(loads ?? {})) printLoads(component, components[component].bytes, ways);
  if (bridge !== undefined) printBridge(bridge, settings);
  if (sizes !== undefined) printSizes(sizes);
  if (targets.length > 0) printTargets(targets);
}

/** @param {any} sizes */
function printSizes(sizes) {
  console.log("\n## Bytes that a browser downloads\n");
  printTable(["part", "bytes", "gzip -9"], Object.values(sizes).flat().map((/** @type {any} */ size) => [size.name, String(size.bytes), String(size.gzip)]));
}

/** @param {readonly any[]} targets */
function printTargets(targets) {
  console.log("\n## Targets\n");
  printTable(["what", "target", "found", ""], targets.map((one) => [one.name, `${one.bound} ${one.wanted}`, String(one.found), one.met ? "met" : "MISSED"]));
}

/** @param {Record<string, Summary>} calls */
function printCalls(calls) {
  console.log(`\n## Small call, µs (${calls["comlink"]?.n} batches; a batch's mean is one value)\n`);
  printTable(["way", "median", "p95", "times Comlink"], Object.entries(calls).map(([way, { median, p95 }]) => [
    way, (median * 1000).toFixed(1), (p95 * 1000).toFixed(1), ratio(median, calls["comlink"]),
  ]));
}

/**
 * @param {string} size
 * @param {Record<string, Summary>} echoes
 */
function printEchoes(size, echoes) {
  console.log(`\n## Echo of ${size}, ms (n = ${echoes["comlinkCopy"]?.n})\n`);
  printTable(["way", "median", "p95", "times Comlink"], Object.entries(echoes).map(([way, { median, p95 }]) => [
    way, median.toFixed(2), p95.toFixed(2), ratio(median, echoes[way.endsWith("Copy") ? "comlinkCopy" : "comlinkMove"]),
  ]));
}

/**
 * @param {string} component
 * @param {number} bytes
 * @param {any} ways
 */
function printLoads(component, bytes, ways) {
  console.log(`\n## ${component}, ${(bytes / 1000).toLocaleString("en", { maximumFractionDigits: 0 })} kB: load and first call, ms (n = ${ways.warm.total.n})\n`);
  printTable(["way", "median", "p95", "of it, first call", "recompile over this"], WAYS.map(([way = "", title = ""]) => {
    const { total, firstCall } = ways[way];
    return [title, total.median.toFixed(1), total.p95.toFixed(1), firstCall.median.toFixed(1), ratio(ways.recompile.total.median, total)];
  }));
  console.log();
  const phases = ["resolve", "download", "verify", "cache", "transpile", "compile", "instantiate"];
  printTable(["medians by phase, ms", ...phases], WAYS.filter(([way]) => !way?.startsWith("hand")).map(([way = "", title = ""]) => [
    title, ...phases.map((phase) => ways[way].phases[phase]?.median.toFixed(1) ?? ""),
  ]));
}

/** @param {any} realms */
function printRealms({ loads, ...others }) {
  const rows = [
    { title: "warm load and first call, ms", of: mapSandboxes(loads, ({ total }) => total), scale: 1 },
    { title: "small call, µs", of: others.calls, scale: 1000 },
    { title: "echo of 1 MiB, ms", of: others.echo1, scale: 1 },
    { title: "host call over JSPI, µs", of: others.hostCalls, scale: 1000 },
  ];
  const sandboxes = Object.keys(loads);
  const first = sandboxes[0] ?? "";
  console.log("\n## The three sandboxes (medians; small-c, and notes-rust for the host call)\n");
  const header = ["", "n", ...sandboxes, ...sandboxes.map((sandbox) => `p95, ${sandbox}`), ...sandboxes.slice(1).map((sandbox) => `${sandbox}, times ${first}`)];
  printTable(header, rows.map(({ title, of, scale }) => [
    title,
    String(of[first].n),
    ...sandboxes.map((sandbox) => (of[sandbox].median * scale).toFixed(2)),
    ...sandboxes.map((sandbox) => (of[sandbox].p95 * scale).toFixed(2)),
    ...sandboxes.slice(1).map((sandbox) => ratio(of[sandbox].median, of[first])),
  ]));
}

/**
 * @param {Record<string, any>} loads
 * @param {(load: any) => Summary} pick
 */
const mapSandboxes = (loads, pick) => Object.fromEntries(Object.entries(loads).map(([sandbox, load]) => [sandbox, pick(load)]));
