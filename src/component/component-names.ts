// The grammar of names: design/mvp/Explainer.md, "Import and Export Definitions".
// Digits come first in their own alternative, so that no text matches in two ways and matching stays linear.
const WORD = "(?:[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)";
const LABEL = `${WORD}(?:-(?:${WORD}|[0-9]+${WORD}?))*`;
const WORDS = "[a-z][0-9a-z]*(?:-[0-9a-z]+)*";
// Semantic Versioning 2.0.0.
const NUMBER = "(?:0|[1-9][0-9]*)";
const VERSION = `${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?`;

const LABEL_PATTERN = new RegExp(`^${LABEL}$`);
const INTERFACE_PATTERN = new RegExp(`^(${WORDS}(?::${WORDS})+(?:/${LABEL})+)(?:@(${VERSION}))?$`);
const FUNCTION_PATTERN = new RegExp(`^(?:\\[async\\])?(${LABEL})$|^\\[constructor\\](${LABEL})$|^\\[(?:async )?(method|static)\\](${LABEL})\\.(${LABEL})$`);

/** The longest name that is accepted, in characters. */
export const NAME_LENGTH_LIMIT = 1_024;

/** Whether `name` is a kebab-case name, such as `blur-radius`. */
export function isLabel(name: string): boolean {
  return name.length <= NAME_LENGTH_LIMIT && LABEL_PATTERN.test(name);
}

/** Whether `name` may name an interface: a full name with or without version, or a plain kebab name. */
export function isInterfaceName(name: string): boolean {
  return name.length <= NAME_LENGTH_LIMIT && (LABEL_PATTERN.test(name) || INTERFACE_PATTERN.test(name));
}

/** `wasi:io/poll@0.2.12` without its version, and the version, if it has one. */
export function splitInterfaceName(name: string): { readonly base: string; readonly version: string | null } {
  const match = INTERFACE_PATTERN.exec(name);
  return { base: match?.[1] ?? name, version: match?.[2] ?? null };
}

/** What a component-level function name says. */
export type FunctionRole =
  | { readonly kind: "function"; readonly name: string }
  | { readonly kind: "constructor"; readonly resource: string }
  | { readonly kind: "method" | "static"; readonly resource: string; readonly name: string };

/** Takes a component-level function name apart, such as `[method]blob.read`; `null` if it is none. */
export function parseFunctionName(name: string): FunctionRole | null {
  const match = name.length <= NAME_LENGTH_LIMIT ? FUNCTION_PATTERN.exec(name) : null;
  if (match === null) return null;
  const [, plain, constructed, role, resource, member] = match;
  if (plain !== undefined) return { kind: "function", name: plain };
  if (constructed !== undefined) return { kind: "constructor", resource: constructed };
  if (resource === undefined || member === undefined) return null;
  return { kind: role === "method" ? "method" : "static", resource, name: member };
}
