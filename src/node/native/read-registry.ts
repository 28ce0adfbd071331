import { PluginError } from "../../errors/plugin-error.js";
import { ABI_VERSION, REGISTRY, releaseOf } from "./fidius-abi.js";
import type { ForeignMemory } from "./foreign-memory.js";
import { LibraryFault } from "./library-fault.js";

const ENTRIES = 256;
export const NAME_BYTES = 256;

/**
 * The addresses of what a registry lists.
 *
 * @param what - what it is called in messages, such as `its registry`
 * @throws {LibraryFault}
 */
export function readRegistry(memory: ForeignMemory, address: bigint, what: string): readonly bigint[] {
  const registry = memory.view(address, REGISTRY.bytes, what);
  const magic = memory.read(address, REGISTRY.magic.length, what).toString("latin1");
  if (magic !== REGISTRY.magic) throw new LibraryFault(`${what} begins with ${JSON.stringify(magic)}, and not with ${JSON.stringify(REGISTRY.magic)}`);
  const [version, count] = [registry.getUint32(REGISTRY.versionAt, true), registry.getUint32(REGISTRY.countAt, true)];
  if (version !== REGISTRY.version) throw new LibraryFault(`${what} has the version ${version}, and ${REGISTRY.version} is known`);
  if (count > ENTRIES) throw new LibraryFault(`${what} says that it has ${count} entries, and at most ${ENTRIES} are allowed`);
  return count === 0 ? [] : memory.addresses(registry.getBigUint64(REGISTRY.entriesAt, true), count, `the list of ${what}`);
}

/**
 * A descriptor that says of itself which interface it is of, and how large it is.
 *
 * @throws {LibraryFault}
 * @throws {PluginError} `runtime-unsupported` for another version of fidius
 */
export function readDescriptor(memory: ForeignMemory, address: bigint, size: number, what: string): DataView {
  const head = memory.view(address, 8, what);
  const [claimed, version] = [head.getUint32(0, true), head.getUint32(4, true)];
  if (version !== ABI_VERSION) {
    throw new PluginError({
      code: "runtime-unsupported",
      stage: "instantiate",
      message: `Cannot run the plugin's library: ${what} is of ABI ${version} (fidius ${releaseOf(version)}), and this runs ABI ${ABI_VERSION} (fidius ${releaseOf(ABI_VERSION)}). Build the plugin with fidius ${releaseOf(ABI_VERSION)}.`,
    });
  }
  if (claimed < size) throw new LibraryFault(`${what} says that it has ${claimed} bytes, and has ${size} in this version of fidius`);
  return memory.view(address, size, what);
}
