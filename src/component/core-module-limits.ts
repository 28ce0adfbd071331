import { CoreModuleReader, encodeUnsigned } from "./core-module-reader.js";
import { readGlobalSection, readTableType, readTypeSection, skipConstantExpression } from "./core-module-types.js";
import { shareOut } from "./share-limit.js";

const PAGE_BYTES = 65_536;
const PREAMBLE_BYTES = 8;
const HAS_MAXIMUM = 1;
const IS_SHARED = 2;
const IS_64_BIT = 4;
/** An engine has some 124 memories for a whole process: one plugin must not take them all. */
const MAXIMUM_MEMORIES = 16;
const MAXIMUM_TABLES = 256;

/** What all core modules of one component may have together. */
export interface CoreModuleBounds {
  /** All linear memories, in bytes. */
  readonly memoryBytes: number;
  /** All tables, in elements. */
  readonly tableElements: number;
}

/** A core module whose memories and tables end where they must. */
export interface LimitedCoreModule {
  /** Those that were given where it has neither. */
  readonly bytes: Uint8Array;
  /** What its memories and tables were lowered to: with the digest of what was given, it stands for `bytes`. */
  readonly limits: string;
  /** It has memories or tables of its own, which a second instance of it would have again. */
  readonly hasStorage: boolean;
}

/**
 * Lowers the declared maximum of every memory and table that the core modules of a component define, so that growing
 * beyond it fails inside the guest as the WebAssembly specification says. Imported ones need nothing: they are defined,
 * and bounded, by another module of the same component.
 *
 * The bounds hold for the sums. Each memory first gets what it starts with; what is left is shared out evenly, and what
 * one cannot use by its own maximum goes to the others. A component with one memory, which is nearly every one, has all
 * of `memoryBytes` for it. The sum counts one instance of each module: see {@link LimitedCoreModule.hasStorage}.
 *
 * Only limits are rewritten (WebAssembly 3.0, binary format); everything else is copied.
 *
 * @param modules - all core modules of one component, those that the transpiler made included.
 * @returns one for each module, in their order.
 * @throws {PluginError} `component-unsupported` if memories or tables start larger, are too many (16 memories, 256 tables)
 * or of an unknown form (custom page sizes, shared tables), or if a module could fill the engine's own heap (WebAssembly GC).
 *
 * @example
 * const [main] = limitCoreModules([{ bytes }], { memoryBytes: 256 * 1024 * 1024, tableElements: 1_000_000 }, "acme.blur");
 */
export function limitCoreModules<Module extends { readonly bytes: Uint8Array }>(
  modules: readonly Module[],
  { memoryBytes, tableElements }: CoreModuleBounds,
  pluginId: string,
): (Module & LimitedCoreModule)[] {
  const scanned = modules.map((module) => ({ module, ...scanModule(new CoreModuleReader(module.bytes, pluginId)) }));
  const reader = new CoreModuleReader(new Uint8Array(), pluginId);
  const all = scanned.flatMap(({ storages }) => storages);
  const pages = Math.floor(memoryBytes / PAGE_BYTES);
  for (const storage of all) storage.limit = storage.initial;
  share(all.filter(({ kind }) => kind === "memory"), { total: pages, most: MAXIMUM_MEMORIES, words: ["linear memories", "memoryBytes", PAGE_BYTES, "bytes"] }, reader);
  share(all.filter(({ kind }) => kind === "table"), { total: Math.floor(tableElements), most: MAXIMUM_TABLES, words: ["tables", "tableElements", 1, "elements"] }, reader);
  return scanned.map(({ module, bytes, sections, storages }) => ({
    ...module,
    bytes: storages.length === 0 ? bytes : rewrite(bytes, sections),
    limits: storages.map(({ kind, limit }) => `${kind}:${limit}`).join(),
    hasStorage: storages.length > 0,
  }));
}

/** A memory or table, in pages or elements, and where its limits stand. */
interface Storage {
  readonly kind: "memory" | "table";
  readonly flags: number;
  readonly initial: number;
  readonly maximum: number;
  readonly start: number;
  readonly end: number;
  limit: number;
}

interface Section {
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
  readonly storages: readonly Storage[];
}

interface ScannedModule {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly storages: readonly Storage[];
}

const TYPE_SECTION = 1;
const TABLE_SECTION = 4;
const MEMORY_SECTION = 5;
const GLOBAL_SECTION = 6;

