// The demo's registry: every filter packed and signed with a key of this machine, and a signed index.
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { packagesOf, packFilter } from "./pack-filter.mjs";
import { CACHE, DEMO, PUBLIC, PUBLISHER } from "./paths.mjs";
import { portcullis } from "./run.mjs";
import { writeSamples } from "./samples.mjs";

/** @typedef {import("./filters.mjs").Filter} Filter */

/**
 * @typedef {object} Registry What the page is built with.
 * @property {string} publisherKey The key that it trusts.
 * @property {string} path Of its index, relative to the page.
 * @property {string} folder On this machine.
 */

/**
 * Packs filters into the registry, which has no index of them yet.
 *
 * @param {string} address where the page will be
 * @param {readonly Filter[]} filters
 * @param {ReadonlyMap<Filter, string>} libraries of the native ones
 * @returns {Promise<Registry>}
 */
export async function packFilters(address, filters, libraries) {
  await mkdir(CACHE, { recursive: true });
  const publisherKey = await publisher();
  // A browser remembers how far a registry's index got and refuses an older one. Another key means another registry
  // that begins anew, so it gets another address.
  const name = createHash("sha256").update(publisherKey).digest("hex").slice(0, 12);
  const folder = join(PUBLIC, "plugins", name);
  await removeOtherRegistries(folder);
  for (const filter of filters) await packFilter(filter, libraries.get(filter), { folder, address, publisherKey });
  await writeSamples(folder, filters);
  await cp(join(DEMO, "palettes"), join(PUBLIC, "palettes"), { recursive: true });
  return { publisherKey, path: `plugins/${name}/index.json`, folder };
}

/**
 * Lists exactly these filters.
 *
 * @param {Registry} registry
 * @param {readonly Filter[]} filters
 */
export async function publishIndex({ folder }, filters) {
  await removeOldPackages(folder, filters);
  // Also without a change: it renews the time for which browsers believe the index.
  await portcullis("index", folder, "--key", `${PUBLISHER}.pem`, "--trust", `${PUBLISHER}.pub`);
}

/** The public key of the demo's publisher, made on the first run. */
async function publisher() {
  const read = () => readFile(`${PUBLISHER}.pub`, "utf8").then((text) => text.trim());
  return read().catch(async () => {
    await portcullis("keygen", "--out", PUBLISHER);
    return read();
  });
}

/** @param {string} folder */
async function removeOtherRegistries(folder) {
  const parent = join(PUBLIC, "plugins");
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(parent)) {
    if (join(parent, name) !== folder) await rm(join(parent, name), { recursive: true });
  }
}

/**
 * Removes what no filter of these is in. The index stays: it has the sequence number.
 *
 * @param {string} folder
 * @param {readonly Filter[]} filters
 */
async function removeOldPackages(folder, filters) {
  const kept = new Set((await Promise.all(filters.map((filter) => packagesOf(folder, filter)))).flat());
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith("index.") && !kept.has(entry)) await rm(join(folder, entry), { recursive: true });
  }
}
