import type { PluginError } from "../errors/plugin-error.js";
import type { HttpCapability, SecretCapability, WebScheme } from "./capability-types.js";
import { defaultPort } from "./http-match.js";
import { mightEscapePrefix } from "./path-escape.js";

/** Makes the error for one capability text out of what is wrong with it. */
export type Refuse = (problem: string) => PluginError;

interface WebAddress {
  readonly scheme: WebScheme;
  readonly host: string;
  readonly port: number;
  /** As written; empty if nothing was. */
  readonly path: string;
}

/** Reads `GET,POST:https://host[:port][/prefix]`. */
export function parseHttp(payload: string, refuse: Refuse): HttpCapability {
  const [, list, address] = /^([^:]*):(.+)$/.exec(payload) ?? [];
  if (list === undefined || address === undefined) throw refuse("names no methods, or no address after them");
  const methods = parseMethods(list, refuse);
  const { path, ...origin } = parseAddress(address, refuse);
  return { kind: "http", methods, ...origin, pathPrefix: parsePathPrefix(path, refuse) };
}

/** Reads `NAME:https://host[:port]`. */
export function parseSecret(payload: string, refuse: Refuse): SecretCapability {
  const [, name, address] = /^([^:]*):(.+)$/.exec(payload) ?? [];
  if (name === undefined || address === undefined) throw refuse("names no secret, or no origin that it may be sent to");
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(name)) throw refuse("has a name that is not 1 to 128 letters, digits, _, . or -");
  const { path, scheme, host, port } = parseAddress(address, refuse);
  if (path !== "") throw refuse("has a path: a secret is for a whole origin, without even a / at its end");
  if (host.startsWith("*.")) throw refuse("is for every host under a domain: a secret is sent to one host");
  if (scheme === "http" && !LOOPBACK.has(host)) throw refuse("would send the secret over http, where the network can read it");
  return { kind: "secret", name, scheme, host, port };
}

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

// What `fetch` never sends (Fetch Standard, forbidden methods): a grant of them would promise nothing.
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

function parseMethods(list: string, refuse: Refuse): readonly string[] {
  const methods = list.split(",").sort();
  for (const [index, method] of methods.entries()) {
    if (method === "*") throw refuse("asks for every method: name each one, such as GET,POST");
    if (!/^[A-Z][A-Z-]{0,31}$/.test(method)) throw refuse("does not begin with methods in capital letters, such as GET,POST");
    if (FORBIDDEN_METHODS.has(method)) throw refuse(`asks for ${method}, which no browser sends`);
    if (method === methods[index - 1]) throw refuse(`names ${method} twice`);
  }
  return methods;
}

const ADDRESS = /^(https?):\/\/([^/?#@:[\]]+|\[[^/?#@[\]]+\])(?::([^/?#]*))?(\/.*)?$/;

function parseAddress(address: string, refuse: Refuse): WebAddress {
  const [, scheme, host, port, path = ""] = ADDRESS.exec(address) ?? [];
  if ((scheme !== "http" && scheme !== "https") || host === undefined) {
    throw refuse("has no address of the form https://host or http://host, with a port and a path at most");
  }
  checkHost(scheme, host, refuse);
  return { scheme, host, port: parsePort(scheme, port, refuse), path };
}

function parsePort(scheme: WebScheme, text: string | undefined, refuse: Refuse): number {
  const port = text === undefined ? defaultPort(scheme) : /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : undefined;
  if (port === undefined || port > 65_535) throw refuse("has a port that is not a number from 1 to 65535");
  return port;
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

function checkHost(scheme: WebScheme, host: string, refuse: Refuse): void {
  const domain = host.startsWith("*.") ? host.slice(2) : undefined;
  if (host.replace(/^\*\./, "").includes("*")) throw refuse("has a * elsewhere than alone before a domain, as in *.example.com");
  if (domain !== undefined && domain.split(".").length < 2) throw refuse("stands for every host under a domain of fewer than two labels");
  // The URL parser is the judge of what a host is: a text that it would change (case, other forms of an IP
  // address, letters that are not ASCII) looks like something else than what requests are compared with.
  const example = domain === undefined ? host : `a.${domain}`;
  const canonical = canonicalHost(scheme, example);
  if (canonical === undefined) throw refuse("has a host that no URL can have");
  if (canonical !== example) throw refuse(domain === undefined ? `has a host that URLs write as ${canonical}` : "has a domain that URLs write differently");
  if (host.startsWith("[")) return;
  if (host.length > 253 || !example.split(".").every((label) => LABEL.test(label))) {
    throw refuse("has a host that is not labels of lower-case letters, digits and - with a . between them");
  }
}

function canonicalHost(scheme: WebScheme, host: string): string | undefined {
  try {
    return new URL(`${scheme}://${host}/`).hostname;
  } catch {
    return undefined;
  }
}

// Without percent-encodings, so that a prefix has one form only.
const PATH_PREFIX = /^\/[A-Za-z0-9._~!$'()+,;=:@/-]*$/;

function parsePathPrefix(path: string, refuse: Refuse): string {
  if (path === "") return "/";
  if (path.includes("*")) throw refuse("has a * in its path: a path stands for all paths below it");
  if (!PATH_PREFIX.test(path)) throw refuse("has a path with a query, a fragment, a percent-encoding or another character that a prefix cannot have");
  if (path.includes("//") || mightEscapePrefix(path)) throw refuse("has a path with an empty segment, or one of dots");
  return path;
}
