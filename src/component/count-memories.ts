import { CoreModuleReader } from "./core-module-reader.js";

const PREAMBLE_BYTES = 8;
const MEMORY_SECTION = 5;
/** More are refused before anything is compiled (`limitCoreModules`): what a module only claims must not look like a page without room. */
const MOST_COUNTED = 16;

/**
 * How many linear memories a core module defines.
 *
 * @see WebAssembly core specification, binary format, "Modules".
 * @throws {PluginError} `component-unsupported` for a module that ends in the middle of a section.
 */
export function countMemories(module: Uint8Array, pluginId: string): number {
  const reader = new CoreModuleReader(module, pluginId);
  reader.position = PREAMBLE_BYTES;
  while (reader.position < module.length) {
    const id = reader.byte();
    const size = reader.unsigned();
    if (id === MEMORY_SECTION) return Math.min(reader.unsigned(), MOST_COUNTED);
    reader.skip(size);
  }
  return 0;
}
