import { toUtf8 } from "../../bytes/utf8.js";
import type { DirectoryPath } from "./directory-backend.js";

/** Why a path is refused, as wasi:filesystem's `error-code` has it. */
export type PathProblem = "not-permitted" | "no-entry" | "invalid" | "illegal-byte-sequence" | "name-too-long";

export interface ResolvedPath {
  /** From the directory that the guest named it in. */
  readonly segments: DirectoryPath;
  /** The text ends in `/` or a dot segment, so that only a directory can be meant. */
  readonly isDirectory: boolean;
  /** Prefixes that a `..` stepped out of. They must be directories, although the result does not pass them. */
  readonly crossed: readonly DirectoryPath[];
}

// As on most systems: bytes of UTF-8 in one name, and in a path.
const NAME_BYTES = 255;
export const PATH_BYTES = 4_096;

// `\`, `:` and the rest separate, open a stream or match several names on Windows, where a directory that a person
// picked may live. Control characters hide in what people are shown.
const FORBIDDEN = /[\p{Cc}\\<>:"|?*]/u;
const NOT_TEXT = /\p{Cs}/u;
// With any extension these open a device there. The superscript digits count as digits.
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/iu;
// Windows drops these, so two names would be one file.
const DROPPED_END = /[. ]$/;

/**
 * Takes a guest's path apart, which is relative to a directory that it has open. Dot segments are resolved by the
 * text alone, which is exact because nothing here has links. The same rules hold for every backend, so that a
 * plugin that works on one works on all.
 *
 * @returns what it stands for, or why it is refused: `not-permitted` for every way out of the directory.
 * @example
 * ```ts
 * resolvePath("a/../b"); // { segments: ["b"], isDirectory: false, crossed: [["a"]] }
 * resolvePath("a/../../b"); // "not-permitted"
 * ```
 */
export function resolvePath(text: string): ResolvedPath | PathProblem {
  if (text === "") return "no-entry";
  // Before it is copied: UTF-8 is never shorter than the text.
  if (text.length > PATH_BYTES || toUtf8(text).length > PATH_BYTES) return "name-too-long";
  if (text.startsWith("/")) return "not-permitted";
  const segments: string[] = [];
  const crossed: DirectoryPath[] = [];
  const parts = text.split("/");
  for (const part of parts) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (segments.length === 0) return "not-permitted";
      crossed.push([...segments]);
      segments.pop();
      continue;
    }
    const problem = nameProblem(part);
    if (problem !== undefined) return problem;
    segments.push(part);
  }
  return { segments, isDirectory: /^\.{0,2}$/.test(parts.at(-1) ?? ""), crossed };
}

/** Why `name` cannot be a name in a directory; `undefined` if it can. */
export function nameProblem(name: string): PathProblem | undefined {
  if (name === "" || name === "." || name === ".." || name.includes("/")) return "invalid";
  if (NOT_TEXT.test(name)) return "illegal-byte-sequence";
  if (FORBIDDEN.test(name) || DROPPED_END.test(name) || DEVICE.test(name)) return "invalid";
  return name.length > NAME_BYTES || toUtf8(name).length > NAME_BYTES ? "name-too-long" : undefined;
}
