import { fromUtf8 } from "../bytes/utf8.js";
import { NUMERIC_LISTS } from "../component/numeric-arrays.js";
import { type BincodeNumber, type BincodePrimitive, type BincodeType, casesOf, fewestBytes, isNestedOption, refuseBincode, SIZES } from "./bincode-type.js";

/**
 * Reads bincode 1 of a known type: exactly one value, with nothing after it. Every length is held against what is left before
 * memory is taken.
 *
 * @param path - what the value is called in messages.
 * @throws {BincodeProblem} for bytes that are no such value.
 */
export function decodeBincode(type: BincodeType, bytes: Uint8Array, path = "value"): unknown {
  fewestBytes(type);
  const reader = new BincodeReader(bytes);
  const value = read(type, path, reader);
  if (reader.left > 0) refuseBincode(path, `has ${reader.left} bytes after its end`);
  return value;
}

class BincodeReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#position;
  }

  take(size: number, path: string): DataView {
    if (size > this.left) refuseBincode(path, `ends after ${this.left} of ${size} bytes`);
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#position, size);
    this.#position += size;
    return view;
  }

  raw(size: number, path: string): Uint8Array<ArrayBuffer> {
    const view = this.take(size, path);
    return new Uint8Array(view.buffer, view.byteOffset, size).slice();
  }

  /** A count of things of at least `fewest` bytes each, of which there are enough. */
  count(fewest: number, path: string): number {
    const count = this.take(8, path).getBigUint64(0, true);
    if (fewest === 0) refuseBincode(path, "is a list of what takes no bytes, which cannot be bounded");
    if (count > BigInt(Math.floor(this.left / fewest))) refuseBincode(path, `says that it has ${count} items, and ${this.left} bytes are left`);
    return Number(count);
  }
}

function read(type: BincodeType, path: string, reader: BincodeReader): unknown {
  if (typeof type === "string") return readPrimitive(type, path, reader);
  switch (type.kind) {
    case "record": return Object.fromEntries(type.fields.map(({ name, type: fieldType }) => [name, read(fieldType, `${path}.${name}`, reader)]));
    case "tuple": return type.items.map((item, position) => read(item, `${path}[${position}]`, reader));
    case "list": {
      const count = reader.count(fewestBytes(type.element), path);
      const numeric = typeof type.element === "string" ? NUMERIC_LISTS.get(type.element) : undefined;
      // Typed arrays have the platform's byte order, which is bincode's on everything that runs JavaScript today.
      if (numeric !== undefined) return numeric.over(reader.raw(count * numeric.bytesPerElement, path).buffer, 0, count);
      return Array.from({ length: count }, (_, position) => read(type.element, `${path}[${position}]`, reader));
    }
    case "option": {
      const isThere = readFlag(path, reader);
      if (isNestedOption(type)) return isThere ? { tag: "some", val: read(type.value, path, reader) } : { tag: "none" };
      return isThere ? read(type.value, path, reader) : undefined;
    }
    default: {
      const cases = casesOf(type);
      const position = reader.take(4, path).getUint32(0, true);
      const found = cases[position];
      if (found === undefined) return refuseBincode(path, `is case ${position}, of ${cases.length}`);
      if (type.kind === "enum") return found.name;
      return found.type === null ? { tag: found.name } : { tag: found.name, val: read(found.type, `${path}.val`, reader) };
    }
  }
}

function readFlag(path: string, reader: BincodeReader): boolean {
  const flag = reader.take(1, path).getUint8(0);
  return flag > 1 ? refuseBincode(path, `has the byte ${flag} where 0 or 1 must be`) : flag === 1;
}

function readPrimitive(type: BincodePrimitive, path: string, reader: BincodeReader): unknown {
  switch (type) {
    case "bool": return readFlag(path, reader);
    case "char": return readChar(path, reader);
    case "string": return fromUtf8(reader.raw(reader.count(1, path), path)) ?? refuseBincode(path, "is not well-formed UTF-8");
    default: return readNumber(type, reader.take(SIZES.get(type) ?? 0, path));
  }
}

function readChar(path: string, reader: BincodeReader): string {
  const first = reader.raw(1, path);
  const lead = first[0] ?? 0;
  const more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  return fromUtf8(new Uint8Array([...first, ...reader.raw(more, path)])) ?? refuseBincode(path, "is not well-formed UTF-8");
}

function readNumber(type: BincodeNumber, view: DataView): number | bigint {
  switch (type) {
    case "u8": return view.getUint8(0);
    case "s8": return view.getInt8(0);
    case "u16": return view.getUint16(0, true);
    case "s16": return view.getInt16(0, true);
    case "u32": return view.getUint32(0, true);
    case "s32": return view.getInt32(0, true);
    case "u64": return view.getBigUint64(0, true);
    case "s64": return view.getBigInt64(0, true);
    case "f32": return view.getFloat32(0, true);
    case "f64": return view.getFloat64(0, true);
  }
}
