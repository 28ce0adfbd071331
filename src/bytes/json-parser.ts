import { quotedText } from "./quoted-text.js";

/** What is wrong with a JSON value, in words that begin with where it stands. */
export class JsonProblem extends Error {}

/** Reads the JSON value that stands at `path`. Throws a {@link JsonProblem} if it is not of its form. */
export type JsonParser<T> = (value: unknown, path: string) => T;

/** Refuses the value at `path`; `found` says what it is or must be. */
export function refuseJson(path: string, found: string): never {
  throw new JsonProblem(`${path} ${found}`);
}

/**
 * Reads a whole document.
 *
 * @param refuse - makes the error to throw from what is wrong
 */
export function parseDocument<T>(parse: JsonParser<T>, value: unknown, path: string, refuse: (reason: string) => Error): T {
  try {
    return parse(value, path);
  } catch (error) {
    throw error instanceof JsonProblem ? refuse(error.message) : error;
  }
}

/** The members of a JSON object by name. Others than `required` and `optional` are refused. */
export function parseMembers(value: unknown, path: string, required: readonly string[], optional: readonly string[] = []): ReadonlyMap<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuseJson(path, "is not an object");
  // A map, so that names such as `__proto__` are only names.
  const members = new Map<string, unknown>(Object.entries(value));
  for (const name of members.keys()) {
    if (!required.includes(name) && !optional.includes(name)) refuseJson(path, `has the unknown member ${quotedText(name)}`);
  }
  for (const name of required) if (!members.has(name)) refuseJson(path, `has no ${name}`);
  return members;
}

export function parseArray<T>(value: unknown, path: string, limit: number, parse: (item: unknown, path: string, index: number) => T): T[] {
  if (!Array.isArray(value)) refuseJson(path, "is not an array");
  if (value.length > limit) refuseJson(path, `has ${value.length} items, where at most ${limit} are allowed`);
  // Array.from visits holes too.
  return Array.from(value, (item: unknown, index) => parse(item, `${path}[${index}]`, index));
}

export function parseString(value: unknown, path: string): string {
  if (typeof value !== "string") refuseJson(path, "is not text");
  return value;
}

/** A whole number from 0 on, below `limit`. */
export function parseIndex(value: unknown, path: string, limit: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value >= limit) {
    refuseJson(path, `is not a whole number from 0 to ${limit - 1}`);
  }
  return value;
}
