import type { Refuse } from "./bounded-json.js";
import { checkBridgeWorld } from "./check-bridge-world.js";
import type { BridgeCode, BridgeLibrary, Manifest, ManifestFile } from "./manifest.js";
import { quotedText } from "./quoted-text.js";

/** Where a Python package keeps what pip installed for it. Modules are looked for there first, and then beside it. */
const VENDOR = "vendor/";
/** Capabilities of a library are the bits of one 64-bit number. */
const CAPABILITY_BITS = 64;

/**
 * Checks what the manifest of a native or Python plugin says of its code: everything that a bridge would otherwise have to
 * find out from the code itself, which it must not run for that.
 *
 * @throws the error that `refuse` makes
 */
export function checkBridgePlugin(manifest: Manifest, files: ReadonlyMap<string, ManifestFile>, refuse: Refuse): void {
  const { runtime, bridge, component, transpiled, world } = manifest;
  if (bridge === undefined) throw refuse(`its runtime is ${runtime}, and it has no "bridge", which says how it is run`);
  if (component !== undefined) throw refuse(`its runtime is ${runtime}, and it has a component, which only the runtime wasm has`);
  if (transpiled.length > 0) throw refuse(`its runtime is ${runtime}, and it has transpiled outputs, which only the runtime wasm has`);
  if (runtime === "rust") checkLibraries(bridge, files, refuse);
  else checkEntryModule(bridge, files, refuse);
  checkOptionalBits(bridge, refuse);
  checkBridgeWorld(world, bridge, refuse);
}

function checkLibraries({ libraries = [], entryModule }: BridgeCode, files: ReadonlyMap<string, ManifestFile>, refuse: Refuse): void {
  if (entryModule !== undefined) throw refuse("its runtime is rust, and it has an entry module, which only the runtime python has");
  if (libraries.length === 0) throw refuse("its runtime is rust, and it has no library");
  const platforms = new Set<BridgeLibrary["platform"]>();
  for (const { platform, path } of libraries) {
    if (platforms.has(platform)) throw refuse(`it has two libraries for ${platform}`);
    platforms.add(platform);
    if (!files.has(path)) throw refuse(`its library for ${platform} is at "${path}", which is not in its list of files`);
  }
}

function checkEntryModule({ libraries, entryModule }: BridgeCode, files: ReadonlyMap<string, ManifestFile>, refuse: Refuse): void {
  if (libraries !== undefined) throw refuse("its runtime is python, and it has libraries, which only the runtime rust has");
  if (entryModule === undefined) throw refuse("its runtime is python, and it has no entry module");
  const candidates = modulePaths(entryModule);
  if (candidates.some((path) => files.has(path))) return;
  throw refuse(`its entry module ${quotedText(entryModule)} is not among its files: none of them is ${candidates.join(", ")}`);
}

/** Where a Python module may be in a package. */
function modulePaths(module: string): readonly string[] {
  const path = module.replaceAll(".", "/");
  return ["", VENDOR].flatMap((folder) => [`${folder}${path}.py`, `${folder}${path}/__init__.py`]);
}

function checkOptionalBits({ methods }: BridgeCode, refuse: Refuse): void {
  const bits = new Set<number>();
  for (const { function: name, optionalBit } of methods) {
    if (optionalBit === undefined) continue;
    if (optionalBit >= CAPABILITY_BITS) throw refuse(`its optional method ${quotedText(name)} has bit ${optionalBit}, and there are only ${CAPABILITY_BITS}, from 0`);
    if (bits.has(optionalBit)) throw refuse(`two of its optional methods have bit ${optionalBit}`);
    bits.add(optionalBit);
  }
}
