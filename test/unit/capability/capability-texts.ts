import * as fc from "fast-check";
import { type Capability, parseCapability } from "../../../src/capability/capability.js";
import { permitsRequest } from "../../../src/capability/http-match.js";
import { pathIncludes } from "../../../src/capability/path-match.js";
import { permitsArguments } from "../../../src/capability/text-pattern.js";

/** Parses texts that are known to be right. */
export function capabilities(...texts: readonly string[]): Capability[] {
  return texts.map((text) => parseCapability(text));
}

/** One capability of a kind, from a text that is known to be right. */
export function capability<Kind extends Capability["kind"]>(kind: Kind, text: string): Extract<Capability, { kind: Kind }> {
  const parsed = parseCapability(text);
  if (!isKind(parsed, kind)) throw new Error(`${text} is not of the kind ${kind}`);
  return parsed;
}

function isKind<Kind extends Capability["kind"]>(parsed: Capability, kind: Kind): parsed is Extract<Capability, { kind: Kind }> {
  return parsed.kind === kind;
}

// Few values of each part, so that random capabilities often overlap, and always some that only look alike.
const METHODS = ["GET", "POST", "PUT"];
const HOSTS = ["example.com", "api.example.com", "*.example.com", "*.api.example.com", "v.api.example.com", "evil-example.com", "example.com.evil.test", "127.0.0.1", "[::1]"];
const PREFIXES = ["", "/", "/v1", "/v1/", "/v1/a", "/v1/a/", "/v1evil", "/v2", "/v", "/V1"];
const FOLDERS = ["/", "/a", "/a/b", "/a/b/c", "/ab", "/A", "/b", "/a b"];
const FUNCTIONS = ["read", "list", "[method]note.read", "[constructor]note"];
const PARAMETERS = ["path", "to", "constructor"];
const PATTERNS = ["/notes/*", "/notes/a*", "/notes/a", "/notes*", "/notes", "/notes/../secret", "/*", "/n*", "x", "%2Fnotes%2F*"];

const origin = fc.tuple(fc.constantFrom("https", "http"), fc.constantFrom(...HOSTS), fc.constantFrom("", ":443", ":80", ":8443")).map(([scheme, host, port]) => `${scheme}://${host}${port}`);
const patterns = fc.uniqueArray(fc.tuple(fc.constantFrom(...PARAMETERS), fc.constantFrom(...PATTERNS)), { maxLength: 3, selector: ([parameter]) => parameter });

/** Texts of well-formed capabilities, canonical or not. */
export const capabilityText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("clocks", "random", "stdout", "stderr", "log", "args", "stdin", "config"),
  fc.constantFrom("LANG", "lang", "PATH", "constructor", "__proto__").map((name) => `env:${name}`),
  fc.tuple(fc.constantFrom("ro", "rw"), fc.constantFrom(...FOLDERS)).map(([access, path]) => `fs:${access}:${path}`),
  fc.tuple(fc.shuffledSubarray(METHODS, { minLength: 1 }), origin, fc.constantFrom(...PREFIXES)).map(([methods, at, prefix]) => `http:${methods.join(",")}:${at}${prefix}`),
  fc.constantFrom("keyvalue", "keyvalue:1", "keyvalue:1000", "keyvalue:1001", "keyvalue:9007199254740991"),
  fc.tuple(fc.constantFrom("KEY", "key", "constructor"), fc.constantFrom("https://example.com", "https://api.example.com:443", "https://api.example.com:8443", "http://localhost")).map(([name, at]) => `secret:${name}:${at}`),
  fc.tuple(fc.constantFrom("acme:notes/store@1.0.0", "acme:notes/store"), fc.option(fc.shuffledSubarray(FUNCTIONS, { minLength: 1 })), patterns).map(
    ([name, functions, constraints]) =>
      `host:${name}${functions === null ? "" : `#${functions.join(",")}`}${constraints.length === 0 ? "" : `?${constraints.map((pair) => pair.join("=")).join("&")}`}`,
  ),
);

/** Lists as an app or a manifest may have them. */
export const capabilityList: fc.Arbitrary<Capability[]> = fc.array(capabilityText, { maxLength: 6 }).map((texts) => capabilities(...texts));

