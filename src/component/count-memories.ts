const MEMORY_SECTION = 5;

/**
 * How many linear memories a core module defines. The module was found whole before: what is not of its form counts as none.
 *
 * @see WebAssembly core specification, binary format, "Modules".
 */
export function countMemories(module: Uint8Array): number {
  let position = 8;
  const unsigned = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = module[position];
      if (byte === undefined) return value;
      position += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (position < module.length) {
    const id = module[position];
    position += 1;
    const size = unsigned();
    if (id === MEMORY_SECTION) return unsigned();
    position += size;
  }
  return 0;
}
