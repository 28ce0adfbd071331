import type { IncomingMessage } from "node:http";
import { fromBase64 } from "../../bytes/base64.js";
import { fromUtf8 } from "../../bytes/utf8.js";
import { PluginError } from "../../errors/plugin-error.js";
import { BRIDGE_PROTOCOL, TOKEN_PROTOCOL_PREFIX } from "../../runtime/bridge/frame-types.js";
import type { Refusal } from "./bridge-metrics.js";

/** Who may ask for a connection, before any token is looked at. */
export interface UpgradeRules {
  /** Exact origins of pages. */
  readonly origins: ReadonlySet<string>;
  /** Whether a request without an origin is let in: programs send none, and browsers always do. */
  readonly allowsMissingOrigin: boolean;
  /** Names under which the bridge may be asked for, in lower case, with the port where it is not the scheme's own; `undefined` for this machine's. */
  readonly hosts: ReadonlySet<string> | undefined;
}

/** Why a request is answered with a refusal, in words for whoever set it up. */
export interface RefusedRequest {
  readonly refusal: Refusal;
  readonly message: string;
}

/**
 * The rules, checked.
 *
 * @throws {PluginError} `usage-invalid` for an origin that no page could have.
 */
export function upgradeRules(options: { readonly origins: readonly string[]; readonly allowsMissingOrigin: boolean; readonly hosts: readonly string[] | undefined }): UpgradeRules {
  for (const origin of options.origins) {
    // `null` is the origin of every sandboxed frame and every file: it names nobody.
    if (URL.canParse(origin) && new URL(origin).origin === origin && origin !== "null") continue;
    throw new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot allow the origin ${JSON.stringify(origin)}: it is none that a page can have. Write it like https://app.example.com, without a path` });
  }
  return { origins: new Set(options.origins), allowsMissingOrigin: options.allowsMissingOrigin, hosts: options.hosts && new Set(options.hosts.map((host) => host.toLowerCase())) };
}

/**
 * Checks the name under which the bridge was asked for. A page of an attacker, whose own name leads to this machine's address by
 * now (DNS rebinding), has that name here.
 */
export function checkHost(request: IncomingMessage, { hosts }: UpgradeRules): RefusedRequest | undefined {
  const host = only(request, "host")?.toLowerCase();
  if (host !== undefined && (hosts ?? localHosts(request)).has(host)) return undefined;
  return { refusal: "host", message: `The bridge does not answer under the name ${JSON.stringify(host ?? "")}. Allow it with --allow-host, or the option hosts` };
}

export function checkOrigin(request: IncomingMessage, { origins, allowsMissingOrigin }: UpgradeRules): RefusedRequest | undefined {
  const origin = only(request, "origin");
  const isMissing = origin === undefined && !Object.hasOwn(request.headers, "origin");
  if (isMissing ? allowsMissingOrigin : origin !== undefined && origins.has(origin)) return undefined;
  const found = isMissing ? "Requests without an origin are" : `The origin ${JSON.stringify(origin ?? "")} is`;
  return { refusal: "origin", message: `${found} not allowed here. Allow the page with --allow-origin, or the option origins` };
}

/** The token that was presented, beside the protocol that a client must speak. */
export function presentedToken(request: IncomingMessage): { readonly token: string } | RefusedRequest {
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (!offered.includes(BRIDGE_PROTOCOL)) return { refusal: "protocol", message: `The subprotocol ${BRIDGE_PROTOCOL} must be offered` };
  const [encoded, ...more] = offered.flatMap((name) => (name.startsWith(TOKEN_PROTOCOL_PREFIX) ? [name.slice(TOKEN_PROTOCOL_PREFIX.length)] : []));
  const token = encoded === undefined || more.length > 0 ? undefined : decodeToken(encoded);
  return token === undefined ? { refusal: "token", message: `One token must be offered, as the subprotocol ${TOKEN_PROTOCOL_PREFIX}<base64url>` } : { token };
}

function decodeToken(encoded: string): string | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) return undefined;
  const bytes = fromBase64(encoded.replaceAll("-", "+").replaceAll("_", "/").padEnd(Math.ceil(encoded.length / 4) * 4, "="));
  return bytes === undefined ? undefined : fromUtf8(bytes);
}

/** A header that is there exactly once. Of two, this side and a proxy before it could each believe another. */
function only({ rawHeaders, headers }: IncomingMessage, name: "host" | "origin"): string | undefined {
  const times = rawHeaders.filter((header, index) => index % 2 === 0 && header.toLowerCase() === name).length;
  return times === 1 ? headers[name] : undefined;
}

/** This machine's own names, at the port at which the request came in. */
function localHosts({ socket }: IncomingMessage): ReadonlySet<string> {
  const port = socket.localPort ?? 0;
  return new Set(["localhost", "127.0.0.1", "[::1]"].flatMap((name) => (port === 80 || port === 443 ? [name, `${name}:${port}`] : [`${name}:${port}`])));
}
