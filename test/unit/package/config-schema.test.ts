import { describe, expect, test } from "vitest";
import { configText } from "../../../src/node/config-text.js";
import { checkConfigValue } from "../../../src/package/config-value.js";
import { parseConfigSchema } from "../../../src/package/parse-config-schema.js";
import { refusal } from "./package-fixture.js";

const parse = (value: unknown) => parseConfigSchema(value, { stage: "pack" });
const object = (properties: Record<string, unknown>, more: Record<string, unknown> = {}) => ({ type: "object", properties, ...more });

describe("a configuration schema", () => {
  test("is read as it is written", () => {
    const schema = object({
      text: { type: "string", title: "A text", minLength: 0, maxLength: 4, default: "abcd" }, choice: { type: "string", enum: ["a", "b"] }, whole: { type: "integer", minimum: -1, maximum: 1 },
      number: { type: "number", minimum: 0.5 }, flag: { type: "boolean", default: false }, list: { type: "array", items: { type: "integer" }, maxItems: 2, default: [1, 2] },
      inner: object({ x: { type: "number" } }, { required: ["x"], additionalProperties: false }),
    }, { required: ["text"], description: "All of it" });
    expect(parse(schema)).toEqual(schema);
    expect(parse({ type: "object" })).toEqual({ type: "object" });
  });

  test.each<readonly [what: string, schema: unknown]>([
    ["no object", { type: "string" }], ["no type", { properties: {} }], ["nothing", null], ["a list", []], ["an unknown type", { type: "null" }], ["two types", { type: ["object", "string"] }],
    ["a reference", { type: "object", $ref: "#/x" }], ["a regular expression", object({ a: { type: "string", pattern: "(a+)+$" } })], ["a format", object({ a: { type: "string", format: "uri" } })],
    ["one of several", object({ a: { oneOf: [] } })], ["other members", object({}, { additionalProperties: true })], ["patterns of members", object({}, { patternProperties: {} })],
    ["a keyword of another type", object({ a: { type: "boolean", minimum: 1 } })], ["a tuple", object({ a: { type: "array", items: [{ type: "string" }] } })], ["a list of nothing", object({ a: { type: "array" } })],
    ["no choice", object({ a: { type: "string", enum: [] } })], ["a choice twice", object({ a: { type: "string", enum: ["a", "a"] } })], ["a choice that is no text", object({ a: { type: "string", enum: [1] } })],
    ["bounds in the wrong order", object({ a: { type: "integer", minimum: 2, maximum: 1 } })], ["lengths in the wrong order", object({ a: { type: "string", minLength: 2, maxLength: 1 } })],
    ["a bound that is no number", object({ a: { type: "number", minimum: "1" } })], ["a length below zero", object({ a: { type: "string", maxLength: -1 } })],
    ["a required member that there is not", object({}, { required: ["a"] })], ["a required member that is inherited", object({}, { required: ["toString"] })],
    ["a default that it refuses", object({ a: { type: "integer", maximum: 1, default: 2 } })], ["a default of another type", object({ a: { type: "string", default: 2 } })],
    ["a name that cannot be shown", object({ "a\u202eb": { type: "string" } })], ["an empty name", object({ "": { type: "string" } })],
  ])("with %s is refused", async (_what, schema) => {
    expect(await refusal(() => parse(schema), "manifest-invalid")).toContain("config");
  });

  test("is bounded in depth and size", async () => {
    const nested = (depth: number): unknown => (depth === 0 ? { type: "boolean" } : object({ a: nested(depth - 1) }));
    expect(parse(nested(16)).type).toBe("object");
    await refusal(() => parse(nested(17)), "manifest-invalid");
    const wide = (count: number): unknown => object(Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, { type: "boolean" }])));
    expect(parse(wide(256)).type).toBe("object");
    await refusal(() => parse(wide(257)), "manifest-invalid");
    await refusal(() => parse(object(Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`m${index}`, wide(250)])))), "manifest-invalid");
  });

  test("is printed, member by member, or with what is wrong", () => {
    const config = object({ size: { type: "integer", minimum: 1, maximum: 9, default: 5, description: "How much" }, to: object({ names: { type: "array", items: { type: "string", enum: ["a"] }, maxItems: 2 } }, { required: ["names"] }) });
    expect(configText({ id: "a", config } as never)).toEqual(['size: whole number (from 1 to 9), default "5". How much', "to: object", 'to.names: list of one of "a" (to 2), required']);
    expect(configText({ id: "a", config: { type: "string" } })).toEqual([expect.stringContaining("every host refuses to configure it")]);
    expect(configText({ id: "a" })).toEqual([]);
  });
});

describe("a value", () => {
  const check = (schema: unknown, value: unknown) => checkConfigValue(parse(schema), value, "config");

  test("is rebuilt from its own members, with defaults, and with hostile names as data", () => {
    const schema = object(JSON.parse('{"__proto__":{"type":"string"},"constructor":{"type":"integer","default":1}}') as Record<string, unknown>);
    const value: unknown = JSON.parse('{"__proto__":"x"}');
    const checked = check(schema, value) as object;
    expect(Object.entries(checked)).toEqual([["__proto__", "x"], ["constructor", 1]]);
    expect(Object.getPrototypeOf(checked)).toBe(Object.prototype);
    expect(() => check(object({ a: { type: "string" } }, { required: ["a"] }), Object.create({ a: "inherited" }))).toThrow('no member "a"');
  });

  test("that JSON cannot carry is refused", () => {
    const schema = object({ a: { type: "number" }, b: { type: "string" }, c: { type: "array", items: { type: "boolean" } } });
    for (const value of [{ a: Number.NaN }, { a: Number.POSITIVE_INFINITY }, { a: 1n }, { b: "\ud800" }, { b: Symbol("x") }, { b: () => "x" }, { c: new Set([true]) }, { c: Array.from({ length: 2 }) }]) {
      expect(() => check(schema, value), String(Object.values(value)[0])).toThrow("must be");
    }
    expect(check(schema, { a: undefined, c: [] })).toEqual({ c: [] });
  });
});
