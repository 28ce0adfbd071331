import { quotedText } from "../bytes/quoted-text.js";
import type { PluginErrorCode, PluginStage } from "../errors/error-codes.js";
import { PluginError } from "../errors/plugin-error.js";
import { CAPABILITY_KINDS, type Capability, type CapabilityKind, SIMPLE_KINDS } from "./capability-types.js";
import { defaultPort } from "./http-match.js";
import { parseHost, printPattern } from "./parse-host.js";
import { parseHttp, parseSecret, type Refuse } from "./parse-web.js";
import { isGuestPath } from "./path-match.js";
import { mightEscapePrefix } from "./path-escape.js";

export { CAPABILITY_KINDS } from "./capability-types.js";
export type {
  Capability,
  CapabilityKind,
  EnvCapability,
  FsCapability,
  HostCapability,
  HttpCapability,
  KeyValueCapability,
  SecretCapability,
  SimpleCapability,
} from "./capability-types.js";

/** For whom a text is read, for the error that says what is wrong with it. */
export interface CapabilityContext {
  readonly pluginId?: string;
  /** @defaultValue `"admit"` */
  readonly stage?: PluginStage;
  /** What cannot be done. @defaultValue `Cannot load <pluginId>`, or `Cannot read a capability` */
  readonly doing?: string;
}

const KINDS: ReadonlySet<string> = new Set(CAPABILITY_KINDS);

/** Tells whether `text` is the name of a kind, which for some kinds is not yet a capability. */
export function isCapabilityKind(text: string): text is CapabilityKind {
  return KINDS.has(text);
}

// More than a manifest may have in one, so that an intersection of two can be read again.
const MAXIMUM_LENGTH = 8192;

/**
 * Reads a capability's text exactly: no trimming, no case folding, no look-alikes. What one kind grants must
 * be said in full, since there is no text for "all of them".
 *
 * @throws {PluginError} `capability-unknown` for a kind that this version cannot enforce: a request is
 *   never ignored, because what it meant to restrict would be lost. `capability-invalid` for a text that is
 *   malformed or too wide, with an example of a right one.
 * @example
 * ```ts
 * const capability = parseCapability("http:GET:https://api.example.com/v1/");
 * ```
 */
export function parseCapability(text: string, context: CapabilityContext = {}): Capability {
  const colon = text.indexOf(":");
  const kind = colon === -1 ? text : text.slice(0, colon);
  const form = FORMS.get(kind);
  if (form === undefined) throw failure("capability-unknown", unknownKind(kind, text), context);
  const refuse: Refuse = (problem) =>
    failure("capability-invalid", `the capability ${quotedText(text)} ${problem}. Write it like ${form.example}`, context);
  if (text.length > MAXIMUM_LENGTH) throw refuse(`is longer than ${MAXIMUM_LENGTH} characters`);
  if (!/^[\x20-\x7e]*$/.test(text)) throw refuse("has characters that are not printable ASCII, which can look like others");
  return form.parse(colon === -1 ? undefined : text.slice(colon + 1), refuse);
}

/**
 * The canonical text: the same for all texts of one capability, and read again as the same capability.
 * Lists are sorted, defaults are left out.
 */
export function printCapability(capability: Capability): string {
  switch (capability.kind) {
    case "env":
      return `env:${capability.name}`;
    case "fs":
      return `fs:${capability.access}:${capability.path}`;
    case "http": {
      const { methods, pathPrefix } = capability;
      return `http:${methods.join(",")}:${printOrigin(capability)}${pathPrefix === "/" ? "" : pathPrefix}`;
    }
    case "keyvalue":
      return capability.quotaBytes === undefined ? "keyvalue" : `keyvalue:${capability.quotaBytes}`;
    case "secret":
      return `secret:${capability.name}:${printOrigin(capability)}`;
    case "host": {
      const { interfaceName, functions, patterns } = capability;
      const constraints = [...patterns].map(([parameter, pattern]) => `${parameter}=${printPattern(pattern)}`);
      return `host:${interfaceName}${functions === undefined ? "" : `#${functions.join(",")}`}${constraints.length === 0 ? "" : `?${constraints.join("&")}`}`;
    }
    default:
      return capability.kind;
  }
}

/** `https://host`, with the port where it is not the scheme's own. */
export function printOrigin({ scheme, host, port }: { readonly scheme: string; readonly host: string; readonly port: number }): string {
  return `${scheme}://${host}${port === defaultPort(scheme) ? "" : `:${port}`}`;
}

