import { PluginError } from "../errors/plugin-error.js";
import { quotedText } from "./quoted-text.js";

/** The manifest's own place in a package. */
export const MANIFEST_PATH = "manifest.json";
/** Where a package keeps the signatures over its manifest. */
export const SIGNATURE_PATH = "manifest.sig";

const MAXIMUM_LENGTH = 255;
// Names that Windows opens as devices in every directory, whatever follows their first dot.
const DEVICE_NAME = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/i;

/**
 * Tells why `text` is no safe path inside a package, or gives `undefined` if it is one: relative,
 * `/` between parts of ASCII letters, digits, `.`, `_`, `+` and `-`, at most 255 characters, and
 * meaning the same file on every file system and in every URL. ASCII only, because two Unicode
 * spellings of one name are one file on some systems and two on others.
 */
export function checkPackagePath(text: string): string | undefined {
  if (text === "") return "it is empty";
  if (text.length > MAXIMUM_LENGTH) return `it is longer than ${MAXIMUM_LENGTH} characters`;
  if (text.startsWith("/")) return "it is absolute";
  for (const part of text.split("/")) {
    const problem = checkPart(part);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkPart(part: string): string | undefined {
  if (part === "") return "it has an empty part";
  if (part === "." || part === "..") return `it has the part "${part}", which leads elsewhere`;
  if (!/^[A-Za-z0-9._+-]+$/.test(part)) {
    return "only ASCII letters, digits, '.', '_', '+' and '-' may stand between its slashes";
  }
  if (part.endsWith(".")) return "a part ends in a dot, which Windows drops";
  const stem = part.split(".", 1)[0] ?? "";
  if (DEVICE_NAME.test(stem)) return `"${part}" is a device on Windows`;
  return undefined;
}

/**
 * Refuses what {@link checkPackagePath} finds unsafe.
 *
 * @throws {PluginError} `package-invalid`
 */
export function assertPackagePath(text: string): void {
  const problem = checkPackagePath(text);
  if (problem === undefined) return;
  throw new PluginError({
    code: "package-invalid",
    stage: "verify",
    message: `Cannot accept the package path ${quotedText(text)}: ${problem}`,
  });
}

/**
 * Tells why `paths` cannot all be files of one package, or gives `undefined` if they can: each is
 * safe, no two are equal when case is ignored, and none is also a directory of another.
 */
export function checkPackagePaths(paths: Iterable<string>): string | undefined {
  const known = new Map<string, string>();
  for (const path of paths) {
    const problem = checkPackagePath(path);
    if (problem !== undefined) return `the path ${quotedText(path)} is not allowed: ${problem}`;
    const folded = path.toLowerCase();
    const other = known.get(folded);
    if (other !== undefined) return `"${path}" and "${other}" are one file where case is ignored`;
    known.set(folded, path);
  }
  return checkDirectories(known);
}

function checkDirectories(known: ReadonlyMap<string, string>): string | undefined {
  for (const [folded, path] of known) {
    for (let slash = folded.indexOf("/"); slash !== -1; slash = folded.indexOf("/", slash + 1)) {
      const file = known.get(folded.slice(0, slash));
      if (file !== undefined) return `"${file}" is a file and, in "${path}", a directory`;
    }
  }
  return undefined;
}
