import type { Refuse } from "../../package/bounded-json.js";
import { quotedText } from "../../package/quoted-text.js";

/**
 * Refuses paths that mean anything but one file below their directory. Unlike those of our packages they may be of any characters,
 * because all of them are in the digest: they are never written to a disk.
 *
 * @throws the error that `refuse` makes
 */
export function checkFidiusPaths(paths: Iterable<string>, refuse: Refuse): void {
  const known = new Set<string>();
  for (const path of paths) {
    const problem = problemOf(path);
    if (problem !== undefined) throw refuse(`the path ${quotedText(path)} ${problem}`);
    known.add(path);
  }
  for (const path of known) {
    for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
      if (known.has(path.slice(0, slash))) throw refuse(`${quotedText(path.slice(0, slash))} is a file and a directory`);
    }
  }
}

function problemOf(path: string): string | undefined {
  if (path === "" || path.length > 1_024) return "is empty or longer than 1024 characters";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) return "is absolute";
  if (/[\\\0]/.test(path)) return "has a backslash or a NUL, which lead elsewhere on some systems";
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) return 'has an empty part, "." or "..", which leads elsewhere';
  return undefined;
}

/** Whether fidius's digest covers the file: nothing below a directory named `target` or `.git`, and no file that ends in `.sig`. */
export function isInDigest(path: string): boolean {
  const parts = path.split("/");
  const name = parts.pop() ?? "";
  return !name.endsWith(".sig") && !parts.some((part) => part === "target" || part === ".git");
}
