/*
 * What a guest's request may have for a method and for headers. Both sides use it: the worker tells the guest where it sets
 * one, and the page refuses it again.
 */

// RFC 9110, 5.6.2 and 5.5.
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

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

/** Tells whether `value` is an HTTP token: a method, or a header's name. */
export function isToken(value: string): boolean {
  return TOKEN.test(value);
}

/** Tells whether a request of a guest may not have the header `name`, in lower case. */
export function isForbiddenField(name: string): boolean {
  return FORBIDDEN.has(name) || FORBIDDEN_PREFIX.test(name);
}
