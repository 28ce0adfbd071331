import { toPascalCase } from "../component/javascript-names.js";
import { type BincodeType, casesOf, isNestedOption } from "./bincode-type.js";
import { encodeBincode } from "./encode-bincode.js";

/**
 * A value as serde writes it as JSON, which is how fidius gives configurations to Python: members in snake_case, enums as
 * `"Case"` or `{"Case": payload}`, bytes as arrays. Integers of 64 bits are written in full, which JSON allows and JavaScript's
 * own writer does not.
 *
 * @throws {BincodeProblem} if it is not of its type.
 * @example
 * ```ts
 * serdeJson({ kind: "record", fields: [{ name: "maxRows", type: "u64" }] }, { maxRows: 2n ** 63n }); // {"max_rows":9223372036854775808}
 * ```
 */
export function serdeJson(type: BincodeType, value: unknown, path = "value"): string {
  // It checks every part of the value, and names the one that is wrong.
  encodeBincode(type, value, path);
  return write(type, value);
}

function write(type: BincodeType, value: unknown): string {
  if (typeof type === "string") return typeof value === "string" || typeof value === "boolean" ? JSON.stringify(value) : number(value);
  switch (type.kind) {
    case "record": return `{${type.fields.map(({ name, type: field }) => `${JSON.stringify(snakeCase(name))}:${write(field, Reflect.get(Object(value), name))}`).join(",")}}`;
    case "tuple": return `[${type.items.map((item, position) => write(item, Reflect.get(Object(value), position))).join(",")}]`;
    case "list": return `[${Array.from(value as ArrayLike<unknown>, (item) => write(type.element, item)).join(",")}]`;
    case "option": {
      const inner: unknown = isNestedOption(type) ? Reflect.get(Object(value), "val") : value;
      return inner === undefined || inner === null ? "null" : write(type.value, inner);
    }
    default: {
      const tag: unknown = type.kind === "enum" ? value : Reflect.get(Object(value), "tag");
      const found = casesOf(type).find(({ name }) => name === tag);
      const name = JSON.stringify(toPascalCase(found?.name ?? ""));
      return found === undefined || found.type === null ? name : `{${name}:${write(found.type, Reflect.get(Object(value), "val"))}}`;
    }
  }
}

/** JSON has no numbers that are none. serde writes those as null, too. */
function number(value: unknown): string {
  return typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value)) ? String(value) : "null";
}

/** `maxRows` and `max-rows` as Rust spells them: `max_rows`. */
function snakeCase(name: string): string {
  return name.replaceAll("-", "_").replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