function scanModule(reader: CoreModuleReader): ScannedModule {
  const { bytes } = reader;
  const sections: Section[] = [];
  reader.position = PREAMBLE_BYTES;
  while (reader.position < bytes.length) {
    const start = reader.position;
    const id = reader.byte();
    const size = reader.unsigned();
    const bodyStart = reader.position;
    reader.skip(size);
    const end = reader.position;
    reader.position = bodyStart;
    const storages: Storage[] = [];
    if (id === TYPE_SECTION) readTypeSection(reader);
    if (id === TABLE_SECTION) reader.vector(() => storages.push(readTable(reader)));
    if (id === MEMORY_SECTION) reader.vector(() => storages.push(readLimits(reader, "memory")));
    if (id === GLOBAL_SECTION) readGlobalSection(reader);
    if (reader.position > end) throw reader.refuse("a section of a core module is longer than it says");
    if (storages.length > 0) sections.push({ start, bodyStart, end, storages });
    reader.position = end;
  }
  return { bytes, sections, storages: sections.flatMap(({ storages }) => storages) };
}

const WITH_INITIAL_VALUE = 0x40;

function readTable(reader: CoreModuleReader): Storage {
  const hasInitialValue = reader.bytes[reader.position] === WITH_INITIAL_VALUE;
  // The second byte is reserved: 0.
  if (hasInitialValue && (reader.byte(), reader.byte()) !== 0) throw reader.refuse("a table is of an unknown form");
  readTableType(reader);
  const table = readLimits(reader, "table");
  if (hasInitialValue) skipConstantExpression(reader);
  return table;
}

function readLimits(reader: CoreModuleReader, kind: Storage["kind"]): Storage {
  const start = reader.position;
  const flags = reader.byte();
  const known = kind === "memory" ? HAS_MAXIMUM | IS_SHARED | IS_64_BIT : HAS_MAXIMUM | IS_64_BIT;
  const isBoundedIfShared = (flags & (IS_SHARED | HAS_MAXIMUM)) !== IS_SHARED;
  if ((flags & ~known) !== 0 || !isBoundedIfShared) throw reader.refuse(`a ${kind} has limits of an unknown form (flags ${flags})`);
  const bits = (flags & IS_64_BIT) === 0 ? 32 : 64;
  const initial = reader.unsigned(bits);
  const maximum = (flags & HAS_MAXIMUM) === 0 ? Number.POSITIVE_INFINITY : reader.unsigned(bits);
  const most = kind === "table" ? 2 ** bits : 2 ** bits / PAGE_BYTES;
  // An engine refuses these, and would not any more once the maximum was lowered.
  if (maximum !== Number.POSITIVE_INFINITY && (maximum > most || maximum < initial)) throw reader.refuse(`a ${kind} has a maximum that WebAssembly does not allow`);
  return { kind, flags, initial, maximum, start, end: reader.position, limit: initial };
}

interface Bound {
  readonly total: number;
  readonly most: number;
  readonly words: readonly [what: string, limit: string, unit: number, units: string];
}

function share(storages: readonly Storage[], { total, most, words: [what, limit, unit, units] }: Bound, reader: CoreModuleReader): void {
  if (storages.length > most) throw reader.refuse(`it has ${storages.length} ${what}, and ${most} are allowed`);
  const shares = shareOut(storages, total);
  if (shares === undefined) {
    const found = storages.reduce((sum, { initial }) => sum + initial, 0) * unit;
    throw reader.refuse(`its ${what} start with ${found} ${units} together, and the limit ${limit} allows ${total * unit}`);
  }
  storages.forEach((storage, index) => {
    storage.limit = shares[index] ?? storage.initial;
  });
}

/** The module with the limits of its memories and tables in place of its own. */
function rewrite(bytes: Uint8Array, sections: readonly Section[]): Uint8Array {
  const parts: (Uint8Array | readonly number[])[] = [];
  let copied = 0;
  for (const { start, bodyStart, end, storages } of sections) {
    const body: (Uint8Array | readonly number[])[] = [];
    let position = bodyStart;
    for (const storage of storages) {
      body.push(bytes.subarray(position, storage.start), [storage.flags | HAS_MAXIMUM, ...encodeUnsigned(storage.initial), ...encodeUnsigned(storage.limit)]);
      position = storage.end;
    }
    body.push(bytes.subarray(position, end));
    parts.push(bytes.subarray(copied, start + 1), encodeUnsigned(body.reduce((sum, { length }) => sum + length, 0)), ...body);
    copied = end;
  }
  return concatenate([...parts, bytes.subarray(copied)]);
}

function concatenate(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}