interface CapabilityForm {
  readonly example: string;
  /** `payload` is what follows the first colon, `undefined` without one. */
  readonly parse: (payload: string | undefined, refuse: Refuse) => Capability;
}

const FORMS: ReadonlyMap<string, CapabilityForm> = new Map<CapabilityKind, CapabilityForm>([
  ...SIMPLE_KINDS.map((kind): [CapabilityKind, CapabilityForm] => [kind, { example: kind, parse: (payload, refuse) => parseSimple(kind, payload, refuse) }]),
  ["env", { example: "env:LANG", parse: (payload = "", refuse) => parseEnv(payload, refuse) }],
  ["fs", { example: "fs:ro:/data or fs:rw:/data", parse: (payload = "", refuse) => parseFs(payload, refuse) }],
  ["http", { example: "http:GET,POST:https://api.example.com/v1/", parse: (payload = "", refuse) => parseHttp(payload, refuse) }],
  ["keyvalue", { example: "keyvalue or keyvalue:1048576 (bytes)", parse: parseKeyValue }],
  ["secret", { example: "secret:API_KEY:https://api.example.com", parse: (payload = "", refuse) => parseSecret(payload, refuse) }],
  ["host", { example: "host:acme:notes/store@1.0.0#read,list?path=/notes/*", parse: (payload = "", refuse) => parseHost(payload, refuse) }],
]);

function parseSimple(kind: (typeof SIMPLE_KINDS)[number], payload: string | undefined, refuse: Refuse): Capability {
  if (payload !== undefined) throw refuse("has something after its name, which this kind cannot be narrowed by");
  return { kind };
}

function parseEnv(name: string, refuse: Refuse): Capability {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(name)) throw refuse("does not name one variable, of letters, digits and _");
  return { kind: "env", name };
}

// In one or another system's file names these are no names but patterns, streams or drives.
const FILE_SYSTEM_SYNTAX = /[*?:"<>|]/;

function parseFs(payload: string, refuse: Refuse): Capability {
  const [, access, path] = /^(ro|rw):(.*)$/.exec(payload) ?? [];
  if ((access !== "ro" && access !== "rw") || path === undefined) throw refuse("does not say ro or rw, and then an absolute path");
  if (!isGuestPath(path)) throw refuse("has no absolute path of plain segments: no . or .. or empty ones, no backslash, no / at the end");
  if (FILE_SYSTEM_SYNTAX.test(path)) throw refuse("has one of * ? : \" < > | in its path: a folder stands for all that is in it");
  if (mightEscapePrefix(path) || / (?:\/|$)|\/ /.test(path)) throw refuse("has a path with an encoded dot or slash, or a blank at an end of a segment");
  return { kind: "fs", access, path };
}

function parseKeyValue(payload: string | undefined, refuse: Refuse): Capability {
  if (payload === undefined) return { kind: "keyvalue", quotaBytes: undefined };
  const quotaBytes = /^[1-9][0-9]{0,15}$/.test(payload) ? Number(payload) : Number.NaN;
  if (!Number.isSafeInteger(quotaBytes)) throw refuse("has a quota that is not a whole number of bytes from 1");
  return { kind: "keyvalue", quotaBytes };
}

// Names that others have for something here, or that the browser cannot offer.
const HINTS: ReadonlyMap<string, string> = new Map([
  ...["sockets", "network", "tcp", "udp"].map((kind): [string, string] => [kind, "A browser has no sockets; requests are http:GET:https://api.example.com"]),
  ["filesystem", "Files are fs:ro:/data or fs:rw:/data"],
  ["secrets", "A secret is secret:API_KEY:https://api.example.com"],
]);

function unknownKind(kind: string, text: string): string {
  const hint = HINTS.get(kind) ?? "Remove the request from package.toml, or use a host that offers it";
  return `the capability ${quotedText(text)} is of none of the kinds that this version can grant, which are ${CAPABILITY_KINDS.join(", ")}. ${hint}`;
}

function failure(code: PluginErrorCode, problem: string, { pluginId, stage = "admit", doing }: CapabilityContext): PluginError {
  const attempt = doing ?? (pluginId === undefined ? "Cannot read a capability" : `Cannot load ${pluginId}`);
  return new PluginError({ code, stage, pluginId, message: `${attempt}: ${problem}` });
}
