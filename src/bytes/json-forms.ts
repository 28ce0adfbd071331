/** Parsers for forms of JSON values, made from parsers of their parts. */
import { parseArray, parseMembers, parseString, refuseJson, type JsonParser } from "./json-parser.js";

type Members = Readonly<Record<string, JsonParser<unknown>>>;
type Parsed<M extends Members> = { readonly [Name in keyof M]: ReturnType<M[Name]> };

/** An object that has every member of `required`, perhaps some of `optional`, and no others. */
export function objectOf<Required extends Members>(required: Required): JsonParser<Parsed<Required>>;
export function objectOf<Required extends Members, Optional extends Members>(
  required: Required,
  optional: Optional,
): JsonParser<Parsed<Required> & Partial<Parsed<Optional>>>;
export function objectOf(required: Members, optional: Members = {}): JsonParser<unknown> {
  const parsers = new Map(Object.entries({ ...required, ...optional }));
  const names = [Object.keys(required), Object.keys(optional)] as const;
  return (value, path) => {
    const members = Array.from(parseMembers(value, path, ...names), ([name, member]): [string, unknown] => [name, parsers.get(name)?.(member, `${path}.${name}`)]);
    return Object.fromEntries<unknown>(members);
  };
}

/** An array of at most `limit` items. */
export function arrayOf<T>(item: JsonParser<T>, limit = Number.POSITIVE_INFINITY): JsonParser<readonly T[]> {
  return (value, path) => parseArray(value, path, limit, item);
}

/** One of a few values. */
export function oneOf<const T extends string | number | boolean>(...values: readonly T[]): JsonParser<T> {
  return (value, path) => values.find((candidate) => candidate === value) ?? refuseJson(path, `must be ${values.map((item) => JSON.stringify(item)).join(" or ")}`);
}

/** What a text must be, as a test and in words. */
export interface TextRule {
  readonly test: (text: string) => boolean;
  readonly wanted: string;
}

/** Text that keeps to a rule. */
export function textOf({ test, wanted }: TextRule): JsonParser<string> {
  return (value, path) => {
    const text = parseString(value, path);
    return test(text) ? text : refuseJson(path, `must be ${wanted}`);
  };
}

/** A whole number that JavaScript represents exactly, at least `minimum`. */
export function wholeNumberFrom(minimum: number): JsonParser<number> {
  return (value, path) => {
    return typeof value === "number" && Number.isSafeInteger(value) && value >= minimum ? value : refuseJson(path, `must be a whole number from ${minimum}`);
  };
}

/** Any value, carried by reference and never copied, so that a member of it named `__proto__` stays data. */
export function anyJson(value: unknown): unknown {
  return value;
}
