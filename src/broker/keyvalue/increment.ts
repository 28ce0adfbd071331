import { quotedText } from "../../bytes/quoted-text.js";
import { fromUtf8, toUtf8 } from "../../bytes/utf8.js";
import { MalformedCall } from "../call-errors.js";
import { parseKey } from "./call-values.js";
import { otherError } from "./quota.js";

/*
 * wasi:keyvalue/atomics `increment`. The interface does not say how a number is stored; this is decimal text, as
 * in Redis and in Wasmtime, so that a plugin can also read and set it as a value.
 */

interface Range {
  readonly least: bigint;
  readonly most: bigint;
}

// The first draft counts in u64, the second in s64.
const UNSIGNED: Range = { least: 0n, most: 2n ** 64n - 1n };
const SIGNED: Range = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
const DECIMAL = /^(?:0|-?[1-9][0-9]{0,19})$/;

/** Reads the values of a call: key, delta, whether it is signed. */
export function parseIncrement([key, delta, isSigned]: readonly unknown[]): { readonly key: string; readonly delta: bigint; readonly range: Range } {
  if (typeof delta !== "bigint" || typeof isSigned !== "boolean") throw new MalformedCall("an increment by no number");
  const range = isSigned ? SIGNED : UNSIGNED;
  if (delta < range.least || delta > range.most) throw new MalformedCall("an increment by more than 64 bits");
  return { key: parseKey(key), delta, range };
}

/** @throws {InterfaceError} where the value is no number of the range, or does not stay in it. */
export function incremented(key: string, old: Uint8Array | undefined, delta: bigint, range: Range): { readonly sum: bigint; readonly text: Uint8Array } {
  const sum = (old === undefined ? 0n : numberIn(old, key)) + delta;
  if (sum < range.least || sum > range.most) throw otherError(`${quotedText(key)} would become ${sum}, which is no 64-bit number of the function's type. It was left as it is`);
  return { sum, text: toUtf8(String(sum)) };
}

function numberIn(value: Uint8Array, key: string): bigint {
  // The longest number has 20 characters; what is longer needs no reading.
  const text = value.length > 20 ? undefined : fromUtf8(value);
  if (text === undefined || !DECIMAL.test(text)) throw otherError(`${quotedText(key)} holds no decimal number. It was left as it is`);
  return BigInt(text);
}
