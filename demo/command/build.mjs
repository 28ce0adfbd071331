// Builds the library and the one filter that is too large to commit, where they are missing or out of date.
import { createRequire } from "node:module";
import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { COMMAND_LINE, DIST, ROOT } from "./paths.mjs";
import { runNode } from "./run.mjs";

export async function buildLibrary() {
  if (!(await isLibraryStale())) return;
  console.log("Building Portcullis…");
  const vite = join(dirname(createRequire(import.meta.url).resolve("vite/package.json")), "bin/vite.js");
  await runNode([vite, "build"]);
}

/** The JavaScript filter has an engine inside: 1.6 MB that any machine with Node can make. */
export async function buildDuotone() {
  // By address: the fixtures' scripts are checked with the tests.
  const { buildCached } = await import(new URL("../../test/fixtures/build/setup.mjs", import.meta.url).href);
  if (!(await buildCached({ names: ["duotone"] }))) throw new Error("the filter duotone could not be built; see above");
}

async function isLibraryStale() {
  const built = await Promise.all([join(DIST, "index.js"), COMMAND_LINE, join(DIST, "types/index.d.ts")].map(modifiedAt));
  if (built.includes(0)) return true;
  const sources = ["package.json", "vite.config.ts", "tsconfig.json"].map((name) => join(ROOT, name));
  for (const entry of await readdir(join(ROOT, "src"), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sources.push(join(entry.parentPath, entry.name));
  }
  const changed = Math.max(...(await Promise.all(sources.map(modifiedAt))));
  return changed > Math.min(...built);
}

/** @param {string} path */
function modifiedAt(path) {
  return stat(path).then(
    (found) => found.mtimeMs,
    () => 0,
  );
}
