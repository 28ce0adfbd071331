import { HOST_IMPORT } from "./fidius-abi.js";
import type { ForeignMemory } from "./foreign-memory.js";
import { NAME_BYTES, readDescriptor, readRegistry } from "./read-registry.js";

/** An interface of hosts that a library was built for. */
export interface HostImport {
  readonly name: string;
  readonly nameAddress: bigint;
  readonly version: number;
  readonly hash: bigint;
  /** Takes the table of its functions. */
  readonly bind: bigint;
}

/**
 * @param registry - what `fidius_get_host_imports` answered
 * @throws {LibraryFault}
 * @throws {PluginError} `runtime-unsupported` for another version of fidius
 */
export function readHostImports(memory: ForeignMemory, registry: bigint): readonly HostImport[] {
  return readRegistry(memory, registry, "its registry of host interfaces").map((address, place) => {
    const what = `host interface ${place}`;
    const descriptor = readDescriptor(memory, address, HOST_IMPORT.bytes, what);
    const nameAddress = descriptor.getBigUint64(HOST_IMPORT.nameAt, true);
    return {
      name: memory.text(nameAddress, NAME_BYTES, `interface_name of ${what}`),
      nameAddress,
      version: descriptor.getUint32(HOST_IMPORT.versionAt, true),
      hash: descriptor.getBigUint64(HOST_IMPORT.hashAt, true),
      bind: memory.code(descriptor.getBigUint64(HOST_IMPORT.bindAt, true), `bind of ${what}`),
    };
  });
}
