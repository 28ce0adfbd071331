import { PluginError } from "../errors/plugin-error.js";

const PAGE_BYTES = 65_536;
const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 1;
/** `shared` and the 64-bit index type: the limits are read the same way. */
const KNOWN_FLAGS = 7;

/**
 * Lowers the declared maximum of every linear memory that a core module defines, so that growing beyond it
 * fails inside the guest as the WebAssembly specification says. Imported memories need nothing: they are
 * defined, and bounded, by another module of the same component.
 *
 * Only the memory section is rewritten (WebAssembly 3.0, binary format, "Memory Section"); everything else is
 * copied. A module without memories is given back as it is.
 *
 * @param memoryBytes - bound of each memory.
 * @throws {PluginError} `component-unsupported` if a memory starts larger, or its limits are of an unknown form.
 */
export function limitMemories(module: Uint8Array, memoryBytes: number, pluginId: string): Uint8Array {
  const maximumPages = Math.floor(memoryBytes / PAGE_BYTES);
  const reader = new ModuleReader(module, pluginId);
  reader.position = 8;
  while (reader.position < module.length) {
    const start = reader.position;
    const id = reader.byte();
    const size = reader.unsigned();
    const end = reader.position + size;
    if (id === MEMORY_SECTION) {
      const section = limitedSection(reader, maximumPages);
      return concatenate(module.subarray(0, start), [MEMORY_SECTION], encodeUnsigned(section.length), section, module.subarray(end));
    }
    // Sections come in order, except custom ones; all with a larger number stand behind the memories.
    if (id > MEMORY_SECTION) return module;
    reader.position = end;
  }
  return module;
}

function limitedSection(reader: ModuleReader, maximumPages: number): number[] {
  const count = reader.unsigned();
  const section = encodeUnsigned(count);
  for (let index = 0; index < count; index += 1) {
    const flags = reader.byte();
    if ((flags & ~KNOWN_FLAGS) !== 0) throw reader.refuse(`a linear memory has limits of an unknown form (flags ${flags})`);
    const initial = reader.unsigned();
    const declared = (flags & HAS_MAXIMUM) === 0 ? Number.POSITIVE_INFINITY : reader.unsigned();
    if (initial > maximumPages) {
      throw reader.refuse(`a linear memory starts with ${initial * PAGE_BYTES} bytes, and the limit memoryBytes allows ${maximumPages * PAGE_BYTES}`);
    }
    section.push(flags | HAS_MAXIMUM, ...encodeUnsigned(initial), ...encodeUnsigned(Math.min(declared, maximumPages)));
  }
  return section;
}

class ModuleReader {
  position = 0;
  readonly #bytes: Uint8Array;
  readonly #pluginId: string;

  constructor(bytes: Uint8Array, pluginId: string) {
    this.#bytes = bytes;
    this.#pluginId = pluginId;
  }

  byte(): number {
    const byte = this.#bytes[this.position];
    if (byte === undefined) throw this.refuse("a core module ends in the middle of a section");
    this.position += 1;
    return byte;
  }

  /** LEB128. Page counts of 64-bit memories have up to 48 bits, which a number holds exactly. */
  unsigned(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 56; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw this.refuse("a core module has a number of more than 64 bits");
  }

  refuse(found: string): PluginError {
    const message = `Cannot load ${this.#pluginId}: ${found}`;
    return new PluginError({ code: "component-unsupported", stage: "compile", pluginId: this.#pluginId, message });
  }
}

function encodeUnsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest > 0);
  return bytes;
}

function concatenate(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}
