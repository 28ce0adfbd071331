import { ExchangeFailure } from "./error-code.js";

// Longer ones are refused by most servers.
const LONGEST_PATH = 16_384;

// Names and IPv4 addresses, or an IPv6 address in brackets, then a port without leading zeros. No user-info, no
// percent-encoding, no empty label (so no dot at the end): each is a way to look like another host.
const AUTHORITY = /^((?:[a-z0-9_-]+\.)*[a-z0-9_-]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?$/;

// RFC 3986 `path-abempty`, `?query`, and what browsers leave as it is in them. A second slash or a backslash after the
// first would be an authority to whoever resolves the path as a reference.
const PATH_WITH_QUERY = /^\/(?!\/)[!$-;=?-[\]^_`a-z{|}~]*$/;

const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([["http", "80"], ["https", "443"]]);

/**
 * Puts the URL of a request together from the parts that a guest gave, and takes only parts that mean to the URL Standard
 * what they say: everything else about a request is decided on the parsed URL.
 *
 * @param path - with the query; `undefined` or empty for `/`
 * @throws {ExchangeFailure} `HTTP-request-URI-invalid`, or `HTTP-request-URI-too-long`.
 */
export function requestUrl(scheme: string, authority: string | undefined, path = "/"): URL {
  const defaultPort = DEFAULT_PORTS.get(scheme);
  if (defaultPort === undefined) throw invalid("the scheme is neither http nor https");
  const [written, host, port] = AUTHORITY.exec(authority?.toLowerCase() ?? "") ?? [];
  if (written === undefined || host === undefined) throw invalid("the authority is not a plain host and port");
  if (path.length > LONGEST_PATH) throw new ExchangeFailure({ tag: "HTTP-request-URI-too-long" }, `the path and query have more than ${LONGEST_PATH} characters`);
  if (path !== "" && !PATH_WITH_QUERY.test(path)) throw invalid("the path is not one absolute path with a query at most");
  const url = parse(`${scheme}://${written}${path}`);
  // What the URL parser changes (`0x7f.1`, `2130706433`, a port out of range) looks like something else than it is.
  const canonical = port === undefined || port === defaultPort ? host : written;
  if (url?.host !== canonical || url.username !== "" || url.password !== "" || url.hash !== "") {
    throw invalid("the authority is not written the way that URLs are");
  }
  // `/%2e//evil.test` is one only once it is resolved.
  if (url.pathname.startsWith("//")) throw invalid("the path is not one absolute path with a query at most");
  return url;
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function invalid(reason: string): ExchangeFailure {
  return new ExchangeFailure({ tag: "HTTP-request-URI-invalid" }, reason);
}
