/**
 * Darkroom, from a checkout with nothing but `node_modules`:
 *
 *   npm run demo                    builds what is missing, then serves the built page under its strict policy
 *   npm run demo -- --port 8080     at another port; 0 takes any free one
 *   npm run demo -- --dev           with Vite's development server, which needs a looser policy and sends none
 *   npm run demo -- --build         only builds the page, as a static site in .cache/demo/site
 *   npm run demo -- --build --address https://example.com/darkroom/     for a site that is served there
 *   npm run demo -- --no-library    uses the built Portcullis as it is, for tests that run beside others
 *   npm run demo -- --without python,native     as on a machine without Python, or without Rust's cargo
 */
import { parseArgs } from "node:util";
import { addressAt, findPort } from "./command/address.mjs";
import { BridgeFilters, TOOLCHAINS } from "./command/bridge-filters.mjs";
import { createFilterBridge } from "./command/bridge.mjs";
import { buildDuotone, buildLibrary } from "./command/build.mjs";
import { findFilters } from "./command/filters.mjs";
import { packFilters, publishIndex } from "./command/registry.mjs";
import { buildSite, previewSite, startDevelopment } from "./command/site.mjs";
import { writeTypes } from "./command/types.mjs";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "4173" },
    dev: { type: "boolean", default: false },
    build: { type: "boolean", default: false },
    address: { type: "string" },
    "no-library": { type: "boolean", default: false },
    without: { type: "string", default: "" },
  },
});
const wantedPort = Number(values.port);
if (!/^\d+$/.test(values.port) || wantedPort > 65_535) refuse(`at port ${values.port}: give a number from 0 to 65535`);
if (values.address !== undefined && !values.build) refuse("at an address: --address belongs to --build; a server is where its --port says");
if (values.address !== undefined && !/^https?:\/\/[^?#]+\/$/.test(values.address)) refuse(`at ${values.address}: give the folder's whole address with a slash at its end`);
const without = new Set(TOOLCHAINS.filter((toolchain) => values.without.split(",").includes(toolchain)));
if (values.without.split(",").some((name) => name !== "" && !TOOLCHAINS.some((known) => known === name))) refuse(`without ${values.without}: give ${TOOLCHAINS.join(" or ")}, or both with a comma`);

/** Ends what runs so far, the bridge's processes above all. */
let close = () => Promise.resolve();
// SIGTERM is Vite's own, and does the same.
process.once("SIGINT", () => void close().finally(() => process.exit()));
try {
  await start();
} catch (error) {
  console.error(`\nThe demo cannot start: ${error instanceof Error ? error.message : String(error)}`);
  await close();
  process.exit(1);
}

async function start() {
  if (!values["no-library"]) await step("Portcullis", buildLibrary);
  await step("Filters", buildDuotone);
  await step("Types", writeTypes);
  const filters = await findFilters();
  const bridgeFilters = new BridgeFilters(filters);
  if (values.build) bridgeFilters.removeAll();
  else await step("Native code", () => bridgeFilters.build(without));
  const isPresent = (/** @type {typeof filters[number]} */ filter) => !bridgeFilters.absent.has(filter);
  const port = await findPort(wantedPort);
  const address = values.address ?? addressAt(port);
  const registry = await step("Registry", () => packFilters(address, filters.filter(isPresent), bridgeFilters.libraries));
  const bridge = bridgeFilters.present.length === 0 ? undefined : await step("Bridge", () => startBridge(registry, bridgeFilters, address));
  await publishIndex(registry, filters.filter(isPresent));
  const setup = { registry, bridgeFilters, hasBridge: bridge !== undefined };
  const plugins = bridge === undefined ? [] : [bridge.plugin];
  if (!values.dev) await step("Page", () => buildSite(setup));
  if (values.build) return;
  const site = values.dev ? await startDevelopment(setup, port, plugins) : await previewSite(port, plugins);
  close = site.close;
  announce(site.address, bridgeFilters);
}

/**
 * @param {import("./command/registry.mjs").Registry} registry
 * @param {BridgeFilters} bridgeFilters
 * @param {string} address
 */
async function startBridge(registry, bridgeFilters, address) {
  const bridge = await createFilterBridge(registry, address);
  close = bridge.close;
  await bridgeFilters.tryAll(bridge.executor, registry.folder);
  return bridge;
}

/**
 * @template Result
 * @param {string} title
 * @param {() => Promise<Result>} work
 */
async function step(title, work) {
  const started = performance.now();
  const result = await work();
  console.log(`${title.padEnd(12)} ready in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result;
}

/**
 * @param {string} reason
 * @returns {never}
 */
function refuse(reason) {
  console.error(`Cannot start ${reason}`);
  process.exit(2);
}

/**
 * @param {string} address
 * @param {BridgeFilters} bridgeFilters
 */
function announce(address, { absent }) {
  for (const [{ title }, reason] of absent) console.log(`${title} is not there: ${reason}`);
  console.log(`\nDarkroom is at ${address}\nStop it with Ctrl+C.`);
}
