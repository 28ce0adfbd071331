import { describeValue } from "../component/describe-value.js";
import { isUnsharedBuffer, typedArrayName } from "../component/numeric-arrays.js";
import { MalformedCall } from "./call-errors.js";

/**
 * Whether `value` is a Uint8Array, of any realm: what a worker sends is made in the realm whose constructor started it, which
 * for the policy frame is the frame's and not the page's.
 */
export function isByteArray(value: unknown): value is Uint8Array {
  return typeof value === "object" && value !== null && typedArrayName(value) === "Uint8Array";
}

/**
 * The bytes in a host call, as an array of this realm. Those on shared memory are copied: the worker could change them
 * after they were checked.
 *
 * @throws {MalformedCall} for anything but bytes.
 */
export function receivedBytes(value: unknown): Uint8Array<ArrayBuffer> {
  if (!isByteArray(value)) throw new MalformedCall(`${describeValue(value)}, where bytes are wanted`);
  const { buffer } = value;
  return isUnsharedBuffer(buffer) ? new Uint8Array(buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
}
