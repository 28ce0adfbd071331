import { ExchangeFailure, internalError } from "./error-code.js";
import { redactSecrets } from "./secrets.js";

/** What is known of an answer before its body. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: Uint8Array])[];
}

// Fetch Standard, "redirect status".
const REDIRECT_STATUS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
// More than browsers take themselves.
const MOST_HEADER_BYTES = 262_144;

// About one connection, or about the body as it was on the way: the guest gets it decoded. Cookies are the user's.
const LEFT_OUT: ReadonlySet<string> = new Set([
  "connection", "content-encoding", "keep-alive", "proxy-connection", "set-cookie", "set-cookie2", "trailer", "transfer-encoding", "upgrade",
]);

/** Tells whether the server, or a service worker of the app, sent the request on. The browser hides where to. */
export function isRedirect(response: Response): boolean {
  const { status, type, redirected, headers } = response;
  return type === "opaqueredirect" || redirected || REDIRECT_STATUS.has(status) || (status >= 300 && status < 400 && headers.has("location"));
}

/**
 * Reads what a guest may see of an answer.
 *
 * @param mostBytes - bound of the body
 * @param secrets - what the request carried
 * @throws {ExchangeFailure} for an answer without readable content, or one that announces more than may come.
 */
export function readHead(response: Response, method: string, mostBytes: number, secrets: ReadonlyMap<string, string>): ResponseHead {
  const { status, type, headers } = response;
  if (type === "opaque" || type === "error" || status < 200 || status > 599) throw internalError("the answer cannot be read");
  const hasBody = method !== "HEAD" && response.body !== null;
  const announced = Number(headers.get("content-length") ?? 0);
  if (hasBody && announced > mostBytes) {
    throw new ExchangeFailure({ tag: "HTTP-response-body-size", val: BigInt(announced) }, `the answer announces ${announced} bytes, and ${mostBytes} may come`);
  }
  // The length of an encoded body is not the one that the guest reads, and other origins' encodings are not visible.
  const isLengthKnown = !hasBody || (type !== "cors" && !headers.has("content-encoding"));
  const kept = [...headers].filter(([name]) => !LEFT_OUT.has(name) && (isLengthKnown || name !== "content-length"));
  const bytes = kept.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes > MOST_HEADER_BYTES) {
    throw new ExchangeFailure({ tag: "HTTP-response-header-section-size", val: bytes }, `the answer's headers have more than ${MOST_HEADER_BYTES} bytes`);
  }
  return { status, headers: kept.map(([name, value]) => [name, latin1(redactSecrets(value, secrets))]) };
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
