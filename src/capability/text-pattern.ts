import type { HostCapability } from "./capability-types.js";
import { mightEscapePrefix } from "./path-escape.js";

/** The pattern's prefix, or `undefined` for one that stands for its exact text. */
export function patternPrefix(pattern: string): string | undefined {
  return pattern.endsWith("*") ? pattern.slice(0, -1) : undefined;
}

/**
 * Tells whether `text` is what `pattern` says: the same text, or, for a pattern that ends in `*`, one that
 * begins so. Nothing that might lead out of a prefix read as a path matches it, wherever in the text it is:
 * `/notes/*` does not match `/notes/../secret` or `/notes/%2e%2e/secret`.
 */
export function patternMatches(pattern: string, text: string): boolean {
  const prefix = patternPrefix(pattern);
  if (prefix === undefined) return text === pattern;
  return text.startsWith(prefix) && !mightEscapePrefix(text);
}

/** Tells whether everything that `narrow` matches is matched by `wide`. */
export function patternIncludes(wide: string, narrow: string): boolean {
  const [outer, inner] = [patternPrefix(wide), patternPrefix(narrow)];
  if (inner === undefined) return patternMatches(wide, narrow);
  return outer !== undefined && inner.startsWith(outer);
}

/**
 * Tells whether a call of one function of the interface is granted with these arguments.
 *
 * A constrained parameter must be there and be a string that matches. A function that does not have it is
 * not permitted at all: with `?path=/notes/*`, a function `delete-all: func()` would otherwise be a way
 * around the constraint. Methods of a resource that a constrained function gives out are functions of their own:
 * they take a second capability, such as `host:acme:notes/store@1.0.0#[method]note.read`.
 *
 * @param named - the actual arguments by parameter name
 */
export function permitsArguments(granted: HostCapability, functionName: string, named: ReadonlyMap<string, unknown>): boolean {
  if (granted.functions !== undefined && !granted.functions.includes(functionName)) return false;
  for (const [parameter, pattern] of granted.patterns) {
    const value = named.get(parameter);
    if (typeof value !== "string" || !patternMatches(pattern, value)) return false;
  }
  return true;
}
