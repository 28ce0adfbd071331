import { fromUtf8 } from "../bytes/utf8.js";
import { invalidComponent, unsupportedComponent } from "./component-failures.js";
import { PRIMITIVE_OPCODES } from "./primitive-opcodes.js";
import type { TypeReference } from "./world.js";

export { NESTING_LIMIT } from "./nesting-limit.js";

/** Items read and built for one component. StarlingMonkey's 12 MB component has about 10 000. */
const ITEM_LIMIT = 1_000_000;
/** The longest name in bytes; the longest seen in practice is about 100. */
const NAME_LIMIT = 1_024;

/** What one decoding may still do, shared by all its readers, so that time and memory are bounded. */
export class ReadBudget {
  #items = ITEM_LIMIT;

  /** Takes `count` items, before anything is allocated for them. */
  spend(count: number): void {
    this.#items -= count;
    if (this.#items < 0) throw unsupportedComponent(`its interface has more than ${ITEM_LIMIT} items`);
  }
}

/** Reads a part of a component's bytes, without copying it. Every failure is a `component-invalid`. */
export class BinaryReader {
  readonly bytes: Uint8Array;
  readonly budget: ReadBudget;
  readonly end: number;
  offset: number;

  constructor(bytes: Uint8Array, budget: ReadBudget, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.budget = budget;
    this.offset = offset;
    this.end = end;
  }

  get done(): boolean {
    return this.offset === this.end;
  }

  byte(): number {
    const byte = this.offset < this.end ? this.bytes[this.offset] : undefined;
    if (byte === undefined) throw this.invalid("the data ends too early");
    this.offset += 1;
    return byte;
  }

  /** An unsigned LEB128 number of at most 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f) throw this.invalid("a number has more than 32 bits");
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** How many items follow. Each takes at least a byte, so a larger count is refused before it costs memory. */
  count(): number {
    const count = this.u32();
    if (count > this.end - this.offset) throw this.invalid(`it announces ${count} items, more than the bytes that are left`);
    this.budget.spend(count);
    return count;
  }

  /** A counted sequence. */
  sequence<T>(read: () => T): T[] {
    const items: T[] = [];
    for (let left = this.count(); left > 0; left -= 1) items.push(read());
    return items;
  }

  /** `<T>?`: a zero byte for nothing, or a one and the item. */
  optional<T>(read: () => T): T | null {
    const tag = this.byte();
    if (tag > 1) throw this.invalid(`unknown tag ${tag} of an optional part`);
    return tag === 0 ? null : read();
  }

  skipName(): void {
    this.part(this.u32());
  }

  name(): string {
    const size = this.u32();
    if (size > NAME_LIMIT) throw this.invalid(`a name of ${size} bytes, where at most ${NAME_LIMIT} are allowed`);
    const part = this.part(size);
    const name = fromUtf8(this.bytes.subarray(part.offset, part.end));
    if (name === undefined) throw this.invalid("a name is not UTF-8");
    return name;
  }

  /** `valtype`: a primitive as a negative one-byte LEB128, or a type index. */
  valueType(): TypeReference {
    const first = this.byte();
    const primitive = PRIMITIVE_OPCODES.get(first);
    if (primitive !== undefined) return primitive;
    this.offset -= 1;
    const index = this.u32();
    // Bit 6 of the last byte is the sign of a signed LEB128.
    if (((this.bytes[this.offset - 1] ?? 0) & 0x40) !== 0) throw this.invalid(`unknown type 0x${first.toString(16)}`);
    return index;
  }

  /** A reader of the next `size` bytes, which this one skips. */
  part(size: number): BinaryReader {
    const start = this.offset;
    if (size > this.end - start) throw this.invalid(`a part of ${size} bytes, where only ${this.end - start} are left`);
    this.offset += size;
    return new BinaryReader(this.bytes, this.budget, start, this.offset);
  }

  invalid(found: string): Error {
    return invalidComponent(`${found} (at byte ${this.offset})`);
  }
}
