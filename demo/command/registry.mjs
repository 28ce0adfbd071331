// The demo's registry: every filter packed and signed with a key of this machine, and a signed index.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CACHE, COMMAND_LINE, DEMO, PUBLIC, PUBLISHER, ROOT } from "./paths.mjs";
import { portcullis } from "./run.mjs";
import { writeSamples } from "./samples.mjs";

/**
 * @typedef {object} Registry What the page is built with.
 * @property {string} publisherKey The key that it trusts.
 * @property {string} path Of its index, relative to the page.
 */

/** @returns {Promise<Registry>} */
export async function prepareRegistry() {
  await mkdir(CACHE, { recursive: true });
  const publisherKey = await publisher();
  const filters = await findFilters();
  // A browser remembers how far a registry's index got and refuses an older one. Another key means another registry
  // that begins anew, so it gets another address.
  const name = createHash("sha256").update(publisherKey).digest("hex").slice(0, 12);
  const folder = join(PUBLIC, "plugins", name);
  const stamp = await stampOf(publisherKey, filters);
  const stampFile = join(CACHE, "registry.stamp");
  if ((await readFile(stampFile, "utf8").catch(() => "")) !== stamp) {
    await rm(stampFile, { force: true });
    await removePackages(folder);
    for (const filter of filters) await portcullis("pack", filter, "--out", folder, "--key", `${PUBLISHER}.pem`, "--archive");
    await writeSamples(folder, filters);
    await writeFile(stampFile, stamp);
  }
  // Also without a change: it renews the time for which browsers believe the index.
  await portcullis("index", folder, "--key", `${PUBLISHER}.pem`, "--trust", `${PUBLISHER}.pub`);
  return { publisherKey, path: `plugins/${name}/index.json` };
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
 * Changes with everything that the packages are made from.
 *
 * @param {string} publisherKey
 * @param {readonly string[]} filters
 */
async function stampOf(publisherKey, filters) {
  const hash = createHash("sha256").update(publisherKey);
  const recipe = ["registry.mjs", "samples.mjs"].map((name) => join(DEMO, "command", name));
  const inputs = filters.flatMap((filter) => [join(filter, "package.toml"), join(filter, "component.wasm")]);
  for (const path of [COMMAND_LINE, ...recipe, ...inputs]) hash.update("\0").update(await readFile(path));
  return hash.digest("hex");
}

/**
 * Removes what was packed before, other registries included. The index stays: it has the sequence number.
 *
 * @param {string} folder
 */
async function removePackages(folder) {
  const parent = join(PUBLIC, "plugins");
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(parent)) {
    if (join(parent, name) !== folder) await rm(join(parent, name), { recursive: true });
  }
  for (const name of await readdir(folder)) {
    if (!name.startsWith("index.")) await rm(join(folder, name), { recursive: true });
  }
}
