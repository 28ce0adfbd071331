import { VALUE_BYTES, type Convert } from "./convert-primitives.js";
import { toCamelCase } from "./javascript-names.js";
import { refuseValue, spendBytes, type Conversion } from "./value-context.js";

export interface ConvertMember {
  readonly name: string;
  readonly convert: Convert | null;
}

/**
 * One reading of a member. From the plugin's side only own properties count, so that nothing can be
 * slipped in by way of a prototype. The app may give instances of its own classes.
 */
function read(value: object, name: string, { lowering }: Conversion): unknown {
  return lowering || Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function asObject(value: unknown, wanted: string, conversion: Conversion): object {
  if (typeof value !== "object" || value === null) return refuseValue(value, wanted, conversion);
  return value;
}

export function convertRecord(fields: readonly { readonly name: string; readonly convert: Convert }[], words: string): Convert {
  const wanted = `an object (${words})`;
  const properties = fields.map(({ name, convert }) => ({ property: toCamelCase(name), convert }));
  return (value, conversion) => {
    const source = asObject(value, wanted, conversion);
    const { position } = conversion;
    const result: Record<string, unknown> = {};
    position.enter();
    for (const { property, convert } of properties) {
      position.at(property);
      result[property] = convert(read(source, property, conversion), conversion);
    }
    position.leave();
    return result;
  };
}

/** Flags that are missing are off; others than the declared are refused. */
export function convertFlags(names: readonly string[], words: string): Convert {
  const properties = new Set(names.map(toCamelCase));
  const wanted = `an object of booleans (${words}: ${[...properties].join(", ")})`;
  return (value, conversion) => {
    const source = asObject(value, wanted, conversion);
    spendBytes(VALUE_BYTES, conversion);
    if (!Object.keys(source).every((name) => properties.has(name))) return refuseValue(value, `${wanted} without other members`, conversion);
    const result: Record<string, boolean> = {};
    for (const property of properties) {
      const flag = read(source, property, conversion) ?? false;
      result[property] = typeof flag === "boolean" ? flag : refuseValue(flag, `true or false for flag ${property}`, conversion);
    }
    return result;
  };
}

export function convertEnum(cases: readonly string[], words: string): Convert {
  const known = new Set<unknown>(cases);
  const wanted = `one of ${quoted(cases)} (${words})`;
  return (value, conversion) => {
    spendBytes(VALUE_BYTES, conversion);
    return known.has(value) ? value : refuseValue(value, wanted, conversion);
  };
}

/** `{ tag, val }`. `keepVal` writes `val: undefined` too, as jco does for results. */
export function convertVariant(cases: readonly ConvertMember[], words: string, keepVal: boolean): Convert {
  const known = new Map<unknown, ConvertMember>(cases.map((member) => [member.name, member]));
  const wanted = `an object whose tag is one of ${quoted(cases.map((member) => member.name))} (${words})`;
  return (value, conversion) => {
    const source = asObject(value, wanted, conversion);
    spendBytes(VALUE_BYTES, conversion);
    const tag = read(source, "tag", conversion);
    const member = known.get(tag);
    if (member === undefined) return refuseValue(tag, `as tag one of ${quoted(cases.map(({ name }) => name))} (${words})`, conversion);
    const payload = read(source, "val", conversion);
    const { position } = conversion;
    position.enter();
    position.at("val");
    const { convert } = member;
    const val = convert !== null ? convert(payload, conversion) : payload === undefined ? undefined : refuseValue(payload, `no value for case ${member.name}`, conversion);
    position.leave();
    return convert !== null || keepVal ? { tag, val } : { tag };
  };
}

/** `undefined` for none. Towards the plugin, `null` is none as well. */
export function convertOption(inner: Convert): Convert {
  return (value, conversion) => {
    if (value !== undefined && !(value === null && conversion.lowering)) return inner(value, conversion);
    spendBytes(VALUE_BYTES, conversion);
    return undefined;
  };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}
