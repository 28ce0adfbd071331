/** What plugins behind a bridge cost, against a bare WebSocket and against the same plugin as a component in the page. */
import { printTable, ratio } from "./table.mjs";

/** @typedef {import("./statistics.mjs").Summary} Summary */
/** @typedef {import("./measure-bridge.mjs").BridgeSettings} BridgeSettings */

const BARE = "bareSocket";
const COMPONENT = "rust";
const IN_BRIDGE = ", behind the bridge";
const TITLES = new Map([[BARE, "bare WebSocket echo of the same bytes"], [COMPONENT, "Rust component, in the page"], ["native", `Rust, native${IN_BRIDGE}`], ["python", `Python${IN_BRIDGE}`]]);
const ISOLATION_TITLES = new Map([["required", "bubblewrap"], ["none", "users and limits"]]);
const MEBIBYTE = 1024 * 1024;

/**
 * @param {any} measured
 * @param {BridgeSettings} settings
 */
export function printBridge({ leftOut, isolation, runtimes, calls, echo1, streams, throughput, starts, memory, sizes }, settings) {
  for (const reason of leftOut) console.log(`\nLeft out: ${reason}`);
  if (runtimes === undefined) return;
  console.log(`\nBehind the bridge: instances isolated by ${ISOLATION_TITLES.get(isolation)}, from here on until their starts`);
  printWays(`Small call behind a bridge, µs (${calls.ways[BARE].n} batches; a batch's mean is one value)`, calls, 1000);
  printWays(`1 MiB there and back behind a bridge, ms (n = ${echo1.ways[BARE].n})`, echo1, 1);
  const names = [COMPONENT, ...runtimes];
  printStreams(streams.ways, names, settings.bridgeStreams);
  printThroughput(throughput.ways, names, settings.bridgeThroughput);
  printStarts(starts, runtimes);
  printMemory(memory, settings.bridgeMemory);
  console.log("\n## Bytes that a page with a bridge downloads\n");
  printTable(["part", "bytes", "gzip -9"], Object.values(sizes).map((/** @type {any} */ size) => [size.name, String(size.bytes), String(size.gzip)]));
}

/**
 * @param {string} title
 * @param {{ ways: Record<string, Summary>, sizes: { sent: number, received: number } }} measured
 * @param {number} scale of milliseconds
 */
function printWays(title, { ways, sizes }, scale) {
  console.log(`\n## ${title}; ${sizes.sent} bytes there, ${sizes.received} back\n`);
  printTable(["way", "median", "p95", "times the bare echo", "times the component"], Object.entries(ways).map(([way, { median, p95 }]) => [
    TITLES.get(way) ?? way, format(median * scale), format(p95 * scale), ratio(median, ways[BARE]), ratio(median, ways[COMPONENT]),
  ]));
}

/**
 * @param {Record<string, Summary>} ways
 * @param {readonly string[]} names
 * @param {BridgeSettings["bridgeStreams"]} settings
 */
function printStreams(ways, names, { items }) {
  const bare = summaryOf(ways, BARE);
  console.log(`\n## Streams of ${items} items, items per second (n = ${bare.n}; a bare WebSocket makes ${perSecond(bare)} round trips of such an item)\n`);
  const directions = ["Produced", "Consumed", "Both"];
  printTable(["the plugin", "makes them", "reads the app's", "passes the app's on", "calls instead", "makes them, times a call per item", "makes them, times a bare round trip"], names.map((name) => {
    const produced = summaryOf(ways, `${name}Produced`);
    return [
      TITLES.get(name) ?? name, ...directions.map((direction) => perSecond(summaryOf(ways, `${name}${direction}`))), perSecond(summaryOf(ways, `${name}Calls`)),
      ratio(produced.median, summaryOf(ways, `${name}Calls`)), ratio(produced.median, bare),
    ];
  }));
}

/**
 * @param {Record<string, Summary>} ways
 * @param {readonly string[]} names
 * @param {BridgeSettings["bridgeThroughput"]} settings
 */
function printThroughput(ways, names, { calls }) {
  const bare = summaryOf(ways, `${BARE}AtOnce`);
  console.log(`\n## ${calls} calls, calls per second (n = ${bare.n})\n`);
  const row = (/** @type {string} */ name, /** @type {readonly string[]} */ orders) => {
    const medians = orders.map((order) => ways[`${name}${order}`]);
    return [TITLES.get(name) ?? name, ...medians.map((summary) => (summary === undefined ? "" : perSecond(summary))), ratio(summaryOf(ways, `${name}AtOnce`).median, bare)];
  };
  const orders = ["InTurn", "AtOnce", "OverTwo"];
  printTable(["the calls are made", "one after another", "at once, on one instance", "at once, over two", "at once on one, times the bare echo"], [BARE, ...names].map((name) => row(name, orders)));
}

/**
 * @param {Record<string, { total: Summary, start: Summary }>} starts
 * @param {readonly string[]} runtimes
 */
function printStarts(starts, runtimes) {
  const component = summaryOf(starts, "component").total;
  console.log(`\n## Start of an instance behind a bridge, ms (n = ${component.n}): from the order to the first answer\n`);
  const rows = runtimes.flatMap((runtime) => [...ISOLATION_TITLES.keys()].flatMap((isolation) => {
    const [cold, warm] = [starts[`${runtime}-${isolation}-cold`], starts[`${runtime}-${isolation}-warm`]];
    if (cold === undefined || warm === undefined) return [];
    return [[
      instanceTitle(runtime, isolation), ...figures(cold.start), ...figures(warm.start), ratio(cold.start.median, warm.start), format(cold.total.median), format(warm.total.median), ratio(warm.total.median, component),
    ]];
  }));
  printTable(["", "cold, median", "p95", "from the warm pool, median", "p95", "cold over warm", "with the load, cold", "with the load, warm", "times the component's"], [
    ...rows, [`${TITLES.get(COMPONENT)}, cached: load and first call`, "", "", "", "", "", "", format(component.median), "1.00"],
  ]);
}

/**
 * @param {Record<string, Summary>} memory
 * @param {BridgeSettings["bridgeMemory"]} settings
 */
function printMemory(memory, { instances }) {
  console.log(`\n## Memory of an idle instance behind a bridge, MiB (proportional set size of the processes of ${instances}, divided by ${instances})\n`);
  if (Object.keys(memory).length === 0) {
    console.log("The system does not tell");
    return;
  }
  printTable(["instance", "rounds", "median", "most"], Object.entries(memory).map(([name, { n, median, max }]) => {
    const [runtime = "", isolation = ""] = name.split("-");
    return [instanceTitle(runtime, isolation), String(n), (median / MEBIBYTE).toFixed(1), (max / MEBIBYTE).toFixed(1)];
  }));
}

/**
 * @param {string} runtime
 * @param {string} isolation
 */
const instanceTitle = (runtime, isolation) => `${(TITLES.get(runtime) ?? runtime).replace(IN_BRIDGE, "")}, ${ISOLATION_TITLES.get(isolation)}`;

/**
 * @template Value
 * @param {Record<string, Value>} measured
 * @param {string} name
 */
function summaryOf(measured, name) {
  const found = measured[name];
  if (found === undefined) throw new Error(`Cannot report ${name}: it was not measured`);
  return found;
}

/** @param {Summary} summary of milliseconds */
const perSecond = ({ median }) => Math.round(1000 / median).toLocaleString("en");

/** @param {number} value */
const format = (value) => value.toFixed(value < 10 ? 2 : 1);

/** @param {Summary} summary */
const figures = ({ median, p95 }) => [format(median), format(p95)];
