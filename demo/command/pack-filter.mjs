// Makes a signed package of each filter that changed.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { WRITTEN_ADDRESS } from "./address.mjs";
import { PLATFORM } from "./native.mjs";
import { CACHE, COMMAND_LINE, DEMO, PUBLISHER } from "./paths.mjs";
import { portcullis } from "./run.mjs";

/** @typedef {import("./filters.mjs").Filter} Filter */

/**
 * @typedef {object} PackTarget
 * @property {string} folder The registry.
 * @property {string} address Where the page will be.
 * @property {string} publisherKey
 */

/**
 * Packs a filter unless nothing changed that its package is made from.
 *
 * @param {Filter} filter
 * @param {string | undefined} library of a native one
 * @param {PackTarget} target
 */
export async function packFilter(filter, library, { folder, address, publisherKey }) {
  const files = await sourceFiles(filter, library, address);
  const stamp = stampOf([publisherKey, await readFile(COMMAND_LINE), ...[...files].flat()]);
  const stampFile = join(CACHE, "stamps", filter.name);
  if ((await readFile(stampFile, "utf8").catch(() => "")) === stamp && (await packagesOf(folder, filter)).length > 1) return;
  await rm(stampFile, { force: true });
  for (const old of await packagesOf(folder, filter)) await rm(join(folder, old), { recursive: true });
  const source = join(CACHE, "sources", filter.name);
  await rm(source, { recursive: true, force: true });
  for (const [path, content] of files) {
    await mkdir(dirname(join(source, path)), { recursive: true });
    await writeFile(join(source, path), content);
  }
  await portcullis("pack", source, "--out", folder, "--key", `${PUBLISHER}.pem`, "--archive");
  await mkdir(dirname(stampFile), { recursive: true });
  await writeFile(stampFile, stamp);
}

/**
 * A filter's folder of packages, and the file of each beside it.
 *
 * @param {string} folder
 * @param {Filter} filter
 */
export async function packagesOf(folder, { id }) {
  return (await readdir(folder)).filter((entry) => entry === id || entry.startsWith(`${id}-`));
}

/**
 * What is packed, by path: as it is in the filter's folder, but for what depends on this machine.
 *
 * @param {Filter} filter
 * @param {string | undefined} library
 * @param {string} address
 * @returns {Promise<Map<string, string | Uint8Array>>}
 */
async function sourceFiles({ folder, runtime }, library, address) {
  const description = (await readFile(join(folder, "package.toml"), "utf8")).replaceAll(WRITTEN_ADDRESS, address);
  /** @type {Map<string, string | Uint8Array>} */
  const files = new Map([["package.toml", description]]);
  const add = async (/** @type {string} */ path, /** @type {string} */ name) => void files.set(name, await readFile(path));
  if (runtime === "wasm") await add(join(folder, "component.wasm"), "component.wasm");
  else await add(join(DEMO, "wit/world.wit"), "wit/world.wit");
  if (runtime === "python") {
    for (const name of await readdir(folder)) if (name.endsWith(".py")) await add(join(folder, name), name);
  }
  if (library !== undefined) {
    files.set("package.toml", description.replace(/^libraries = .*$/m, `libraries = { "${PLATFORM}" = "${basename(library)}" }`));
    await add(library, basename(library));
  }
  return files;
}

/** @param {readonly (string | Uint8Array)[]} parts */
function stampOf(parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update("\0").update(part);
  return hash.digest("hex");
}
