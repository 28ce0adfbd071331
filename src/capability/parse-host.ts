import { isSemanticVersion } from "../package/plugin-identity.js";
import type { HostCapability } from "./capability-types.js";
import type { Refuse } from "./parse-web.js";
import { mightEscapePrefix } from "./path-escape.js";

// Labels of the component model (Explainer.md, "Import and Export Definitions"). No text can be matched in two
// ways: alternatives that both take digits would double the time with every word.
const LABEL = String.raw`(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:-(?=[A-Za-z0-9])[0-9]*(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)?)*`;
const LOWER_LABEL = String.raw`[a-z][a-z0-9]*(?:-[a-z0-9]+)*`;
const INTERFACE = new RegExp(`^${LOWER_LABEL}:${LOWER_LABEL}/${LABEL}(?:@(.+))?$`);
const FUNCTION = new RegExp(String.raw`^(?:(?:\[constructor\])?${LABEL}|\[(?:method|static)\]${LABEL}\.${LABEL})$`);
const PARAMETER = new RegExp(`^${LABEL}$`);

// Granting these as an app's own would go around the capability that the person is asked for.
const STANDARD = /^wasi:(?:io|clocks|random|cli|filesystem|sockets|http|logging|config|keyvalue|blobstore)\//;

/** Reads `ns:pkg/interface@1.2.3[#function,function][?parameter=pattern&…]`. */
export function parseHost(payload: string, refuse: Refuse): HostCapability {
  const [, interfaceName, functions, patterns] = /^([^#?]*)(?:#([^#?]*))?(?:\?([^#?]*))?$/.exec(payload) ?? [];
  const version = interfaceName === undefined ? null : INTERFACE.exec(interfaceName);
  if (interfaceName === undefined || version === null) throw refuse("names no interface, or has a # or ? too many: it is one full name, then #functions, then ?patterns");
  if (version[1] !== undefined && !isSemanticVersion(version[1])) throw refuse("has a version that is not a semantic version");
  if (STANDARD.test(interfaceName)) throw refuse(`is for ${interfaceName}, which is not the app's own: other capabilities stand for it`);
  return {
    kind: "host",
    interfaceName,
    functions: functions === undefined ? undefined : parseFunctions(functions, refuse),
    patterns: patterns === undefined ? new Map() : parsePatterns(patterns, refuse),
  };
}

function parseFunctions(list: string, refuse: Refuse): readonly string[] {
  const functions = list.split(",").sort();
  for (const [index, name] of functions.entries()) {
    if (!FUNCTION.test(name)) throw refuse("has something else than names of functions after #: leave # out for all functions");
    if (name === functions[index - 1]) throw refuse(`names the function ${name} twice`);
  }
  return functions;
}

function parsePatterns(list: string, refuse: Refuse): ReadonlyMap<string, string> {
  const patterns = new Map<string, string>();
  for (const item of list.split("&")) {
    const [, parameter, written] = /^([^=]*)=([^=]+)$/.exec(item) ?? [];
    if (parameter === undefined || written === undefined || !PARAMETER.test(parameter)) throw refuse("has something else than parameter=pattern after ?");
    if (patterns.has(parameter)) throw refuse(`constrains ${parameter} twice`);
    patterns.set(parameter, parsePattern(written, refuse));
  }
  return new Map([...patterns].sort(([left], [right]) => (left < right ? -1 : 1)));
}

// What may stand in a pattern as it is; everything else is percent-encoded UTF-8.
const NOT_PLAIN = /[^A-Za-z0-9\-._~!$'()+,;:@/]/gu;
const WRITTEN = /^(?:[A-Za-z0-9\-._~!$'()+,;:@/]|%[0-9A-Fa-f]{2})*$/;
// Control and format characters are invisible, or turn the text around them.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/u;

function parsePattern(written: string, refuse: Refuse): string {
  const isPrefix = written.endsWith("*");
  const body = isPrefix ? written.slice(0, -1) : written;
  if (isPrefix && body === "") throw refuse("has the pattern *, which constrains nothing: leave the parameter out");
  if (!WRITTEN.test(body)) throw refuse("has a pattern with a * elsewhere than at its end, or with a character that must be percent-encoded");
  const text = decoded(body);
  if (text === undefined || INVISIBLE.test(text)) throw refuse("has a pattern with percent-encodings of no visible text");
  if (text.includes("*")) throw refuse("has a pattern with an encoded *, which nothing can match");
  if (isPrefix && mightEscapePrefix(text)) throw refuse("has a pattern that begins with a path that leads elsewhere, by dots, backslashes or encodings");
  return isPrefix ? `${text}*` : text;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** A pattern as a capability's text has it. */
export function printPattern(pattern: string): string {
  const isPrefix = pattern.endsWith("*");
  const text = isPrefix ? pattern.slice(0, -1) : pattern;
  return text.replace(NOT_PLAIN, (character) => encodeURIComponent(character)) + (isPrefix ? "*" : "");
}
