import { PluginError } from "../../errors/plugin-error.js";
import { BUFFER_STRATEGY, DESCRIPTOR } from "./fidius-abi.js";
import type { ForeignMemory } from "./foreign-memory.js";
import { LibraryFault } from "./library-fault.js";
import { NAME_BYTES, readDescriptor, readRegistry } from "./read-registry.js";

/** A plugin as its library describes it. Every address of code was found to be one, and those that may be null are left out then. */
export interface NativeDescriptor {
  readonly interfaceName: string;
  readonly interfaceHash: bigint;
  readonly pluginName: string;
  readonly capabilities: bigint;
  readonly isArena: boolean;
  readonly freeBuffer?: bigint;
  readonly construct?: bigint;
  readonly destroy?: bigint;
  /** The methods, in the order of the trait: `undefined` for null. */
  readonly entries: readonly (bigint | undefined)[];
  readonly methodMetadata: bigint;
  readonly traitMetadata: bigint;
  readonly traitMetadataCount: number;
}

/** As many as a manifest may describe. */
const METHODS = 1024;

/**
 * The plugin of a library that has the interface of that hash.
 *
 * @param registry - what `fidius_get_registry` answered
 * @throws {LibraryFault}
 * @throws {PluginError} `runtime-unsupported` for another version of fidius, `interface-mismatch`
 */
export function readPlugin(memory: ForeignMemory, registry: bigint, interfaceHash: bigint): NativeDescriptor {
  const addresses = readRegistry(memory, registry, "its registry");
  const plugins = addresses.map((address, place) => identify(memory, readDescriptor(memory, address, DESCRIPTOR.bytes, `descriptor ${place}`), `descriptor ${place}`));
  const [found, another] = plugins.filter((plugin) => plugin.interfaceHash === interfaceHash);
  if (found === undefined) throw mismatch(plugins, interfaceHash);
  if (another !== undefined) throw new LibraryFault(`it has two plugins of the interface ${found.interfaceName}, ${found.pluginName} and ${another.pluginName}, and a package has one`);
  const { descriptor, ...identity } = found;
  return { ...identity, ...readBody(memory, descriptor) };
}

interface Identity extends Pick<NativeDescriptor, "interfaceName" | "interfaceHash" | "pluginName"> {
  readonly descriptor: DataView;
}

function identify(memory: ForeignMemory, descriptor: DataView, what: string): Identity {
  const text = (at: number, name: string): string => memory.text(descriptor.getBigUint64(at, true), NAME_BYTES, `${name} of ${what}`);
  return {
    descriptor,
    interfaceName: text(DESCRIPTOR.interfaceNameAt, "interface_name"),
    interfaceHash: descriptor.getBigUint64(DESCRIPTOR.interfaceHashAt, true),
    pluginName: text(DESCRIPTOR.pluginNameAt, "plugin_name"),
  };
}

function mismatch(plugins: readonly Identity[], wanted: bigint): PluginError {
  const has = plugins.map((plugin) => `${plugin.interfaceName} (${digits(plugin.interfaceHash)})`).join(", ");
  return new PluginError({
    code: "interface-mismatch",
    stage: "instantiate",
    message: `The plugin's library has no plugin of the interface ${digits(wanted)}, which its manifest names: it has ${has || "none"}. Build it against the same version of the interface, or pack it again.`,
  });
}

function digits(hash: bigint): string {
  return hash.toString(16).padStart(16, "0");
}

function readBody(memory: ForeignMemory, descriptor: DataView): Omit<NativeDescriptor, keyof Identity> {
  const address = (at: number): bigint => descriptor.getBigUint64(at, true);
  const code = (at: number, what: string): bigint | undefined => (address(at) === 0n ? undefined : memory.code(address(at), what));
  const strategy = descriptor.getUint8(DESCRIPTOR.bufferStrategyAt);
  const isArena = strategy === BUFFER_STRATEGY.arena;
  if (!isArena && strategy !== BUFFER_STRATEGY.pluginAllocated) throw new LibraryFault(`its buffer_strategy is ${strategy}, and 1 (PluginAllocated) and 2 (Arena) are known`);
  const freeBuffer = isArena ? undefined : memory.code(address(DESCRIPTOR.freeBufferAt), "free_buffer");
  const construct = code(DESCRIPTOR.constructAt, "construct");
  const destroy = code(DESCRIPTOR.destroyAt, "destroy");
  return {
    capabilities: address(DESCRIPTOR.capabilitiesAt),
    isArena,
    ...(freeBuffer === undefined ? {} : { freeBuffer }),
    ...(construct === undefined ? {} : { construct }),
    ...(destroy === undefined ? {} : { destroy }),
    entries: readEntries(memory, descriptor),
    methodMetadata: address(DESCRIPTOR.methodMetadataAt),
    traitMetadata: address(DESCRIPTOR.traitMetadataAt),
    traitMetadataCount: descriptor.getUint32(DESCRIPTOR.traitMetadataCountAt, true),
  };
}

function readEntries(memory: ForeignMemory, descriptor: DataView): readonly (bigint | undefined)[] {
  const count = descriptor.getUint32(DESCRIPTOR.methodCountAt, true);
  if (count > METHODS) throw new LibraryFault(`its method_count is ${count}, and at most ${METHODS} are allowed`);
  if (count === 0) return [];
  const entries = memory.addresses(descriptor.getBigUint64(DESCRIPTOR.vtableAt, true), count, "vtable");
  return entries.map((entry, place) => (entry === 0n ? undefined : memory.code(entry, `entry ${place} of vtable`)));
}
