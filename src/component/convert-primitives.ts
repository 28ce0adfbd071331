import { refuseValue, spendBytes, type Conversion } from "./value-context.js";
import type { PrimitiveType } from "./world.js";

/** Checks a value and gives a clean one for the other side. */
export type Convert = (value: unknown, conversion: Conversion) => unknown;

/** What any value without a size of its own counts as. */
export const VALUE_BYTES = 8;

const INTEGERS: ReadonlyMap<PrimitiveType, readonly [minimum: number, maximum: number]> = new Map([
  ["u8", [0, 255]], ["s8", [-128, 127]], ["u16", [0, 65_535]], ["s16", [-32_768, 32_767]],
  ["u32", [0, 4_294_967_295]], ["s32", [-2_147_483_648, 2_147_483_647]],
]);

/** A value that costs a fixed count. */
function counted(convert: Convert): Convert {
  return (value, conversion) => {
    spendBytes(VALUE_BYTES, conversion);
    return convert(value, conversion);
  };
}

/** The conversion of a primitive without counting: for elements of lists that are counted as a whole. */
export function uncountedPrimitive(type: PrimitiveType): Convert {
  const range = INTEGERS.get(type);
  if (range !== undefined) return integer(type, range[0], range[1]);
  switch (type) {
    case "u64": return longInteger(type, 0n, 2n ** 64n - 1n);
    case "s64": return longInteger(type, -(2n ** 63n), 2n ** 63n - 1n);
    case "bool": return (value, conversion) => (typeof value === "boolean" ? value : refuseValue(value, "a bool", conversion));
    case "char": return convertChar;
    case "string": return convertString;
    default: return (value, conversion) => (typeof value === "number" ? value : refuseValue(value, `a number (${type})`, conversion));
  }
}

export function primitive(type: PrimitiveType): Convert {
  return type === "string" ? convertString : counted(uncountedPrimitive(type));
}

function integer(type: string, minimum: number, maximum: number): Convert {
  const wanted = `a whole number from ${minimum} to ${maximum} (${type})`;
  return (value, conversion) =>
    typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum
      // Adding 0 makes -0, which is no integer of WIT's, a 0.
      ? value + 0
      : refuseValue(value, wanted, conversion);
}

function longInteger(type: string, minimum: bigint, maximum: bigint): Convert {
  const wanted = `a bigint from ${minimum} to ${maximum} (${type})`;
  return (value, conversion) => {
    // An app may give a number as long as it is exact; the glue always gives a bigint.
    const long = conversion.lowering && typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
    return typeof long === "bigint" && long >= minimum && long <= maximum ? long : refuseValue(value, wanted, conversion);
  };
}

const convertChar: Convert = (value, conversion) => {
  if (typeof value === "string" && isWellFormed(value) && (value.length === 1 || (value.length === 2 && (value.codePointAt(0) ?? 0) > 0xffff))) return value;
  return refuseValue(value, "text of exactly one Unicode scalar value (char)", conversion);
};

const convertString: Convert = (value, conversion) => {
  if (typeof value !== "string") return refuseValue(value, "a string", conversion);
  spendBytes(VALUE_BYTES + value.length * 2, conversion);
  // A lone surrogate has no UTF-8, and lowering one traps the plugin.
  return isWellFormed(value) ? value : refuseValue(value, "a string without lone surrogates", conversion);
};

function isWellFormed(text: string): boolean {
  // ES2024; older engines find a lone surrogate with a pattern instead.
  const native = (text as { readonly isWellFormed?: () => boolean }).isWellFormed;
  return native === undefined ? !/\p{Surrogate}/u.test(text) : native.call(text);
}
