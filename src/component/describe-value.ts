import { typedArrayName } from "./numeric-arrays.js";

const TEXT_SHOWN = 40;

/** A value in a few words, for messages. Runs no code of the value: no getter, no `toString`. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "string": return value.length > TEXT_SHOWN ? `text of ${value.length} characters` : JSON.stringify(value);
    case "bigint": return value > -(2n ** 80n) && value < 2n ** 80n ? `${value}n` : "a huge bigint";
    case "number": return Object.is(value, -0) ? "-0" : String(value);
    case "boolean":
    case "undefined": return String(value);
    case "object": break;
    default: return `a ${typeof value}`;
  }
  if (value === null) return "null";
  const arrayName = typedArrayName(value);
  if (arrayName !== undefined) return `${/^[AEIOU]/.test(arrayName) && !arrayName.startsWith("Ui") ? "an" : "a"} ${arrayName}`;
  return Array.isArray(value) ? `an array of ${value.length}` : "an object";
}
