/**
 * Darkroom, from a checkout with nothing but `node_modules`:
 *
 *   npm run demo                    builds what is missing, then serves the built page under its strict policy
 *   npm run demo -- --port 8080     at another port; 0 takes any free one
 *   npm run demo -- --dev           with Vite's development server, which needs a looser policy and sends none
 *   npm run demo -- --build         only builds the page, as a static site in .cache/demo/site
 *   npm run demo -- --build --address https://example.com/darkroom/     for a site that is served there
 *   npm run demo -- --no-library    uses the built Portcullis as it is, for tests that run beside others
 */
import { parseArgs } from "node:util";
import { addressAt, findPort } from "./command/address.mjs";
import { buildDuotone, buildLibrary } from "./command/build.mjs";
import { prepareRegistry } from "./command/registry.mjs";
import { buildSite, previewSite, startDevelopment } from "./command/site.mjs";
import { writeTypes } from "./command/types.mjs";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "4173" },
    dev: { type: "boolean", default: false },
    build: { type: "boolean", default: false },
    address: { type: "string" },
    "no-library": { type: "boolean", default: false },
  },
});
const wantedPort = Number(values.port);
if (!/^\d+$/.test(values.port) || wantedPort > 65_535) refuse(`at port ${values.port}: give a number from 0 to 65535`);
if (values.address !== undefined && !values.build) refuse("at an address: --address belongs to --build; a server is where its --port says");
if (values.address !== undefined && !/^https?:\/\/[^?#]+\/$/.test(values.address)) refuse(`at ${values.address}: give the folder's whole address with a slash at its end`);

try {
  if (!values["no-library"]) await step("Portcullis", buildLibrary);
  await step("Filters", buildDuotone);
  await step("Types", writeTypes);
  const port = await findPort(wantedPort);
  const registry = await step("Registry", () => prepareRegistry(values.address ?? addressAt(port)));
  if (values.dev) {
    announce(await startDevelopment(registry, port));
  } else {
    await step("Page", () => buildSite(registry));
    if (!values.build) announce(await previewSite(port));
  }
} catch (error) {
  console.error(`\nThe demo cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
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

/** @param {string} address */
function announce(address) {
  console.log(`\nDarkroom is at ${address}\nStop it with Ctrl+C.`);
}
