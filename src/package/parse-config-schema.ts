import type { JsonValue } from "../bytes/canonical-json.js";
import { arrayOf, objectOf, oneOf, textOf, wholeNumberFrom } from "../bytes/json-forms.js";
import { type JsonParser, parseDocument, parseMembers, refuseJson } from "../bytes/json-parser.js";
import { PluginError, type PluginErrorDetails } from "../errors/plugin-error.js";
import type { ConfigObject, ConfigSchema } from "./config-schema.js";
import { checkConfigValue } from "./config-value.js";
import { plainText } from "./text-rules.js";

const MAXIMUM_DEPTH = 16;
const MAXIMUM_NODES = 1_000;
const MAXIMUM_MEMBERS = 256;
const MAXIMUM_CHOICES = 256;

/** How a schema is read: where in the document, and how much of it there may still be. */
interface Reading {
  readonly depth: number;
  readonly budget: { left: number };
}

/**
 * Reads the schema that a manifest carries.
 *
 * @param context - whose schema it is, for the error.
 * @throws {PluginError} `manifest-invalid`, with the path of what is not of the subset.
 */
export function parseConfigSchema(value: unknown, context: Pick<PluginErrorDetails, "stage" | "pluginId">): ConfigObject {
  const refuse = (reason: string): PluginError => {
    const whose = context.pluginId === undefined ? "" : ` of ${context.pluginId}`;
    const message = `Cannot read the configuration schema${whose}: ${reason}. The supported part of JSON Schema is in the documentation of ConfigSchema`;
    return new PluginError({ code: "manifest-invalid", ...context, message });
  };
  return parseDocument(root, value, "config", refuse);
}

const root: JsonParser<ConfigObject> = (value, path) => {
  const schema = parseSchema(value, path, { depth: 0, budget: { left: MAXIMUM_NODES } });
  return schema.type === "object" ? schema : refuseJson(path, `must be of type "object", whose members are the configuration's, not ${JSON.stringify(schema.type)}`);
};

const annotations = { title: textOf(plainText(256)), description: textOf(plainText(4096)) };
const count = wholeNumberFrom(0);
const choice: JsonParser<string> = textOf({ test: (text) => text.length <= 1024, wanted: "a text of at most 1024 characters" });

function parseSchema(value: unknown, path: string, reading: Reading): ConfigSchema {
  reading.budget.left -= 1;
  if (reading.budget.left < 0) refuseJson(path, `is one schema too many: at most ${MAXIMUM_NODES} are read`);
  if (reading.depth > MAXIMUM_DEPTH) refuseJson(path, `is nested more than ${MAXIMUM_DEPTH} deep`);
  const type: unknown = typeof value === "object" && value !== null && Object.hasOwn(value, "type") ? Reflect.get(value, "type") : undefined;
  const parse = typeof type === "string" ? FORMS.get(type) : undefined;
  if (parse === undefined) refuseJson(path, `must have a "type" that is ${[...FORMS.keys()].map((name) => JSON.stringify(name)).join(", ")}`);
  const schema = parse(reading)(value, path);
  checkBounds(schema, path);
  return schema;
}

const FORMS: ReadonlyMap<string, (reading: Reading) => JsonParser<ConfigSchema>> = new Map<string, (reading: Reading) => JsonParser<ConfigSchema>>([
  ["string", () => objectOf({ type: oneOf("string") }, { ...annotations, enum: arrayOf(choice, MAXIMUM_CHOICES), minLength: count, maxLength: count, default: anyDefault })],
  ["integer", () => objectOf({ type: oneOf("integer") }, { ...annotations, minimum: finite, maximum: finite, default: anyDefault })],
  ["number", () => objectOf({ type: oneOf("number") }, { ...annotations, minimum: finite, maximum: finite, default: anyDefault })],
  ["boolean", () => objectOf({ type: oneOf("boolean") }, { ...annotations, default: anyDefault })],
  ["array", (reading) => objectOf({ type: oneOf("array"), items: below(reading) }, { ...annotations, minItems: count, maxItems: count, default: anyDefault })],
  ["object", (reading) => objectOf({ type: oneOf("object") }, {
    ...annotations, properties: properties(reading), required: arrayOf(choice, MAXIMUM_MEMBERS), additionalProperties: oneOf(false), default: anyDefault,
  })],
]);

function below(reading: Reading): JsonParser<ConfigSchema> {
  return (value, path) => parseSchema(value, path, { ...reading, depth: reading.depth + 1 });
}

function properties(reading: Reading): JsonParser<Readonly<Record<string, ConfigSchema>>> {
  const parse = below(reading);
  return (value, path) => {
    const names = typeof value === "object" && value !== null ? Object.keys(value) : [];
    if (names.length > MAXIMUM_MEMBERS) refuseJson(path, `has ${names.length} members, where at most ${MAXIMUM_MEMBERS} are allowed`);
    const wrong = names.find((name) => !plainText(128).test(name));
    if (wrong !== undefined) refuseJson(path, `has the member ${JSON.stringify(wrong)}, whose name must be ${plainText(128).wanted}`);
    return Object.fromEntries([...parseMembers(value, path, [], names)].map(([name, member]) => [name, parse(member, `${path}.${name}`)]));
  };
}

function finite(value: unknown, path: string): number {
  return typeof value === "number" && Number.isFinite(value) ? value : refuseJson(path, "must be a number");
}

// Checked against its own schema, as soon as that is known.
function anyDefault(value: unknown): JsonValue {
  return value as JsonValue;
}

/** What a schema's keywords say about each other: none may make it unsatisfiable, or promise a default that it refuses. */
function checkBounds(schema: ConfigSchema, path: string): void {
  const ordered = (low: number | undefined, high: number | undefined, names: string): void => {
    if (low !== undefined && high !== undefined && low > high) refuseJson(path, `has ${names} that leave nothing between them`);
  };
  if (schema.type === "string") {
    ordered(schema.minLength, schema.maxLength, "a minLength and a maxLength");
    if (schema.enum !== undefined && (schema.enum.length === 0 || new Set(schema.enum).size !== schema.enum.length)) refuseJson(`${path}.enum`, "must have texts, each once");
  } else if (schema.type === "array") ordered(schema.minItems, schema.maxItems, "a minItems and a maxItems");
  else if (schema.type === "integer" || schema.type === "number") ordered(schema.minimum, schema.maximum, "a minimum and a maximum");
  else if (schema.type === "object") {
    const unknown = schema.required?.find((name) => !Object.hasOwn(schema.properties ?? {}, name));
    if (unknown !== undefined) refuseJson(`${path}.required`, `names ${JSON.stringify(unknown)}, which is not among the properties`);
  }
  if (schema.default !== undefined) checkConfigValue(schema, schema.default, `${path}.default`);
}
