import { typedArrayName } from "../component/numeric-arrays.js";

/**
 * Whether `value` is a Uint8Array, of any realm: what a worker sends is made in the realm whose constructor started it, which
 * for the policy frame is the frame's and not the page's.
 */
export function isByteArray(value: unknown): value is Uint8Array {
  return typeof value === "object" && value !== null && typedArrayName(value) === "Uint8Array";
}
