// The page itself: built and previewed under its policy, or served by Vite for development.
import { build, createServer, preview } from "vite";
import { join } from "node:path";
import { HOST } from "./address.mjs";
import { CONTENT_POLICY, HEADERS } from "./content-policy.mjs";
import { DEMO, DIST, PUBLIC, ROOT, SITE } from "./paths.mjs";

/** @typedef {import("./registry.mjs").Registry} Registry */

/** @param {Registry} registry */
export async function buildSite(registry) {
  await build(configuration(registry));
}

/**
 * @param {number} port
 * @returns {Promise<string>} its address
 */
export async function previewSite(port) {
  const server = await preview({
    configFile: false, root: DEMO, base: "./", logLevel: "warn", build: { outDir: SITE }, preview: { host: HOST, port, strictPort: true, headers: HEADERS },
  });
  return addressOf(server.httpServer.address());
}

/**
 * @param {Registry} registry
 * @param {number} port
 * @returns {Promise<string>} its address
 */
export async function startDevelopment(registry, port) {
  const server = await createServer({ ...configuration(registry), server: { host: HOST, port, strictPort: true, fs: { allow: [ROOT] } } });
  await server.listen();
  return addressOf(server.httpServer?.address());
}

/**
 * @param {Registry} registry
 * @returns {import("vite").InlineConfig}
 */
function configuration(registry) {
  return {
    configFile: false,
    root: DEMO,
    base: "./",
    publicDir: PUBLIC,
    logLevel: "warn",
    // What an app gets by installing the package.
    resolve: { alias: packageEntries() },
    build: { outDir: SITE, emptyOutDir: true, target: "es2023", cssTarget: ["chrome123", "firefox120", "safari17.5"], assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
    plugins: [publisherKeyPlugin(registry), contentPolicyPlugin()],
  };
}

/** The package's browser entries, each by its own name only. */
function packageEntries() {
  const entries = new Map([["portcullis", "index.js"], ["portcullis/prompt", "prompt.js"], ["portcullis/backends", "backends.js"]]);
  return [...entries].map(([name, file]) => ({ find: new RegExp(`^${name}$`), replacement: join(DIST, file) }));
}

/**
 * The key is part of the page and not fetched with the filters: who could change one could change the other.
 *
 * @param {Registry} registry
 * @returns {import("vite").Plugin}
 */
function publisherKeyPlugin({ publisherKey, path }) {
  const id = "virtual:darkroom/registry";
  return {
    name: "darkroom:registry",
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load: (loaded) =>
      loaded === `\0${id}` ? `export const publisherKey = ${JSON.stringify(publisherKey)};\nexport const registryPath = ${JSON.stringify(path)};\n` : undefined,
  };
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
