import { arrayOf, objectOf, oneOf, textOf } from "../bytes/json-forms.js";
import { type JsonParser, refuseJson } from "../bytes/json-parser.js";
import { isLabel } from "../component/component-names.js";

const PRIMITIVES = ["bool", "char", "string", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"] as const;

/** A field of a record, or a case of a variant, by its name in WIT. */
interface Named<Type> {
  readonly name: string;
  readonly type: Type;
}

/**
 * The Rust type of what a method pulls from a stream, in the terms of WIT: it is in no WIT, because streams that are given are
 * no parameters there. It has the form of `bincode/`'s `BincodeType`, with the names that WIT has.
 */
export type BridgeItemType =
  | (typeof PRIMITIVES)[number]
  | { readonly kind: "record"; readonly fields: readonly Named<BridgeItemType>[] }
  | { readonly kind: "variant"; readonly cases: readonly Named<BridgeItemType | null>[] }
  | { readonly kind: "enum"; readonly cases: readonly string[] }
  | { readonly kind: "tuple"; readonly items: readonly BridgeItemType[] }
  | { readonly kind: "list"; readonly element: BridgeItemType }
  | { readonly kind: "option"; readonly value: BridgeItemType }
  | { readonly kind: "result"; readonly ok: BridgeItemType | null; readonly err: BridgeItemType | null };

/** Whoever reads a type may recurse, and real ones are shallow. */
const MAXIMUM_DEPTH = 16;
const MAXIMUM_PARTS = 256;

const label = textOf({ test: isLabel, wanted: "a name of WIT such as read-rows" });
const primitive = oneOf(...PRIMITIVES);

/** Reads a {@link BridgeItemType}. Every value of one takes bytes, so that no list of them can claim a length that is not there. */
export function bridgeItemType(value: unknown, path: string, depth = 0): BridgeItemType {
  if (typeof value === "string") return primitive(value, path);
  if (depth >= MAXIMUM_DEPTH) refuseJson(path, `is nested more than ${MAXIMUM_DEPTH} deep`);
  const kind: unknown = typeof value === "object" && value !== null && Object.hasOwn(value, "kind") ? Reflect.get(value, "kind") : undefined;
  return structureOf(kind, (part, at) => bridgeItemType(part, at, depth + 1))(value, path);
}

function structureOf(kind: unknown, part: JsonParser<BridgeItemType>): JsonParser<BridgeItemType> {
  switch (kind) {
    case "record": return objectOf({ kind: oneOf(kind), fields: namesOnce(objectOf({ name: label, type: part }), ({ name }) => name) });
    case "variant": return objectOf({ kind: oneOf(kind), cases: namesOnce(objectOf({ name: label, type: orNull(part) }), ({ name }) => name) });
    case "enum": return objectOf({ kind: oneOf(kind), cases: namesOnce(label, (name) => name) });
    case "tuple": return objectOf({ kind: oneOf(kind), items: atLeastOne(part) });
    case "list": return objectOf({ kind: oneOf(kind), element: part });
    case "option": return objectOf({ kind: oneOf(kind), value: part });
    case "result": return objectOf({ kind: oneOf(kind), ok: orNull(part), err: orNull(part) });
    default: return (_, path) => refuseJson(path, "must be the name of a primitive type, or an object of kind record, variant, enum, tuple, list, option or result");
  }
}

function orNull(part: JsonParser<BridgeItemType>): JsonParser<BridgeItemType | null> {
  return (value, path) => (value === null ? null : part(value, path));
}

function atLeastOne<T>(part: JsonParser<T>): JsonParser<readonly T[]> {
  const parts = arrayOf(part, MAXIMUM_PARTS);
  return (value, path) => {
    const parsed = parts(value, path);
    return parsed.length > 0 ? parsed : refuseJson(path, "is empty, and WIT has no such type");
  };
}

function namesOnce<T>(part: JsonParser<T>, nameOf: (parsed: T) => string): JsonParser<readonly T[]> {
  const parts = atLeastOne(part);
  return (value, path) => {
    const parsed = parts(value, path);
    const names = parsed.map(nameOf);
    const repeated = names.find((name, index) => names.indexOf(name) !== index);
    return repeated === undefined ? parsed : refuseJson(path, `names ${repeated} twice`);
  };
}