/** One concrete thing that a plugin does. */
export type Action =
  | { readonly kind: "http"; readonly url: string; readonly method: string }
  | { readonly kind: "fs"; readonly path: string; readonly access: "ro" | "rw" }
  | { readonly kind: "env" | "simple"; readonly name: string }
  | { readonly kind: "keyvalue"; readonly totalBytes: number }
  | { readonly kind: "secret"; readonly name: string; readonly origin: string }
  | { readonly kind: "host"; readonly interfaceName: string; readonly functionName: string; readonly named: ReadonlyMap<string, unknown> };

const REQUEST_HOSTS = ["example.com", "api.example.com", "v.api.example.com", "x.y.example.com", "evil-example.com", "example.com.evil.test", "api.example.com.", "0x7f.1", "127.0.0.1", "[0:0::1]", "example.com@evil.test", ".example.com"];
const REQUEST_PATHS = ["", "/", "/v1", "/v1/", "/v1/x", "/v1/a", "/v1/a/b", "/v1evil", "/v1/../v2", "/v1/%2e%2e/v2", "/v1/%2e%2e%2fv2", "/v1/..;/v2", "/v1%2fa", "/v1/\\..\\v2", "/v2", "/V1/x", "/v1/x?a=/v2#/v2", "/v1/%c0%ae"];
const ARGUMENTS: readonly unknown[] = ["/notes/a", "/notes/b/c", "/notes", "/notes-secret", "/notes/../secret", "/notes/%2e%2e/secret", "x", "", "/notes/\0", 7, undefined, ["/notes/a"], { toString: () => "/notes/a" }];

const httpAction = fc.tuple(fc.constantFrom("https", "http"), fc.constantFrom(...REQUEST_HOSTS), fc.constantFrom("", ":443", ":80", ":8443"), fc.constantFrom(...REQUEST_PATHS), fc.constantFrom("GET", "POST", "PUT", "get", "DELETE"))
  .map(([scheme, host, port, path, method]): Action => ({ kind: "http", url: `${scheme}://${host}${port}${path}`, method }));

export const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: httpAction },
  fc.record({ kind: fc.constant("fs"), path: fc.constantFrom(...FOLDERS, "/a/b/c/d", "/a/../b", "/a/", "a"), access: fc.constantFrom("ro", "rw") }),
  fc.record({ kind: fc.constant("env"), name: fc.constantFrom("LANG", "lang", "PATH", "__proto__", "constructor", "") }),
  fc.record({ kind: fc.constant("simple"), name: fc.constantFrom("clocks", "log", "stdin", "config") }),
  fc.record({ kind: fc.constant("keyvalue"), totalBytes: fc.constantFrom(0, 1, 1000, 1001, 1002, 1_000_000) }),
  fc.record({ kind: fc.constant("secret"), name: fc.constantFrom("KEY", "key"), origin: fc.constantFrom("https://api.example.com", "https://example.com", "https://api.example.com:8443") }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("host"),
      interfaceName: fc.constantFrom("acme:notes/store@1.0.0", "acme:notes/store"),
      functionName: fc.constantFrom(...FUNCTIONS, "delete-all"),
      named: fc.uniqueArray(fc.tuple(fc.constantFrom(...PARAMETERS), fc.constantFrom(...ARGUMENTS)), { selector: ([parameter]) => parameter }).map((pairs) => new Map(pairs)),
    }),
  },
);

// What an app allows every plugin, where the capability has no quota of its own.
const APP_QUOTA = 1_000_000;

/** What a list of grants means: an action is permitted if one of them permits it. */
export function permitted(granted: readonly Capability[], done: Action): boolean {
  return granted.some((one) => permits(one, done));
}

function permits(granted: Capability, done: Action): boolean {
  switch (granted.kind) {
    case "http":
      return done.kind === "http" && URL.canParse(done.url) && permitsRequest(granted, new URL(done.url), done.method);
    case "fs":
      return done.kind === "fs" && pathIncludes(granted.path, done.path) && (granted.access === "rw" || done.access === "ro");
    case "env":
      return done.kind === "env" && granted.name === done.name;
    case "keyvalue":
      return done.kind === "keyvalue" && done.totalBytes <= Math.min(granted.quotaBytes ?? APP_QUOTA, APP_QUOTA);
    case "secret":
      return done.kind === "secret" && granted.name === done.name && new URL(done.origin).origin === new URL(`${granted.scheme}://${granted.host}:${granted.port}`).origin;
    case "host":
      return done.kind === "host" && granted.interfaceName === done.interfaceName && permitsArguments(granted, done.functionName, done.named);
    default:
      return done.kind === "simple" && granted.kind === done.name;
  }
}
