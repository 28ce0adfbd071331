import * as v from "valibot";
import { parseDocument } from "../bytes/json-parser.js";
import type { Refuse } from "../package/bounded-json.js";
import { bridgeItemType, type BridgeItemType } from "../package/bridge-item.js";
import { quotedText } from "../package/quoted-text.js";
import { count, describeIssue, plainText } from "../package/schema-parts.js";
import { capabilityTables } from "./package-toml-schema.js";

const functionNames = v.array(v.string());
/** Not valibot's `record`, which passes over members named `constructor` and `prototype`: functions may have those names. */
const tableByFunction = v.custom<Readonly<Record<string, unknown>>>((value) => typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date), "must be a table");

/** What a package.toml says of native and Python code alike, as it says it. */
const interfaceMembers = {
  wit: v.string(),
  world: v.exactOptional(v.string()),
  interface_hash: v.pipe(v.string(), v.regex(/^(?:0x[0-9a-fA-F]{1,16}|[0-9a-fA-F]{16})$/, 'must be fidius\'s hash of the interface, such as "0xbe38ca5674ec66ca"')),
  raw: v.exactOptional(functionNames),
  takes_stream: v.exactOptional(v.union([functionNames, tableByFunction], "must be a list of functions, or a table of them with the type of the stream's items")),
  ...capabilityTables,
};

const platformName = v.pipe(v.string(), v.regex(/^[a-z0-9]+-[a-z0-9]+$/, "must be a system and a processor such as linux-x64"));

const rustTable = v.strictObject({
  ...interfaceMembers,
  libraries: v.pipe(v.record(platformName, v.string()), v.check((libraries) => Object.keys(libraries).length > 0, "must name a library")),
  optional: v.exactOptional(tableByFunction),
});

const pythonTable = v.strictObject({ ...interfaceMembers, entry_module: plainText(256), requirements: v.exactOptional(v.string()) });

/** What an author says of code that a bridge runs, besides what every plugin says. */
export interface BridgeDescription {
  readonly runtime: "rust" | "python";
  /** Path of the WIT, as written. */
  readonly wit: string;
  /** Which world of it. */
  readonly world: string | undefined;
  /** 16 lower-case digits. */
  readonly interfaceHash: string;
  /** By the names of functions in WIT, like the other two. */
  readonly raw: ReadonlySet<string>;
  /** The type of the items, or `undefined` where they are passed as bytes. */
  readonly takesStream: ReadonlyMap<string, BridgeItemType | undefined>;
  /** The capability bit of each. */
  readonly optional: ReadonlyMap<string, number>;
  /** Of Rust: paths as written, by platform. */
  readonly libraries: ReadonlyMap<string, string>;
  /** Of Python. */
  readonly entryModule: string | undefined;
  /** Of Python: a path as written; `undefined` for the usual one. */
  readonly requirements: string | undefined;
}

type CapabilityTables = Pick<v.InferOutput<typeof rustTable>, "capabilities" | "reasons">;

/**
 * Reads the `[rust]` or the `[python]` table of a package.toml.
 *
 * @param table - the table; `undefined` if there is none
 * @throws the error that `refuse` makes
 */
export function parseBridgeTable(runtime: "rust" | "python", table: unknown, refuse: Refuse): BridgeDescription & CapabilityTables {
  if (table === undefined) throw refuse(`its runtime is ${runtime}, and it has no [${runtime}] table. Add one:\n${EXAMPLES[runtime]}`);
  const found = runtime === "rust" ? parsed(rustTable, table, runtime, refuse) : parsed(pythonTable, table, runtime, refuse);
  return {
    runtime,
    wit: found.wit,
    world: found.world,
    interfaceHash: found.interface_hash.replace(/^0x/, "").toLowerCase().padStart(16, "0"),
    raw: new Set(functionsOnce(found.raw ?? [], `${runtime}.raw`, refuse)),
    takesStream: takenStreams(found.takes_stream ?? [], runtime, refuse),
    optional: optionalBits(("optional" in found ? found.optional : undefined) ?? {}, refuse),
    libraries: new Map("libraries" in found ? Object.entries(found.libraries) : []),
    entryModule: "entry_module" in found ? found.entry_module : undefined,
    requirements: "requirements" in found ? found.requirements : undefined,
    ...(found.capabilities === undefined ? {} : { capabilities: found.capabilities }),
    ...(found.reasons === undefined ? {} : { reasons: found.reasons }),
  };
}

const EXAMPLES = {
  rust: `[rust]
libraries = { "linux-x64" = "target/release/libgreeter.so" }
wit = "wit"
interface_hash = "0x…"  # what the trait's constant <Trait>_INTERFACE_HASH is`,
  python: `[python]
entry_module = "greeter"
wit = "wit"
interface_hash = "0x…"  # what the module says as __interface_hash__`,
};

function parsed<Output>(schema: v.GenericSchema<unknown, Output>, table: unknown, runtime: "rust" | "python", refuse: Refuse): Output {
  const result = v.safeParse(schema, table, { abortEarly: true });
  if (result.success) return result.output;
  throw refuse(`in its [${runtime}] table, ${describeIssue(result.issues[0])}. The table of a plugin is, at the least:\n${EXAMPLES[runtime]}`);
}

function takenStreams(written: readonly string[] | Readonly<Record<string, unknown>>, runtime: string, refuse: Refuse): ReadonlyMap<string, BridgeItemType | undefined> {
  const place = `${runtime}.takes_stream`;
  if (Array.isArray(written)) return new Map(functionsOnce(written, place, refuse).map((name) => [name, undefined]));
  const entries = Object.entries(written);
  const names = functionsOnce(entries.map(([name]) => name), place, refuse);
  return new Map(entries.map(([name, type], index) => [names[index] ?? name, parseDocument(bridgeItemType, withNulls(type), `${place}.${quotedText(name)}`, refuse)]));
}

function optionalBits(written: Readonly<Record<string, unknown>>, refuse: Refuse): ReadonlyMap<string, number> {
  const bits = Object.entries(written);
  const names = functionsOnce(bits.map(([name]) => name), "rust.optional", refuse);
  return new Map(bits.map(([name, bit], index) => {
    const result = v.safeParse(count, bit);
    if (!result.success) throw refuse(`rust.optional.${quotedText(name)} must be the bit that fidius gives the method: a whole number from 0`);
    return [names[index] ?? name, result.output];
  }));
}

/** TOML has no null: a case without a payload, and a side of a result without a value, is left out there. */
function withNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNulls);
  if (typeof value !== "object" || value === null) return value;
  const members = new Map<string, unknown>(Object.entries(value).map(([name, member]) => [name, withNulls(member)]));
  const cases = members.get("cases");
  if (members.get("kind") === "result") return { ok: null, err: null, ...Object.fromEntries(members) };
  if (members.get("kind") === "variant" && Array.isArray(cases)) members.set("cases", cases.map((one: unknown) => (typeof one === "object" ? { type: null, ...one } : one)));
  return Object.fromEntries(members);
}

/** The names of functions in WIT, where Rust's are accepted too: `read_rows` for `read-rows`. */
function functionsOnce(names: readonly string[], place: string, refuse: Refuse): readonly string[] {
  const known = names.map((name) => name.replaceAll("_", "-"));
  const repeated = known.find((name, index) => known.indexOf(name) !== index);
  if (repeated !== undefined) throw refuse(`${place} names the function ${quotedText(repeated)} twice`);
  return known;
}
