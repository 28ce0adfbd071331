import { PluginError } from "../errors/plugin-error.js";

/** Reads the binary format of a core module (WebAssembly 3.0, "Binary Format"). Refuses what it does not know for certain. */
export class CoreModuleReader {
  position = 0;
  readonly bytes: Uint8Array;
  readonly #pluginId: string;

  constructor(bytes: Uint8Array, pluginId: string) {
    this.bytes = bytes;
    this.#pluginId = pluginId;
  }

  byte(): number {
    const byte = this.bytes[this.position];
    if (byte === undefined) throw this.refuse("a core module ends in the middle of a section");
    this.position += 1;
    return byte;
  }

  skip(count: number): void {
    if (count > this.bytes.length - this.position) throw this.refuse("a core module ends in the middle of a section");
    this.position += count;
  }

  /**
   * LEB128 of at most `bits`, as strictly as an engine reads it: what is written anew must not become valid by that.
   * Beyond 2^53 the value is inexact, which is far above every limit that it is compared with.
   */
  unsigned(bits: 32 | 64 = 32): number {
    let value = 0;
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value >= 2 ** bits) break;
        return value;
      }
    }
    throw this.refuse(`a core module has a number of more than ${bits} bits`);
  }

  /** Passes over a number that only the engine reads. */
  skipNumber(): void {
    for (let count = 0; count < 10; count += 1) if (this.byte() < 0x80) return;
    throw this.refuse("a core module has a number of more than 64 bits");
  }

  /** Calls `read` as often as the count that stands here says. */
  vector(read: () => void): void {
    for (let rest = this.unsigned(); rest > 0; rest -= 1) read();
  }

  refuse(found: string): PluginError {
    const message = `Cannot load ${this.#pluginId}: ${found}`;
    return new PluginError({ code: "component-unsupported", stage: "compile", pluginId: this.#pluginId, message });
  }
}

/** The LEB128 form of a whole number up to 2^53. */
export function encodeUnsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest > 0);
  return bytes;
}
