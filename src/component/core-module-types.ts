import type { CoreModuleReader } from "./core-module-reader.js";

/**
 * Objects that a guest makes in the engine's own heap are bounded by no linear memory, and exhausting that heap in a
 * worker ends the whole page. So core modules may not define garbage-collected types, and may keep exceptions neither
 * in tables nor in globals. No toolchain makes components of such modules yet: the canonical ABI has no form for them.
 */
const ON_THE_HEAP = "objects in the engine's own heap, where no limit of memory holds; build it for linear memory, without WebAssembly GC";

const FUNCTION = 0x60;
const STRUCT = 0x5f;
const ARRAY = 0x5e;
const RECURSIVE = 0x4e;
const SUBTYPES = new Set([0x50, 0x4f]);
const REFERENCES = new Set([0x63, 0x64]);
const EXCEPTION = 0x69;
/** Stands for a defined type, which is always a function: the type section has no other. */
const DEFINED = 0;
/** What a table may hold: functions, and references of the host, of which glue gives none. */
const TABLE_HEAP_TYPES = new Set([0x70, 0x6f, 0x72, 0x73]);

/** Reads the type section, in which only functions may be. */
export function readTypeSection(reader: CoreModuleReader): void {
  reader.vector(() => {
    const form = reader.byte();
    if (form === RECURSIVE) reader.vector(() => readSubtype(reader, reader.byte()));
    else readSubtype(reader, form);
  });
}

function readSubtype(reader: CoreModuleReader, form: number): void {
  let composite = form;
  if (SUBTYPES.has(form)) {
    reader.vector(() => reader.skipNumber());
    composite = reader.byte();
  }
  if (composite === STRUCT || composite === ARRAY) throw reader.refuse(`its WebAssembly makes ${ON_THE_HEAP}`);
  if (composite !== FUNCTION) throw reader.refuse(`a core module has a type of an unknown form (${composite})`);
  reader.vector(() => readValueType(reader));
  reader.vector(() => readValueType(reader));
}

/** Reads the global section. */
export function readGlobalSection(reader: CoreModuleReader): void {
  reader.vector(() => {
    if (readValueType(reader) === EXCEPTION) throw reader.refuse(`its WebAssembly keeps exceptions, which are ${ON_THE_HEAP}`);
    reader.byte();
    skipConstantExpression(reader);
  });
}

/** Reads the type of a table's elements. */
export function readTableType(reader: CoreModuleReader): void {
  const type = readValueType(reader);
  if (type !== DEFINED && !TABLE_HEAP_TYPES.has(type)) throw reader.refuse(`one of its tables can keep ${ON_THE_HEAP}`);
}

/** The type's byte; for a reference, its heap type's. */
function readValueType(reader: CoreModuleReader): number {
  const byte = reader.byte();
  const type = REFERENCES.has(byte) ? readHeapType(reader) : byte;
  const isKnown = (type >= 0x69 && type <= 0x74) || (REFERENCES.has(byte) ? type === DEFINED : type >= 0x7b && type <= 0x7f);
  if (!isKnown) throw reader.refuse(`a core module has a value of an unknown type (${type})`);
  return type;
}

/**
 * A signed number of 33 bits: {@link DEFINED} for the index of a defined type, else the abstract type's byte. Engines read
 * it in longer forms than needed too.
 */
function readHeapType(reader: CoreModuleReader): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = reader.byte();
    value += (byte & 0x7f) * 2 ** shift;
    if (byte >= 0x80) continue;
    if ((byte & 0x40) === 0) return DEFINED;
    // Negative: what a single byte of the same number would be.
    return value - 2 ** (shift + 7) + 0x80;
  }
  throw reader.refuse("a core module has a number of more than 33 bits");
}

const END = 0x0b;
const OPERANDS: ReadonlyMap<number, (reader: CoreModuleReader) => void> = new Map([
  ...[0x41, 0x42, 0x23, 0xd0, 0xd2].map((opcode) => [opcode, (reader: CoreModuleReader) => reader.skipNumber()] as const),
  [0x43, (reader) => reader.skip(4)],
  [0x44, (reader) => reader.skip(8)],
  // Addition, subtraction and multiplication.
  ...[0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e].map((opcode) => [opcode, () => undefined] as const),
  [0xfd, (reader) => readPrefixed(reader, new Map([[12, 16]]))],
  // i31 references and their conversion: numbers, not objects.
  [0xfb, (reader) => readPrefixed(reader, new Map([[26, 0], [27, 0], [28, 0]]))],
]);

/** Passes over an initial value (WebAssembly 3.0, "Constant Expressions"). */
export function skipConstantExpression(reader: CoreModuleReader): void {
  for (let opcode = reader.byte(); opcode !== END; opcode = reader.byte()) {
    const skip = OPERANDS.get(opcode);
    if (skip === undefined) throw reader.refuse(`a core module has an initial value of an unknown form (${opcode})`);
    skip(reader);
  }
}

function readPrefixed(reader: CoreModuleReader, operandBytes: ReadonlyMap<number, number>): void {
  const opcode = reader.unsigned();
  const bytes = operandBytes.get(opcode);
  if (bytes === undefined) throw reader.refuse(`a core module has an initial value of an unknown form (${opcode})`);
  reader.skip(bytes);
}
