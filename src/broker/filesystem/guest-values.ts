import { describeValue } from "../../component/describe-value.js";
import { receivedBytes } from "../byte-array.js";
import { InterfaceError, MalformedCall } from "../call-errors.js";

/** Values of host calls, as the runtime in the worker sends them. The worker is not trusted: each is checked. */

// Numbers up to here are exact. No file is larger.
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);
const LARGEST_U64 = 0xffff_ffff_ffff_ffffn;

/** A u64 as a number; `undefined` for one that is larger than any file can be. */
export function filesizeOf(value: unknown): number | undefined {
  if (typeof value !== "bigint" || value < 0n || value > LARGEST_U64) throw new MalformedCall(`${describeValue(value)} is no u64`);
  return value > LARGEST ? undefined : Number(value);
}

export function textOf(value: unknown): string {
  if (typeof value !== "string") throw new MalformedCall("a path is no text");
  return value;
}

export function bytesOf(value: unknown, most: number): Uint8Array {
  const bytes = receivedBytes(value);
  if (bytes.length > most) throw new MalformedCall("what to write is longer than a piece");
  return bytes;
}

/** The flags that are set, of those named. */
export function flagsOf<Name extends string>(value: unknown, names: readonly Name[]): ReadonlySet<Name> {
  if (typeof value !== "object" || value === null) throw new MalformedCall("flags are no record");
  const members = new Map<string, unknown>(Object.entries(value));
  return new Set(names.filter((name) => members.get(name) === true));
}

/** A `new-timestamp` in milliseconds since 1970; `undefined` for no change. */
export function newTimestampOf(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null || !("tag" in value)) throw new MalformedCall("a timestamp is no variant");
  if (value.tag === "no-change") return undefined;
  if (value.tag === "now") return Date.now();
  if (value.tag !== "timestamp" || !("val" in value)) throw new MalformedCall("a timestamp has no such case");
  return millisecondsOf(value.val);
}

function millisecondsOf(value: unknown): number {
  if (typeof value !== "object" || value === null || !("seconds" in value) || !("nanoseconds" in value)) throw new MalformedCall("a time is no datetime");
  const { nanoseconds } = value;
  if (typeof nanoseconds !== "number" || !(nanoseconds >= 0 && nanoseconds < 1e9)) throw new MalformedCall("a time has no nanoseconds");
  const seconds = filesizeOf(value.seconds);
  const milliseconds = (seconds ?? Number.POSITIVE_INFINITY) * 1_000 + Math.floor(nanoseconds / 1e6);
  if (!Number.isSafeInteger(milliseconds)) throw new InterfaceError("overflow");
  return milliseconds;
}
