import { ExchangeFailure, requestDenied } from "./error-code.js";

/** Names as the guest wrote them, values as Latin-1 text: one character for each byte. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// RFC 9110, 5.5: without control characters, which end a header or a request early in what reads it next.
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

// Fetch Standard, "forbidden request-header": what the browser says about the connection, the page and the user.
// A browser leaves them out in silence; an app's own `fetch` may not.
const FORBIDDEN: ReadonlySet<string> = new Set([
  "accept-charset", "accept-encoding", "access-control-request-headers", "access-control-request-method",
  "access-control-request-private-network", "connection", "cookie", "cookie2", "date", "dnt", "expect", "host", "http2-settings",
  "keep-alive", "origin", "referer", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "via",
  // To many servers these are the method, so that a grant of POST would be one of DELETE.
  "x-http-method", "x-http-method-override", "x-method-override",
]);
const FORBIDDEN_PREFIX = /^(?:proxy-|sec-)/;

const MOST_HEADERS = 128;
const MOST_BYTES = 32_768;

/** Tells whether `value` is an HTTP token (RFC 9110, 5.6.2): a method or a header's name. */
export function isToken(value: string): boolean {
  return TOKEN.test(value);
}

/**
 * Checks the headers of a request, and leaves `content-length` out: the browser writes its own, and the worker
 * has held the guest's against the body.
 *
 * @throws {ExchangeFailure} `HTTP-request-denied`, or `HTTP-request-header-section-size`.
 */
export function checkHeaders(headers: HeaderList): HeaderList {
  const bytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (headers.length > MOST_HEADERS || bytes > MOST_BYTES) {
    throw new ExchangeFailure({ tag: "HTTP-request-header-section-size", val: bytes }, `the headers are more than ${MOST_HEADERS}, or larger than ${MOST_BYTES} bytes`);
  }
  for (const [name, value] of headers) {
    if (!isToken(name) || !VALUE.test(value)) throw requestDenied("a header has a name or a value that none can have");
    const lowered = name.toLowerCase();
    if (FORBIDDEN.has(lowered) || FORBIDDEN_PREFIX.test(lowered)) throw requestDenied(`the header ${lowered} is the browser's own`);
  }
  return headers.filter(([name]) => name.toLowerCase() !== "content-length");
}
