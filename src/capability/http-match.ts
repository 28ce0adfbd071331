import type { HttpCapability } from "./capability-types.js";
import { mightEscapePrefix } from "./path-escape.js";

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([["http", 80], ["https", 443]]);

/** The port that `scheme` stands for, without which a URL is the same. */
export function defaultPort(scheme: string): number | undefined {
  return DEFAULT_PORTS.get(scheme);
}

/**
 * Tells whether a request is granted. Everything is compared on the parsed URL, whose host the URL
 * Standard has already brought into one form: `0x7f.1` is `127.0.0.1`, Cyrillic letters are `xn--…`.
 * The query is free, the fragment is never sent.
 *
 * @param method - as it will be sent, in that case: HTTP's methods differ by case
 * @example
 * ```ts
 * const granted = parseCapability("http:GET:https://api.example.com/v1/");
 * if (granted.kind === "http") permitsRequest(granted, new URL("https://api.example.com/v1/notes"), "GET"); // true
 * ```
 */
export function permitsRequest(granted: HttpCapability, url: URL, method: string): boolean {
  // User-info is sent as a credential, and `https://api.example.com@evil.test` reads like another host.
  if (url.username !== "" || url.password !== "") return false;
  if (url.protocol !== `${granted.scheme}:`) return false;
  const port = url.port === "" ? defaultPort(granted.scheme) : Number(url.port);
  return (
    granted.methods.includes(method) &&
    port === granted.port &&
    hostIncludes(granted.host, url.hostname) &&
    permitsPath(granted.pathPrefix, url.pathname)
  );
}

/**
 * Tells whether the host pattern `narrow` stands only for hosts for which `wide` stands too. `*.example.com`
 * stands for one label or more before the domain, never for the domain itself.
 */
export function hostIncludes(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  if (!wide.startsWith("*.")) return false;
  const suffix = wide.slice(1);
  if (!narrow.endsWith(suffix)) return false;
  const labels = narrow.slice(0, -suffix.length).split(".");
  return labels.every((label, index) => label !== "" && (label !== "*" || index === 0));
}

/** Tells whether every path under the prefix `narrow` is under `wide`. */
export function prefixIncludes(wide: string, narrow: string): boolean {
  return wide === narrow || narrow.startsWith(wide.endsWith("/") ? wide : `${wide}/`);
}

function permitsPath(prefix: string, path: string): boolean {
  if (prefix === "/") return true;
  const decoded = decodedOnce(path);
  return prefixIncludes(prefix, path) && decoded !== undefined && !mightEscapePrefix(path) && !mightEscapePrefix(decoded);
}

// Malformed encodings (`%c0%ae`, `%u002e`) are dots and slashes to some servers: they have no decoded form.
function decodedOnce(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
