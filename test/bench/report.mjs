/** The tables on standard output, and the comparison with the targets. */

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

/** @param {any} result */
export function targetsOf({ calls, loads, sizes }) {
  const big = loads["big-js"];
  return [
    target("small call, times bare Comlink", "at most", 1.5, calls.portcullis.median / calls.comlink.median),
    target("10 MB component, recompile over warm load", "at least", 5, big.recompile.total.median / big.warm.total.median),
    target("host entry with its static imports, kB gzip", "at most", 30, sizes.entry.gzip / KILOBYTE),
    target("host entry and all that every load needs, kB gzip", "at most", 30, sizes.warm.gzip / KILOBYTE),
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

/** @param {any} result */
export function printReport({ machine, components, calls, echo1, echo16, loads, sizes, targets }) {
  console.log(`\n${machine.chromium}, ${machine.system}, ${machine.processor} (${machine.cores} cores), Node ${machine.node}`);
  printCalls(calls);
  printEchoes("1 MiB", echo1);
  printEchoes("16 MiB", echo16);
  for (const [component, ways] of Object.entries(loads)) printLoads(component, components[component].bytes, ways);
  console.log("\n## Bytes that a browser downloads\n");
  printTable(["part", "bytes", "gzip -9"], Object.values(sizes).flat().map((/** @type {any} */ size) => [size.name, String(size.bytes), String(size.gzip)]));
  console.log("\n## Targets\n");
  printTable(["what", "target", "found", ""], targets.map((/** @type {any} */ one) => [one.name, `${one.bound} ${one.wanted}`, String(one.found), one.met ? "met" : "MISSED"]));
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

/**
 * @param {number} median
 * @param {Summary | undefined} other
 */
function ratio(median, other) {
  return other === undefined ? "" : (median / other.median).toFixed(2);
}

/**
 * @param {readonly string[]} header
 * @param {readonly (readonly string[])[]} rows
 */
function printTable(header, rows) {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  console.log(line(header));
  console.log(`| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`);
  for (const row of rows) console.log(line(row));
}
