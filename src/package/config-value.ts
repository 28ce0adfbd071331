import type { JsonValue } from "../bytes/canonical-json.js";
import { refuseJson } from "../bytes/json-parser.js";
import { quotedText } from "../bytes/quoted-text.js";
import type { ConfigList, ConfigNumber, ConfigObject, ConfigSchema, ConfigText } from "./config-schema.js";

/**
 * Checks a value against its schema and rebuilds it from its own members, with the defaults of members that it leaves out.
 *
 * @param path - where the value stands, for the message.
 * @throws {JsonProblem} which names the member, what was found and what is wanted.
 */
export function checkConfigValue(schema: ConfigSchema, value: unknown, path: string): JsonValue {
  switch (schema.type) {
    case "string": return checkText(schema, value, path);
    case "integer":
    case "number": return checkNumber(schema, value, path);
    case "boolean": return typeof value === "boolean" ? value : refuse(path, value, "true or false");
    case "array": return checkList(schema, value, path);
    case "object": return checkObject(schema, value, path);
  }
}

function checkText({ enum: choices, minLength = 0, maxLength = Number.POSITIVE_INFINITY }: ConfigText, value: unknown, path: string): string {
  if (typeof value !== "string") return refuse(path, value, "a text");
  if (/\p{Surrogate}/u.test(value)) return refuse(path, value, "well-formed text, without half of a surrogate pair");
  if (choices !== undefined && !choices.includes(value)) return refuse(path, value, `one of ${choices.map((choice) => quotedText(choice)).join(", ")}`);
  if (value.length < minLength) return refuse(path, value, `a text of at least ${minLength} characters`);
  return value.length <= maxLength ? value : refuse(path, value, `a text of at most ${maxLength} characters`);
}

function checkNumber({ type, minimum, maximum }: ConfigNumber, value: unknown, path: string): number {
  const word = type === "integer" ? "a whole number" : "a number";
  if (typeof value !== "number" || !Number.isFinite(value)) return refuse(path, value, word);
  if (type === "integer" && !Number.isSafeInteger(value)) return refuse(path, value, "a whole number that JavaScript represents exactly");
  if (minimum !== undefined && value < minimum) return refuse(path, value, `${word} of at least ${minimum}`);
  return maximum === undefined || value <= maximum ? value : refuse(path, value, `${word} of at most ${maximum}`);
}

function checkList({ items, minItems = 0, maxItems = Number.POSITIVE_INFINITY }: ConfigList, value: unknown, path: string): JsonValue {
  if (!Array.isArray(value)) return refuse(path, value, "a list");
  if (value.length < minItems) return refuse(path, value, `a list of at least ${minItems} items`);
  if (value.length > maxItems) return refuse(path, value, `a list of at most ${maxItems} items`);
  return Array.from(value, (item: unknown, index) => checkConfigValue(items, item, `${path}[${index}]`));
}

function checkObject({ properties = {}, required = [] }: ConfigObject, value: unknown, path: string): JsonValue {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(path, value, "an object");
  // A map, so that names such as `__proto__` are only names. What is `undefined` is left out, as it is in JSON.
  const given = new Map<string, unknown>(Object.entries(value).filter(([, member]) => member !== undefined));
  const checked: [string, JsonValue][] = [];
  for (const [name, schema] of Object.entries(properties)) {
    const member = given.has(name) ? given.get(name) : schema.default;
    if (member !== undefined) checked.push([name, checkConfigValue(schema, member, `${path}.${name}`)]);
    else if (required.includes(name)) refuseJson(path, `has no member ${quotedText(name)}; ${WANTED.get(schema.type) ?? schema.type} is wanted there`);
    given.delete(name);
  }
  const [unknown] = given.keys();
  if (unknown !== undefined) {
    refuseJson(path, `has the unknown member ${quotedText(unknown)}; it may have ${Object.keys(properties).map((name) => quotedText(name)).join(", ") || "none"}`);
  }
  return Object.fromEntries(checked);
}

const WANTED: ReadonlyMap<string, string> = new Map([
  ["string", "a text"], ["integer", "a whole number"], ["number", "a number"], ["boolean", "true or false"], ["array", "a list"], ["object", "an object"],
]);

function refuse(path: string, found: unknown, wanted: string): never {
  return refuseJson(path, `is ${describe(found)}, and must be ${wanted}`);
}

function describe(value: unknown): string {
  if (typeof value === "string") return quotedText(value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? `a list of ${value.length} items` : "an object";
  return typeof value === "function" || typeof value === "symbol" ? `a ${typeof value}` : String(value);
}
