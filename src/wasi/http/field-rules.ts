// RFC 9110, 5.6.2 and 5.5.
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

// What the browser says by itself about the connection, the page and the user (Fetch Standard, "forbidden request-header"), and
// what servers take for the method. The page refuses the same; said here, a guest learns it where it set the header.
const FORBIDDEN: ReadonlySet<string> = new Set([
  "accept-charset", "accept-encoding", "access-control-request-headers", "access-control-request-method",
  "access-control-request-private-network", "connection", "cookie", "cookie2", "date", "dnt", "expect", "host", "http2-settings",
  "keep-alive", "origin", "referer", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "via",
  "x-http-method", "x-http-method-override", "x-method-override",
]);
const FORBIDDEN_PREFIX = /^(?:proxy-|sec-)/;

/** Tells whether `value` is an HTTP token: a method, or a header's name. */
export function isToken(value: string): boolean {
  return TOKEN.test(value);
}

/** Tells whether `bytes` are a header's value: without control characters, which could end the header early. */
export function isFieldValue(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f));
}

/** Tells whether a request of a guest may not have the header `name`, in lower case. */
export function isForbiddenField(name: string): boolean {
  return FORBIDDEN.has(name) || FORBIDDEN_PREFIX.test(name);
}
