import { fromUtf8 } from "../bytes/utf8.js";
import { type BincodePrimitive, type BincodeType, casesOf, fewestBytes, refuseBincode, SIZES } from "./bincode-type.js";

/**
 * Tells whether bytes are bincode 1 of a type, as `decodeBincode` would find, without making the value: whoever only passes values
 * on needs no object for each record in them.
 *
 * @param path - what the value is called in messages.
 * @throws {BincodeProblem} for bytes that are no such value.
 */
export function checkBincode(type: BincodeType, bytes: Uint8Array, path = "value"): void {
  fewestBytes(type);
  const cursor = new BincodeCursor(bytes);
  check(type, path, cursor);
  if (cursor.left > 0) refuseBincode(path, `has ${cursor.left} bytes after its end`);
}

class BincodeCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#position;
  }

  skip(size: number, path: string): number {
    if (size > this.left) refuseBincode(path, `ends after ${this.left} of ${size} bytes`);
    const start = this.#position;
    this.#position += size;
    return start;
  }

  byte(path: string): number {
    return this.#view.getUint8(this.skip(1, path));
  }

  tag(path: string): number {
    return this.#view.getUint32(this.skip(4, path), true);
  }

  /** A count of things of at least `fewest` bytes each, of which there are enough. */
  count(fewest: number, path: string): number {
    const count = this.#view.getBigUint64(this.skip(8, path), true);
    if (fewest === 0) refuseBincode(path, "is a list of what takes no bytes, which cannot be bounded");
    if (count > BigInt(Math.floor(this.left / fewest))) refuseBincode(path, `says that it has ${count} items, and ${this.left} bytes are left`);
    return Number(count);
  }

  text(size: number, path: string): void {
    this.#checkUtf8(this.skip(size, path), path);
  }

  character(path: string): void {
    const start = this.skip(1, path);
    const lead = this.#view.getUint8(start);
    this.skip(lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3, path);
    this.#checkUtf8(start, path);
  }

  /** Of what was skipped since `start`. */
  #checkUtf8(start: number, path: string): void {
    if (fromUtf8(this.#bytes.subarray(start, this.#position)) === undefined) refuseBincode(path, "is not well-formed UTF-8");
  }
}

function check(type: BincodeType, path: string, cursor: BincodeCursor): void {
  if (typeof type === "string") return checkPrimitive(type, path, cursor);
  switch (type.kind) {
    case "record": return type.fields.forEach((field) => check(field.type, `${path}.${field.name}`, cursor));
    case "tuple": return type.items.forEach((item, position) => check(item, `${path}[${position}]`, cursor));
    case "list": return checkList(type.element, path, cursor);
    case "option": return checkFlag(path, cursor) ? check(type.value, path, cursor) : undefined;
    default: {
      const cases = casesOf(type);
      const position = cursor.tag(path);
      const found = cases[position];
      if (found === undefined) return refuseBincode(path, `is case ${position}, of ${cases.length}`);
      if (found.type !== null) check(found.type, `${path}.val`, cursor);
    }
  }
}

function checkList(element: BincodeType, path: string, cursor: BincodeCursor): void {
  const count = cursor.count(fewestBytes(element), path);
  const size = sizeOfNumbers(element);
  if (size !== undefined) return void cursor.skip(count * size, path);
  for (let position = 0; position < count; position++) check(element, `${path}[${position}]`, cursor);
}

/** The size of what is made of numbers alone, of which any bytes are a value. */
function sizeOfNumbers(type: BincodeType): number | undefined {
  if (typeof type === "string") return SIZES.get(type);
  const parts = type.kind === "record" ? type.fields.map((field) => field.type) : type.kind === "tuple" ? type.items : undefined;
  return parts?.map(sizeOfNumbers).reduce<number | undefined>((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0);
}

function checkFlag(path: string, cursor: BincodeCursor): boolean {
  const flag = cursor.byte(path);
  return flag > 1 ? refuseBincode(path, `has the byte ${flag} where 0 or 1 must be`) : flag === 1;
}

function checkPrimitive(type: BincodePrimitive, path: string, cursor: BincodeCursor): void {
  switch (type) {
    case "bool": return void checkFlag(path, cursor);
    case "char": return cursor.character(path);
    case "string": return cursor.text(cursor.count(1, path), path);
    default: return void cursor.skip(SIZES.get(type) ?? 0, path);
  }
}
