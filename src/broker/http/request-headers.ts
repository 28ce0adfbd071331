import { isForbiddenField, isToken } from "../../capability/http-fields.js";
import { ExchangeFailure, requestDenied } from "./error-code.js";

/** Names as the guest wrote them, values as Latin-1 text: one character for each byte. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

// RFC 9110, 5.5: without control characters, which end a header or a request early in what reads it next.
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

const MOST_HEADERS = 128;
const MOST_BYTES = 32_768;

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
    if (isForbiddenField(lowered)) throw requestDenied(`the header ${lowered} is the browser's own`);
  }
  return headers.filter(([name]) => name.toLowerCase() !== "content-length");
}
