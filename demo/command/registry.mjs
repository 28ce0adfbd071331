// The demo's registry: every filter packed and signed with a key of this machine, and a signed index.
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { WRITTEN_ADDRESS } from "./address.mjs";
import { CACHE, COMMAND_LINE, DEMO, PUBLIC, PUBLISHER, ROOT } from "./paths.mjs";
import { portcullis } from "./run.mjs";
import { writeSamples } from "./samples.mjs";

/**
 * @typedef {object} Registry What the page is built with.
 * @property {string} publisherKey The key that it trusts.
 * @property {string} path Of its index, relative to the page.
 */

/**
 * @param {string} address where the page will be
 * @returns {Promise<Registry>}
 */
export async function prepareRegistry(address) {
  await mkdir(CACHE, { recursive: true });
  const publisherKey = await publisher();
  const filters = await findFilters();
  // A browser remembers how far a registry's index got and refuses an older one. Another key means another registry
  // that begins anew, so it gets another address.
  const name = createHash("sha256").update(publisherKey).digest("hex").slice(0, 12);
  const folder = join(PUBLIC, "plugins", name);
  await removeOtherRegistries(folder);
  for (const filter of filters) await packFilter(filter, { folder, address, publisherKey });
  await removeOldPackages(folder, filters);
  await writeSamples(folder, filters);
  await cp(join(DEMO, "palettes"), join(PUBLIC, "palettes"), { recursive: true });
  // Also without a change: it renews the time for which browsers believe the index.
  await portcullis("index", folder, "--key", `${PUBLISHER}.pem`, "--trust", `${PUBLISHER}.pub`);
  return { publisherKey, path: `plugins/${name}/index.json` };
}

/**
 * Packs a filter unless nothing changed that its package is made from.
 *
 * @param {string} filter
 * @param {{ folder: string, address: string, publisherKey: string }} registry
 */
async function packFilter(filter, { folder, address, publisherKey }) {
  const name = basename(filter);
  const written = await readFile(join(filter, "package.toml"), "utf8");
  const description = written.replaceAll(WRITTEN_ADDRESS, address);
  const component = await readFile(join(filter, "component.wasm"));
  const hash = createHash("sha256");
  for (const input of [publisherKey, await readFile(COMMAND_LINE), description, component]) hash.update("\0").update(input);
  const stamp = hash.digest("hex");
  const stampFile = join(CACHE, "stamps", name);
  if ((await readFile(stampFile, "utf8").catch(() => "")) === stamp && (await packagesOf(folder, name)).length > 1) return;
  await rm(stampFile, { force: true });
  for (const old of await packagesOf(folder, name)) await rm(join(folder, old), { recursive: true });
  const source = join(CACHE, "sources", name);
  await mkdir(source, { recursive: true });
  await writeFile(join(source, "package.toml"), description);
  await writeFile(join(source, "component.wasm"), component);
  await portcullis("pack", source, "--out", folder, "--key", `${PUBLISHER}.pem`, "--archive");
  await mkdir(join(CACHE, "stamps"), { recursive: true });
  await writeFile(stampFile, stamp);
}

/** The public key of the demo's publisher, made on the first run. */
async function publisher() {
  const read = () => readFile(`${PUBLISHER}.pub`, "utf8").then((text) => text.trim());
  return read().catch(async () => {
    await portcullis("keygen", "--out", PUBLISHER);
    return read();
  });
}

/** Folders with a filter's `package.toml` and component: the committed ones and the one built here. */
async function findFilters() {
  const found = [];
  for (const parent of [join(DEMO, "plugins"), join(ROOT, ".cache/demo-plugins")]) {
    for (const name of (await readdir(parent)).sort()) {
      const files = await readdir(join(parent, name)).catch(() => /** @type {string[]} */ ([]));
      if (files.includes("package.toml") && files.includes("component.wasm")) found.push(join(parent, name));
    }
  }
  return found;
}

/**
 * A filter's folder of packages, and the file of each beside it.
 *
 * @param {string} folder
 * @param {string} name
 */
async function packagesOf(folder, name) {
  return (await readdir(folder)).filter((entry) => entry === `darkroom.${name}` || entry.startsWith(`darkroom.${name}-`));
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
 * @param {readonly string[]} filters
 */
async function removeOldPackages(folder, filters) {
  const kept = new Set((await Promise.all(filters.map((filter) => packagesOf(folder, basename(filter))))).flat());
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith("index.") && !kept.has(entry)) await rm(join(folder, entry), { recursive: true });
  }
}
