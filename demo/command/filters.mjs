// The filters that there are: the folders of demo/plugins, and the one that is built here.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "smol-toml";
import { DEMO, ROOT } from "./paths.mjs";

/**
 * @typedef {object} Filter What the registry is made from.
 * @property {string} folder With its `package.toml`.
 * @property {string} name The folder's.
 * @property {string} id
 * @property {string} version
 * @property {"wasm" | "python" | "rust"} runtime Components run in the page, the others on the bridge.
 * @property {string} title
 * @property {string} description
 */

/** @returns {Promise<Filter[]>} those whose code is there, or is made by this command */
export async function findFilters() {
  const found = [];
  for (const parent of [join(DEMO, "plugins"), join(ROOT, ".cache/demo-plugins")]) {
    for (const name of (await readdir(parent)).sort()) {
      const files = await readdir(join(parent, name)).catch(() => /** @type {string[]} */ ([]));
      if (!files.includes("package.toml")) continue;
      const filter = await readFilter(join(parent, name), name);
      if (filter.runtime !== "wasm" || files.includes("component.wasm")) found.push(filter);
    }
  }
  return found;
}

/**
 * @param {string} folder
 * @param {string} name
 * @returns {Promise<Filter>}
 */
async function readFilter(folder, name) {
  const written = /** @type {any} */ (parse(await readFile(join(folder, "package.toml"), "utf8")));
  const { package: { name: id, version, runtime }, metadata: { title, description } } = written;
  return { folder, name, id, version, runtime, title, description };
}
