import { receivedBytes } from "../byte-array.js";
import { MalformedCall } from "../call-errors.js";
import type { ExchangeTimeouts } from "./exchange.js";
import type { HeaderList } from "./request-headers.js";

/** A request as the worker asks for it: of the right shapes, and nothing in it is checked yet. */
export interface SendRequest {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string | undefined;
  readonly path: string | undefined;
  readonly headers: HeaderList;
  /** The whole body, or the number of one that is being written. */
  readonly body: Uint8Array | number | undefined;
  readonly timeouts: ExchangeTimeouts;
}

// Far beyond what is accepted: only bounds the work of finding that out.
const MOST_ENTRIES = 4_096;

/** @throws {MalformedCall} */
export function readSendRequest(values: readonly unknown[]): SendRequest {
  const [method, scheme, authority, path, headers, body, firstByte, betweenBytes] = values;
  if (typeof method !== "string" || typeof scheme !== "string") throw new MalformedCall("a request without a method or a scheme");
  return {
    method, scheme,
    authority: optionalText(authority),
    path: optionalText(path),
    headers: readHeaders(headers),
    body: body === undefined || typeof body === "number" ? body : receivedBytes(body),
    timeouts: { firstByte: optionalMilliseconds(firstByte), betweenBytes: optionalMilliseconds(betweenBytes) },
  };
}

function readHeaders(value: unknown): HeaderList {
  if (!Array.isArray(value) || value.length > MOST_ENTRIES) throw new MalformedCall("headers that are no list");
  return value.map((entry: unknown): readonly [string, string] => {
    const [name, bytes] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    if (typeof name !== "string") throw new MalformedCall("a header without a name");
    return [name, latin1(receivedBytes(bytes))];
  });
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function optionalText(value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw new MalformedCall("a part of a URL that is no text");
}

// Timers take 31 bits.
const LONGEST_TIMER = 0x7fff_ffff;

function optionalMilliseconds(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !(value >= 0)) throw new MalformedCall("a time that is none");
  return Math.min(value, LONGEST_TIMER);
}
