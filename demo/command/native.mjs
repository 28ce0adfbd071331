// Builds the filters that are native libraries, for this machine, where there is a compiler.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./paths.mjs";
import { run } from "./run.mjs";

/** @typedef {import("./filters.mjs").Filter} Filter */

/** As Node names it, and as packages do. */
export const PLATFORM = `${process.platform}-${process.arch}`;

const TARGET = join(ROOT, ".cache/demo-native");
const CARGO = process.env["CARGO"] ?? "cargo";

/** Whether there is a cargo. */
export function hasCargo() {
  return run(CARGO, ["--version"]).then(() => true, () => false);
}

/**
 * Builds the library unless it is up to date: cargo knows.
 *
 * @param {Filter} filter
 * @returns {Promise<string>} where the library is
 */
export async function buildNative({ folder, name, title }) {
  const library = join(TARGET, "release", libraryName(name));
  const isThere = await stat(library).then(() => true, () => false);
  if (!isThere) console.log(`Building ${title} and the crates that it uses, once…`);
  await run(CARGO, ["build", "--release", "--locked", "--manifest-path", join(folder, "Cargo.toml")], { CARGO_TARGET_DIR: TARGET });
  return library;
}

/** @param {string} name */
function libraryName(name) {
  const stem = name.replaceAll("-", "_");
  if (process.platform === "win32") return `${stem}.dll`;
  return process.platform === "darwin" ? `lib${stem}.dylib` : `lib${stem}.so`;
}
