import { ImportError } from "../guest-context.js";
import { type ErrorResource, streamFailure } from "../io.js";

/** wasi:http `error-code`, in the shape of its WIT type. */
export interface ErrorCode {
  readonly tag: string;
  readonly val?: unknown;
}

export function internalError(reason: string): ErrorCode {
  return { tag: "internal-error", val: reason };
}

/** `error` as the error code that it carries. Anything else than the page's answer goes on as it is. */
export function errorCodeOf(error: unknown): ErrorCode {
  const payload = error instanceof ImportError ? error.payload : undefined;
  if (typeof payload === "object" && payload !== null && "tag" in payload && typeof payload.tag === "string") return payload as ErrorCode;
  throw error;
}

/** The `stream-error` of a body that failed with `code`. */
export function bodyFailure(code: ErrorCode): ImportError {
  const reason = typeof code.val === "string" ? `${code.tag}: ${code.val}` : code.tag;
  return new ImportError(streamFailure(reason, code));
}

// The codes that a body's stream can end with. A stream says only a text, which begins with one of them.
const STREAM_CODES: ReadonlySet<string> = new Set([
  "HTTP-request-denied", "HTTP-response-body-size", "HTTP-response-incomplete", "HTTP-response-timeout", "configuration-error", "connection-read-timeout",
]);

/** The error code in the text that the page's stream failed with. */
export function codeOfText(text: string): ErrorCode {
  const tag = text.split(":")[0] ?? "";
  if (!STREAM_CODES.has(tag)) return internalError(text);
  // Its payload, the size, is optional in the WIT type.
  return tag === "HTTP-response-body-size" ? { tag, val: undefined } : { tag };
}

/** `http-error-code`: what a failed stream's error means to HTTP, if it came from there. */
export function httpErrorCode(error: ErrorResource): unknown {
  const { code } = error;
  return typeof code === "object" && code !== null && "tag" in code ? code : undefined;
}
