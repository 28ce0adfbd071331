/* Loads fixtures as an app would. */
import { defineInterface, PluginHost, trustKeys, urlSource } from "../dist/index.js";

/** @returns the response, if it is one that can be used. */
export async function fetchFile(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

const fetchText = async (path) => (await fetchFile(path)).text();

/** Where the package of a fixture is. */
export const folderOf = (component) => `/packages/registry/fixture.${component}/1.0.0`;

export const readManifest = async (component) => (await fetchFile(`${folderOf(component)}/manifest.json`)).json();

/** What the app has at hand before it loads anything: the publisher's key and the interface. */
export async function readFixture(component) {
  const [key, descriptor] = await Promise.all([fetchText("/packages/publisher.pub"), fetchText(`/packages/descriptors/${component}.json`)]);
  return { id: `fixture.${component}`, key: key.trim(), descriptor: defineInterface(JSON.parse(descriptor)) };
}

/**
 * @param {string} index - address of a registry.
 * @param {object} options - of the host, besides sources and trust.
 */
export async function loadFixture({ id, key, descriptor }, index, options = {}) {
  const host = new PluginHost({ sources: [urlSource(index)], trust: trustKeys([key]), ...options });
  return { host, handle: await host.load(id, descriptor) };
}

/** The registry as `portcullis pack` makes it. */
export const PACKAGES = "/packages/registry/index.json";
/** The same components, signed by the same key, without transpiled output. */
export const COMPONENTS_ONLY = "/components-only/index.json";

export const SANDBOXES = ["policy-frame", "sandboxed-frame", "policy-worker"];

/** Host options for one sandbox and no other. */
export const only = (sandbox) => ({ sandbox, sandboxWorkerUrl: new URL("/sealed/dist/sandbox-worker.js", location.href) });
