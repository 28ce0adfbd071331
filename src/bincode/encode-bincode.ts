import { toUtf8 } from "../bytes/utf8.js";
import { NUMERIC_LISTS, type NumericArray, typedArrayName } from "../component/numeric-arrays.js";
import { describeValue } from "../component/describe-value.js";
import { type BincodeNumber, type BincodePrimitive, type BincodeType, casesOf, fewestBytes, isNestedOption, refuseBincode, SIZES } from "./bincode-type.js";

/**
 * Writes a value as bincode 1 does in its default configuration: integers of fixed size, little-endian; lengths as u64; options
 * with one byte before them; enums with their case as u32.
 *
 * @param path - what the value is called in messages.
 * @throws {BincodeProblem} which names the member that is not of its type.
 * @example
 * ```ts
 * encodeBincode({ kind: "tuple", items: ["string"] }, ["Ada"]); // 03 00 00 00 00 00 00 00 41 64 61
 * ```
 */
export function encodeBincode(type: BincodeType, value: unknown, path = "value"): Uint8Array<ArrayBuffer> {
  fewestBytes(type);
  const writer = new BincodeWriter();
  write(type, value, path, writer);
  return writer.bytes();
}

class BincodeWriter {
  #buffer = new Uint8Array(64);
  #length = 0;

