/**
 * The plugins of `fidius:conformance` that a bridge runs, put together as their author would have them: the folder of each, with
 * the WIT, and the library of this machine, in it.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BRIDGE = join(ROOT, "test/fixtures/bridge");
const WIT = join(ROOT, "test/fixtures/wit/conformance");
/** Where test/fixtures/build/native.mjs puts it. */
const LIBRARY = join(ROOT, ".cache/fixtures/native", `libconformance.${process.platform === "darwin" ? "dylib" : "so"}`);

/** @typedef {{ readonly name: string; readonly folder: string; readonly key: string }} BridgePlugin */

/**
 * Those that this machine can run, each in a folder below `place`, ready to pack. `key` is a digest of all that is in the folder.
 *
 * @returns {readonly BridgePlugin[]}
 */
export function assembleBridgePlugins(place = join(ROOT, ".cache/fixture-build/bridge")) {
  const python = spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]);
  return [
    ...(existsSync(LIBRARY) ? [assemble(place, "conformance-native", addLibrary)] : []),
    ...(python.status === 0 ? [assemble(place, "conformance-python", addModule)] : []),
  ];
}

function assemble(/** @type {string} */ place, /** @type {string} */ name, /** @type {(folder: string) => void} */ fill) {
  const folder = join(place, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  fill(folder);
  cpSync(WIT, join(folder, "wit"), { recursive: true });
  return { name, folder, key: digest(folder) };
}

function addLibrary(/** @type {string} */ folder) {
  cpSync(LIBRARY, join(folder, basename(LIBRARY)));
  const text = readFileSync(join(BRIDGE, "native", "conformance", "package.toml"), "utf8");
  const written = '"linux-x64" = "libconformance.so"';
  const found = `"${process.platform}-${process.arch}" = "${basename(LIBRARY)}"`;
  if (!text.includes(written)) throw new Error(`The package.toml of the native plugin has no library ${written}, which this script replaces`);
  writeFileSync(join(folder, "package.toml"), text.replace(written, found));
}

function addModule(/** @type {string} */ folder) {
  const source = join(BRIDGE, "python", "conformance");
  cpSync(source, folder, { recursive: true, filter: (path) => basename(path) !== "__pycache__" });
}

function digest(/** @type {string} */ folder) {
  const hash = createHash("sha256");
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of entries.map((entry) => join(entry.parentPath, entry.name)).sort()) hash.update(`${relative(folder, path)}\0`).update(readFileSync(path)).update("\0");
  return hash.digest("hex");
}
