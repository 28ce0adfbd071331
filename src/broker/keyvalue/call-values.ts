import { fromUtf8, toUtf8 } from "../../bytes/utf8.js";
import { receivedBytes } from "../byte-array.js";
import { MalformedCall } from "../call-errors.js";
import { otherError } from "./quota.js";

/* The values of wasi:keyvalue calls, as they come from the worker: anything, until it is read here. */

// As long as in the stores that plugins know. Longer "keys" are values in the wrong place.
const KEY_BYTES = 1_024;
const BUCKET_BYTES = 256;
const BATCH_KEYS = 10_000;

export function parseText(value: unknown): string {
  if (typeof value === "string") return value;
  throw new MalformedCall("a key-value call with something else in the place of a text");
}

/** Whether a bucket can have this name. */
export function isBucketName(text: string): boolean {
  return text.length <= BUCKET_BYTES && utf8Length(text) <= BUCKET_BYTES;
}

/** @throws {InterfaceError} for a key that is too long: the guest chose it. */
export function parseKey(value: unknown): string {
  const key = parseText(value);
  const length = key.length > KEY_BYTES ? key.length : utf8Length(key);
  if (length > KEY_BYTES) throw otherError(`a key of ${length} bytes: at most ${KEY_BYTES} are allowed`);
  return key;
}

export function parseKeys(value: unknown): readonly string[] {
  return parseBatch(value).map(parseKey);
}

/** The pairs of a batch. Of several for one key the last stands, as if they were set one after the other. */
export function parsePairs(value: unknown): ReadonlyMap<string, Uint8Array> {
  return new Map(
    parseBatch(value).map((pair): [string, Uint8Array] => {
      if (!Array.isArray(pair) || pair.length !== 2) throw new MalformedCall("a key-value pair that is none");
      return [parseKey(pair[0]), parseBytes(pair[1])];
    }),
  );
}

function parseBatch(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedCall("a batch of keys that is no list");
  if (value.length > BATCH_KEYS) throw otherError(`a batch of ${value.length} keys: at most ${BATCH_KEYS} are allowed at once`);
  // A list with holes has fewer values than its length says.
  return Array.from(value as readonly unknown[]);
}

/** Copies the bytes, and nothing but them: stored as it came, a view would bring its whole buffer along, however large, and past the quota. */
export function parseBytes(value: unknown): Uint8Array {
  return new Uint8Array(receivedBytes(value));
}

/** @throws {MalformedCall} for a text that WebAssembly has no way to say. */
function utf8Length(text: string): number {
  const bytes = toUtf8(text);
  if (fromUtf8(bytes) !== text) throw new MalformedCall("a key-value name that is no Unicode text");
  return bytes.length;
}
