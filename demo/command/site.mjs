// The page itself: built and previewed under its policy, or served by Vite for development.
import { build, createServer, preview } from "vite";
import { join } from "node:path";
import { HOST } from "./address.mjs";
import { BRIDGE_PATH } from "./bridge.mjs";
import { CONTENT_POLICY, HEADERS } from "./content-policy.mjs";
import { DEMO, DIST, PUBLIC, ROOT, SITE } from "./paths.mjs";

/**
 * @typedef {object} PageSetup What the page is built with.
 * @property {import("./registry.mjs").Registry} registry
 * @property {import("./bridge-filters.mjs").BridgeFilters} bridgeFilters
 * @property {boolean} hasBridge
 */

/**
 * @typedef {object} RunningSite
 * @property {string} address
 * @property {() => Promise<void>} close Stops it, with its bridge.
 */

/** @param {PageSetup} setup */
export async function buildSite(setup) {
  await build(configuration(setup));
}

/**
 * @param {number} port
 * @param {readonly import("vite").Plugin[]} plugins
 * @returns {Promise<RunningSite>}
 */
export async function previewSite(port, plugins) {
  const server = await preview({
    configFile: false, root: DEMO, base: "./", logLevel: "warn", build: { outDir: SITE }, plugins: [...plugins], preview: { host: HOST, port, strictPort: true, headers: HEADERS },
  });
  return { address: addressOf(server.httpServer.address()), close: () => server.close() };
}

/**
 * @param {PageSetup} setup
 * @param {number} port
 * @param {readonly import("vite").Plugin[]} plugins
 * @returns {Promise<RunningSite>}
 */
export async function startDevelopment(setup, port, plugins) {
  const settings = configuration(setup);
  const server = await createServer({ ...settings, plugins: [...(settings.plugins ?? []), ...plugins], server: { host: HOST, port, strictPort: true, fs: { allow: [ROOT] } } });
  await server.listen();
  return { address: addressOf(server.httpServer?.address()), close: () => server.close() };
}

/**
 * @param {PageSetup} setup
 * @returns {import("vite").InlineConfig}
 */
function configuration(setup) {
  return {
    configFile: false,
    root: DEMO,
    base: "./",
    publicDir: PUBLIC,
    logLevel: "warn",
    // What an app gets by installing the package.
    resolve: { alias: packageEntries() },
    build: { outDir: SITE, emptyOutDir: true, target: "es2023", cssTarget: ["chrome123", "firefox120", "safari17.5"], assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false, rolldownOptions: { checks: { bundlerTimings: false } } },
    plugins: [setupPlugin(setup), contentPolicyPlugin()],
  };
}

/** The package's browser entries, each by its own name only. */
function packageEntries() {
  const entries = new Map([["portcullis", "index.js"], ["portcullis/prompt", "prompt.js"], ["portcullis/backends", "backends.js"], ["portcullis/bridge", "bridge.js"]]);
  return [...entries].map(([name, file]) => ({ find: new RegExp(`^${name}$`), replacement: join(DIST, file) }));
}

/**
 * The key is part of the page and not fetched with the filters: who could change one could change the other.
 *
 * @param {PageSetup} setup
 * @returns {import("vite").Plugin}
 */
function setupPlugin({ registry, bridgeFilters, hasBridge }) {
  const filters = bridgeFilters.all.map((filter) => ({ id: filter.id, runtime: filter.runtime, title: filter.title, description: filter.description, absent: bridgeFilters.absent.get(filter) ?? null }));
  const modules = new Map([
    ["virtual:darkroom/registry", constants({ publisherKey: registry.publisherKey, registryPath: registry.path })],
    ["virtual:darkroom/bridge", constants({ bridgePath: hasBridge ? BRIDGE_PATH : null, bridgeFilters: filters })],
  ]);
  return {
    name: "darkroom:setup",
    resolveId: (source) => (modules.has(source) ? `\0${source}` : undefined),
    load: (loaded) => modules.get(loaded.replace(/^\0/, "")),
  };
}

/** @param {Readonly<Record<string, unknown>>} values */
function constants(values) {
  return Object.entries(values).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`).join("");
}

/**
 * Writes the policy into the built page, so that it holds on any static server.
 *
 * @returns {import("vite").Plugin}
 */
function contentPolicyPlugin() {
  return {
    name: "darkroom:content-policy",
    apply: "build",
    transformIndexHtml: () => [
      { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: CONTENT_POLICY }, injectTo: "head-prepend" },
    ],
  };
}

/** @param {import("node:net").AddressInfo | string | null | undefined} address */
function addressOf(address) {
  if (address === null || address === undefined || typeof address === "string") throw new Error("the server has no port");
  return `http://${HOST}:${address.port}/`;
}
