import { toCamelCase } from "../component/javascript-names.js";
import { definitionAt } from "../component/type-words.js";
import type { TypeReference, World } from "../component/world.js";

export type BincodeNumber = "u8" | "s8" | "u16" | "s16" | "u32" | "s32" | "u64" | "s64" | "f32" | "f64";
export type BincodePrimitive = BincodeNumber | "bool" | "char" | "string";

/** A member with its place: bincode writes no names, only values in the order of their declaration in Rust. */
export interface BincodeField {
  /** The JavaScript property. */
  readonly name: string;
  readonly type: BincodeType;
}

export interface BincodeCase {
  readonly name: string;
  /** `null` for a case without payload. */
  readonly type: BincodeType | null;
}

/**
 * A Rust type as serde gives it to bincode 1, in the terms of WIT. Values have the forms that handles have: records are objects,
 * variants `{ tag, val }`, enums texts, options the value or `undefined` (an option of an option `{ tag: "some", val }` or
 * `{ tag: "none" }`), results `{ tag: "ok" | "err", val }`, lists arrays (of numbers: their typed array), 64-bit integers bigints.
 *
 * A Rust enum is a `variant`, whatever its cases are: one with named fields has a record as its type. A map is a list of tuples
 * of two.
 */
export type BincodeType =
  | BincodePrimitive
  | { readonly kind: "record"; readonly fields: readonly BincodeField[] }
  | { readonly kind: "variant"; readonly cases: readonly BincodeCase[] }
  | { readonly kind: "enum"; readonly cases: readonly string[] }
  | { readonly kind: "tuple"; readonly items: readonly BincodeType[] }
  | { readonly kind: "list"; readonly element: BincodeType }
  | { readonly kind: "option"; readonly value: BincodeType }
  | { readonly kind: "result"; readonly ok: BincodeType | null; readonly err: BincodeType | null };

/** What is wrong with a value or with bytes, in words that begin with where. */
export class BincodeProblem extends Error {}

export function refuseBincode(path: string, reason: string): never {
  throw new BincodeProblem(`${path} ${reason}`);
}

/** What {@link bincodeType} makes of names, and of what bincode has no form for. */
export interface BincodeForms {
  /** Names of fields: `javascript` (the default) is camelCase, `wit` leaves them as they are declared. */
  readonly names?: "javascript" | "wit";
  /** The number that stands for a resource. Left out: resources are refused. */
  readonly resource?: BincodeNumber;
}

/**
 * The bincode form of a WIT type, for values whose types `portcullis types` has written. Enums and variants both become Rust enums.
 *
 * @throws {BincodeProblem} for a type that has no value of its own outside of a component: flags, resources, streams, fixed lists.
 * @example
 * ```ts
 * const settings = bincodeType(greeter.world, configureParameterType);
 * ```
 */
export function bincodeType(world: World, reference: TypeReference, forms: BincodeForms = {}): BincodeType {
  const of = (inner: TypeReference): BincodeType => bincodeType(world, inner, forms);
  const optional = (inner: TypeReference | null): BincodeType | null => (inner === null ? null : of(inner));
  if (typeof reference === "string") {
    return reference === "error-context" ? refuseBincode("the type", "is an error-context, which bincode cannot carry") : reference;
  }
  const definition = definitionAt(world, reference);
  switch (definition.kind) {
    case "record": return { kind: "record", fields: definition.fields.map(({ name, type }) => ({ name: forms.names === "wit" ? name : toCamelCase(name), type: of(type) })) };
    case "variant": return { kind: "variant", cases: definition.cases.map(({ name, type }) => ({ name, type: optional(type) })) };
    case "enum": return { kind: "enum", cases: definition.cases };
    case "tuple": return { kind: "tuple", items: definition.items.map(of) };
    case "option": return { kind: "option", value: of(definition.value) };
    case "result": return { kind: "result", ok: optional(definition.ok), err: optional(definition.err) };
    case "list": {
      if (definition.length !== undefined) return refuseBincode("the type", "is a list of a fixed length, which fidius does not have");
      return { kind: "list", element: of(definition.element) };
    }
    case "own":
    case "borrow": {
      if (forms.resource === undefined) return refuseBincode("the type", "is a resource, which bincode cannot carry");
      return forms.resource;
    }
    default: return refuseBincode("the type", `is a ${definition.kind}, which bincode cannot carry`);
  }
}

const MAXIMUM_DEPTH = 64;

/** The fewest bytes that a value of `type` has. A list of what has none could claim any length, so such lists are refused. */
export function fewestBytes(type: BincodeType | null, depth = 0): number {
  if (depth > MAXIMUM_DEPTH) refuseBincode("the type", `is nested more than ${MAXIMUM_DEPTH} deep`);
  if (type === null) return 0;
  if (typeof type === "string") return SIZES.get(type) ?? (type === "string" ? 8 : 1);
  const sum = (types: readonly BincodeType[]): number => types.reduce((total, item) => total + fewestBytes(item, depth + 1), 0);
  switch (type.kind) {
    case "record": return sum(type.fields.map((field) => field.type));
    case "tuple": return sum(type.items);
    case "option": return 1;
    case "list": return 8;
    default: return 4;
  }
}

/** Sizes of the numbers, in bytes. */
export const SIZES: ReadonlyMap<BincodePrimitive, number> = new Map([
  ["u8", 1], ["s8", 1], ["u16", 2], ["s16", 2], ["u32", 4], ["s32", 4], ["u64", 8], ["s64", 8], ["f32", 4], ["f64", 8],
]);

/** The cases of anything that serde writes as an enum. */
export function casesOf(type: Extract<BincodeType, { kind: "variant" | "enum" | "result" }>): readonly BincodeCase[] {
  if (type.kind === "variant") return type.cases;
  if (type.kind === "enum") return type.cases.map((name) => ({ name, type: null }));
  return [{ name: "ok", type: type.ok }, { name: "err", type: type.err }];
}

/** Whether an option's value must say itself that it is there. */
export function isNestedOption(type: Extract<BincodeType, { kind: "option" }>): boolean {
  return typeof type.value === "object" && type.value.kind === "option";
}
