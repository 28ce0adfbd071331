import { fromUtf8 } from "../../bytes/utf8.js";
import type { MemoryCopy } from "./foreign-functions.js";
import { hexadecimal, LibraryFault } from "./library-fault.js";
import type { MemoryMap, Permission } from "./memory-map.js";

/** A page of memory, at least: within one, what begins readable is readable. */
const PAGE_BYTES = 4096n;

/**
 * Memory that a library says is there, and perhaps is not: every address is checked before it is used. Where the system does not
 * tell which memory there is (it does on Linux), only null and unaligned addresses are found, and others end this process, as they
 * do when a library frees memory that it has said to be there.
 */
export class ForeignMemory {
  readonly #map: MemoryMap | undefined;
  readonly #copy: MemoryCopy;

  constructor(map: MemoryMap | undefined, copy: MemoryCopy) {
    this.#map = map;
    this.#copy = copy;
  }

  /**
   * A copy of what is there.
   *
   * @param what - what it is called in messages
   * @throws {LibraryFault}
   */
  read(address: bigint, size: number, what: string, alignment = 1): Buffer {
    this.#check(address, size, what, alignment, "r");
    return this.#copy.from(address, size);
  }

  view(address: bigint, size: number, what: string): DataView {
    const bytes = this.read(address, size, what, 8);
    return new DataView(bytes.buffer, bytes.byteOffset, size);
  }

  /** An array of addresses. */
  addresses(address: bigint, count: number, what: string): readonly bigint[] {
    const view = this.view(address, count * 8, what);
    return Array.from({ length: count }, (_, place) => view.getBigUint64(place * 8, true));
  }

  /** A text that ends with a zero byte, which must come within `most` bytes. */
  text(address: bigint, most: number, what: string): string {
    let bytes = Buffer.alloc(0);
    while (bytes.length < most) {
      const position = address + BigInt(bytes.length);
      const size = Math.min(most - bytes.length, Number(PAGE_BYTES - (position % PAGE_BYTES)));
      const part = this.read(position, size, what);
      const end = part.indexOf(0);
      bytes = Buffer.concat([bytes, end === -1 ? part : part.subarray(0, end)]);
      if (end !== -1) return fromUtf8(bytes) ?? fault(what, address, "is not well-formed UTF-8");
    }
    return fault(what, address, `has no end within ${most} bytes`);
  }

  /** The address of something that can be called. */
  code(address: bigint, what: string): bigint {
    this.#check(address, 1, what, 1, "x");
    return address;
  }

  write(address: bigint, bytes: Uint8Array, what: string, alignment = 1): void {
    this.#check(address, bytes.length, what, alignment, "w");
    this.#copy.to(address, bytes);
  }

  #check(address: bigint, size: number, what: string, alignment: number, permission: Permission): void {
    if (address === 0n) throw new LibraryFault(`${what} is null`);
    if (address % BigInt(alignment) !== 0n) fault(what, address, `is not aligned to ${alignment} bytes`);
    if (this.#map?.permits(address, size, permission) === false) fault(what, address, `is ${MISSING[permission]}, for ${size} bytes`);
  }
}

const MISSING = { r: "not memory that can be read", w: "not memory that can be written", x: "not code" } as const;

function fault(what: string, address: bigint, problem: string): never {
  throw new LibraryFault(`${what}, at ${hexadecimal(address)}, ${problem}`);
}
