import { hasDotSegment } from "./path-escape.js";

// Control characters can hide in a prompt or end a path early in whatever reads it next.
const CONTROL = /\p{Cc}/u;

/**
 * Tells whether `text` is an absolute path of a guest's file system in its only accepted form: `/`, or
 * segments each after one `/`. There is no `.`, `..`, empty segment, backslash, control character or `/` at
 * the end, so two different texts are two different places.
 */
export function isGuestPath(text: string): boolean {
  if (text === "/") return true;
  if (!text.startsWith("/") || text.endsWith("/") || text.includes("//")) return false;
  return !hasDotSegment(text) && !text.includes("\\") && !CONTROL.test(text);
}

/**
 * Tells whether `narrow` is the path `wide` or below it, by whole segments. `false` if either is not a
 * guest path.
 *
 * @example
 * ```ts
 * pathIncludes("/data", "/data/pictures"); // true
 * pathIncludes("/data", "/database"); // false
 * ```
 */
export function pathIncludes(wide: string, narrow: string): boolean {
  if (!isGuestPath(wide) || !isGuestPath(narrow)) return false;
  return wide === "/" || narrow === wide || narrow.startsWith(`${wide}/`);
}
