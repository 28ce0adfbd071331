import { fromUtf8, toUtf8 } from "../bytes/utf8.js";

/*
 * Values as bytes, for answers that go through shared memory: a worker whose thread waits receives no message. It
 * carries what host calls answer with (the shapes of WIT values), and nothing else.
 */

const TYPED_ARRAYS = [
  Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, BigUint64Array, BigInt64Array, Float32Array, Float64Array,
] as const;

const TAG = { undefined: 0, null: 1, false: 2, true: 3, number: 4, natural: 5, negative: 6, text: 7, array: 8, object: 9, typed: 10 } as const;

/** @throws {TypeError} for a value that WIT has no shape for, such as a function. */
export function encodeShared(value: unknown): Uint8Array {
  const writer = new ByteWriter();
  write(value, writer);
  return writer.bytes();
}

/** The value that {@link encodeShared} wrote. For bytes of the page only: they are trusted. */
export function decodeShared(bytes: Uint8Array): unknown {
  return read(new ByteReader(bytes));
}

function write(value: unknown, writer: ByteWriter): void {
  if (value === undefined) return writer.byte(TAG.undefined);
  if (value === null) return writer.byte(TAG.null);
  if (typeof value === "boolean") return writer.byte(value ? TAG.true : TAG.false);
  if (typeof value === "number") return writer.number(TAG.number, value);
  if (typeof value === "bigint") return value < 0n ? writer.integer(TAG.negative, -value) : writer.integer(TAG.natural, value);
  if (typeof value === "string") return writer.block(TAG.text, toUtf8(value));
  if (Array.isArray(value)) {
    writer.count(TAG.array, value.length);
    for (const item of value) write(item, writer);
    return;
  }
  if (ArrayBuffer.isView(value)) return writeTyped(value, writer);
  if (typeof value !== "object") throw new TypeError(`a ${typeof value} cannot be passed`);
  const members = Object.entries(value);
  writer.count(TAG.object, members.length);
  for (const [name, member] of members) {
    writer.block(TAG.text, toUtf8(name));
    write(member, writer);
  }
}

function writeTyped(view: ArrayBufferView, writer: ByteWriter): void {
  // By tag and not by class: a worker of another realm has other classes.
  const name = Reflect.get(view, Symbol.toStringTag) as unknown;
  const kind = TYPED_ARRAYS.findIndex((candidate) => candidate.name === name);
  if (kind === -1) throw new TypeError(`a ${String(name)} cannot be passed`);
  writer.byte(TAG.typed);
  writer.block(kind, new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

function read(reader: ByteReader): unknown {
  const tag = reader.byte();
  switch (tag) {
    case TAG.undefined: return undefined;
    case TAG.null: return null;
    case TAG.false: return false;
    case TAG.true: return true;
    case TAG.number: return reader.number();
    case TAG.natural: return reader.integer();
    case TAG.negative: return -reader.integer();
    case TAG.text: return reader.text();
    case TAG.array: return Array.from({ length: reader.count() }, () => read(reader));
    case TAG.object: {
      const members: [string, unknown][] = [];
      for (let left = reader.count(); left > 0; left -= 1) {
        reader.byte();
        members.push([reader.text(), read(reader)]);
      }
      // Defines each as an own member, `__proto__` among them.
      return Object.fromEntries(members);
    }
    default: {
      const typed = TYPED_ARRAYS[reader.byte()];
      // A copy of its own: typed arrays must start at multiples of their size.
      const bytes = reader.block().slice();
      return typed === undefined ? bytes : new typed(bytes.buffer);
    }
  }
}

class ByteWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  number(tag: number, value: number): void {
    this.byte(tag);
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  integer(tag: number, value: bigint): void {
    if (value > 0xffff_ffff_ffff_ffffn) throw new TypeError("an integer of more than 64 bits cannot be passed");
    this.byte(tag);
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, value, true);
    this.#length += 8;
  }

  count(tag: number, value: number): void {
    this.byte(tag);
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  block(tag: number, bytes: Uint8Array): void {
    this.count(tag, bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    this.#position += 1;
    return this.#view.getUint8(this.#position - 1);
  }

  number(): number {
    this.#position += 8;
    return this.#view.getFloat64(this.#position - 8, true);
  }

  integer(): bigint {
    this.#position += 8;
    return this.#view.getBigUint64(this.#position - 8, true);
  }

  count(): number {
    this.#position += 4;
    return this.#view.getUint32(this.#position - 4, true);
  }

  block(): Uint8Array {
    const length = this.count();
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  text(): string {
    return fromUtf8(this.block()) ?? "";
  }
}
