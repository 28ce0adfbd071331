import type { StartedMessage } from "../executor/process-frames.js";
import type { ForeignMemory } from "./foreign-memory.js";
import { LibraryFault } from "./library-fault.js";
import type { NativeDescriptor } from "./read-plugin.js";

const PAIRS = 256;
const TEXT_BYTES = 4096;
/** All of it goes into one message. */
const ALL_CHARACTERS = 65_536;
/** `MetaKv { key, value }`, and `MethodMetaEntry { kvs, kv_count }`. */
const ENTRY_BYTES = 16;

/**
 * What the interface's author wrote into it for hosts to read.
 *
 * @param methods - names of the methods, in the order of the trait
 * @throws {LibraryFault}
 */
export function readMetadata(memory: ForeignMemory, descriptor: NativeDescriptor, methods: readonly string[]): StartedMessage["metadata"] {
  const reader = new MetadataReader(memory);
  return {
    trait: reader.pairs(descriptor.traitMetadata, descriptor.traitMetadataCount, "trait_metadata"),
    methods: Object.fromEntries(methodPairs(memory, descriptor, reader).flatMap((pairs, place) => {
      const name = methods[place];
      return name === undefined || Object.keys(pairs).length === 0 ? [] : [[name, pairs]];
    })),
  };
}

type Pairs = Readonly<Record<string, string>>;

function methodPairs(memory: ForeignMemory, { methodMetadata, entries }: NativeDescriptor, reader: MetadataReader): readonly Pairs[] {
  if (methodMetadata === 0n || entries.length === 0) return [];
  const table = memory.view(methodMetadata, entries.length * ENTRY_BYTES, "method_metadata");
  return entries.map((_, place) => reader.pairs(table.getBigUint64(place * ENTRY_BYTES, true), table.getUint32(place * ENTRY_BYTES + 8, true), `method_metadata of method ${place}`));
}

class MetadataReader {
  readonly #memory: ForeignMemory;
  #left = ALL_CHARACTERS;

  constructor(memory: ForeignMemory) {
    this.#memory = memory;
  }

  pairs(address: bigint, count: number, what: string): Pairs {
    if (address === 0n || count === 0) return {};
    if (count > PAIRS) throw new LibraryFault(`${what} says that it has ${count} entries, and at most ${PAIRS} are allowed`);
    const texts = this.#memory.addresses(address, count * 2, what).map((text) => this.#text(text, what));
    // From entries, a key such as __proto__ is only a key.
    return Object.fromEntries(Array.from({ length: count }, (_, place) => [texts[place * 2] ?? "", texts[place * 2 + 1] ?? ""]));
  }

  #text(address: bigint, what: string): string {
    const text = this.#memory.text(address, TEXT_BYTES, `a text of ${what}`);
    this.#left -= text.length;
    if (this.#left < 0) throw new LibraryFault(`its metadata is larger than ${ALL_CHARACTERS} characters`);
    return text;
  }
}