  /** Room for `size` bytes, which are taken. */
  room(size: number): DataView {
    if (this.#length + size > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + size));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    const view = new DataView(this.#buffer.buffer, this.#length, size);
    this.#length += size;
    return view;
  }

  raw(bytes: Uint8Array): void {
    const view = this.room(bytes.length);
    new Uint8Array(view.buffer, view.byteOffset, bytes.length).set(bytes);
  }

  length(count: number): void {
    this.room(8).setBigUint64(0, BigInt(count), true);
  }

  tag(position: number): void {
    this.room(4).setUint32(0, position, true);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#length === this.#buffer.length ? this.#buffer : this.#buffer.slice(0, this.#length);
  }
}

function write(type: BincodeType, value: unknown, path: string, writer: BincodeWriter): void {
  if (typeof type === "string") return writePrimitive(type, value, path, writer);
  switch (type.kind) {
    case "record": {
      const source = asObject(value, path);
      const unknown = Object.keys(source).find((name) => !type.fields.some((field) => field.name === name));
      if (unknown !== undefined) refuseBincode(path, `has the unknown member ${JSON.stringify(unknown)}; it has ${type.fields.map(({ name }) => name).join(", ") || "none"}`);
      for (const { name, type: fieldType } of type.fields) write(fieldType, Object.hasOwn(source, name) ? Reflect.get(source, name) : undefined, `${path}.${name}`, writer);
      return;
    }
    case "tuple": {
      if (!Array.isArray(value) || value.length !== type.items.length) wanted(value, `an array of ${type.items.length}`, path);
      for (const [position, item] of type.items.entries()) write(item, value[position], `${path}[${position}]`, writer);
      return;
    }
    case "list": return writeList(type.element, value, path, writer);
    case "option": return writeOption(type, value, path, writer);
    default: return writeCase(type, value, path, writer);
  }
}

function writeOption(type: Extract<BincodeType, { kind: "option" }>, value: unknown, path: string, writer: BincodeWriter): void {
  if (isNestedOption(type)) {
    const source = asObject(value, path);
    const tag: unknown = Reflect.get(source, "tag");
    if (tag !== "some" && tag !== "none") wanted(tag, 'as tag "some" or "none"', path);
    writer.room(1).setUint8(0, tag === "some" ? 1 : 0);
    if (tag === "some") write(type.value, Reflect.get(source, "val"), path, writer);
    return;
  }
  const isThere = value !== undefined && value !== null;
  writer.room(1).setUint8(0, isThere ? 1 : 0);
  if (isThere) write(type.value, value, path, writer);
}

function writeCase(type: Extract<BincodeType, { kind: "variant" | "enum" | "result" }>, value: unknown, path: string, writer: BincodeWriter): void {
  const cases = casesOf(type);
  const source = type.kind === "enum" ? undefined : asObject(value, path);
  const tag: unknown = source === undefined ? value : Reflect.get(source, "tag");
  const position = cases.findIndex(({ name }) => name === tag);
  const found = cases[position];
  if (found === undefined) return wanted(tag, `${source === undefined ? "" : "as tag "}one of ${cases.map(({ name }) => JSON.stringify(name)).join(", ")}`, path);
  writer.tag(position);
  const payload: unknown = source === undefined ? undefined : Reflect.get(source, "val");
  if (found.type !== null) write(found.type, payload, `${path}.val`, writer);
  else if (payload !== undefined) wanted(payload, `no value for the case ${found.name}`, `${path}.val`);
}

function writeList(element: BincodeType, value: unknown, path: string, writer: BincodeWriter): void {
  const numbers = wholeArray(element, value);
  if (numbers !== undefined) {
    writer.length(numbers.length);
    return writer.raw(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }
  if (element === "u8" && !Array.isArray(value)) wanted(value, "bytes (Uint8Array)", path);
  if (fewestBytes(element) === 0) refuseBincode(path, "is a list of what takes no bytes, which cannot be bounded");
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) wanted(value, "an array", path);
  const items: readonly unknown[] = Array.from(value as ArrayLike<unknown>);
  writer.length(items.length);
  for (const [position, item] of items.entries()) write(element, item, `${path}[${position}]`, writer);
}

/** The value, if it is the typed array that has the very bytes that bincode wants: on everything that runs JavaScript today. */
function wholeArray(element: BincodeType, value: unknown): NumericArray | undefined {
  const list = typeof element === "string" ? NUMERIC_LISTS.get(element) : undefined;
  return list !== undefined && typeof value === "object" && value !== null && typedArrayName(value) === list.name ? (value as NumericArray) : undefined;
}

function writePrimitive(type: BincodePrimitive, value: unknown, path: string, writer: BincodeWriter): void {
  switch (type) {
    case "bool": return writer.room(1).setUint8(0, typeof value === "boolean" ? Number(value) : wanted(value, "true or false", path));
    case "char": {
      const isCharacter = typeof value === "string" && /^.$/su.test(value) && isWellFormed(value);
      return writer.raw(toUtf8(isCharacter ? value : wanted(value, "exactly one character", path)));
    }
    case "string": {
      const bytes = toUtf8(typeof value === "string" && isWellFormed(value) ? value : wanted(value, "well-formed text", path));
      writer.length(bytes.length);
      return writer.raw(bytes);
    }
    default: return writeNumber(type, value, path, writer);
  }
}

function writeNumber(type: BincodeNumber, value: unknown, path: string, writer: BincodeWriter): void {
  const view = writer.room(SIZES.get(type) ?? 0);
  switch (type) {
    case "f32": return view.setFloat32(0, typeof value === "number" ? value : wanted(value, "a number", path), true);
    case "f64": return view.setFloat64(0, typeof value === "number" ? value : wanted(value, "a number", path), true);
    case "u64": return view.setBigUint64(0, long(value, 0n, 2n ** 64n - 1n, path), true);
    case "s64": return view.setBigInt64(0, long(value, -(2n ** 63n), 2n ** 63n - 1n, path), true);
    default: {
      const bits = view.byteLength * 8;
      const [least, most] = type.startsWith("s") ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
      const isFitting = typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
      const whole = isFitting ? value : wanted(value, `a whole number from ${least} to ${most}`, path);
      if (bits === 8) view.setUint8(0, whole);
      else if (bits === 16) view.setUint16(0, whole, true);
      else view.setUint32(0, whole, true);
    }
  }
}

function long(value: unknown, least: bigint, most: bigint, path: string): bigint {
  const whole = typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
  return typeof whole === "bigint" && whole >= least && whole <= most ? whole : wanted(value, `a bigint from ${least} to ${most}`, path);
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

function asObject(value: unknown, path: string): object {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : wanted(value, "an object", path);
}

function wanted(found: unknown, what: string, path: string): never {
  return refuseBincode(path, `is ${describeValue(found)}, and must be ${what}`);
}
