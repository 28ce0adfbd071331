import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { type BincodeType, fewestBytes } from "../../../src/bincode/bincode-type.js";
import { JsonProblem, parseDocument } from "../../../src/bytes/json-parser.js";
import { bridgeItemType, type BridgeItemType } from "../../../src/package/bridge-item.js";

const parse = (value: unknown): BridgeItemType => parseDocument(bridgeItemType, value, "item", (reason) => new JsonProblem(reason));
const nested = (depth: number): unknown => (depth === 0 ? "u8" : { kind: "option", value: nested(depth - 1) });

describe("the type of a consumed stream's items", () => {
  test("is a type of bincode, and each of those but enums of nothing is one", () => {
    expectTypeOf<BridgeItemType>().toExtend<BincodeType>();
    expectTypeOf<BincodeType>().toExtend<BridgeItemType>();
  });

  test.each<BridgeItemType>([
    "bool", "char", "string", "u64", "f32",
    { kind: "record", fields: [{ name: "first-name", type: "string" }, { name: "age", type: "u8" }] },
    { kind: "variant", cases: [{ name: "empty", type: null }, { name: "circle", type: "f64" }] },
    { kind: "enum", cases: ["a", "b"] },
    { kind: "tuple", items: ["u8", { kind: "list", element: "string" }] },
    { kind: "result", ok: null, err: { kind: "option", value: "s16" } },
  ])("%j is read as it is written", (type) => {
    expect(parse(type)).toEqual(type);
  });

  test("may be nested as deep as is stated, and no deeper", () => {
    expect(parse(nested(16))).toEqual(nested(16));
    expect(() => parse(nested(17))).toThrow("nested more than 16 deep");
  });

  test.each<[string, unknown]>([
    ["another primitive", "u128"],
    ["an error-context", "error-context"],
    ["nothing", null],
    ["a number", 7],
    ["an array", ["u8"]],
    ["an object without a kind", {}],
    ["flags", { kind: "flags", names: ["a"] }],
    ["a kind of an object's own", { kind: "constructor" }],
    ["a kind that is no text", { kind: { toString: "list" } }],
    ["a kind inherited", Object.create({ kind: "list", element: "u8" })],
    ["an unknown member", { kind: "list", element: "u8", length: 3 }],
    ["a list without an element", { kind: "list" }],
    ["a list of nothing", { kind: "list", element: null }],
    ["a record without fields, of which any number takes no bytes", { kind: "record", fields: [] }],
    ["a tuple without items", { kind: "tuple", items: [] }],
    ["a variant without cases", { kind: "variant", cases: [] }],
    ["an enum without cases", { kind: "enum", cases: [] }],
    ["a field twice", { kind: "record", fields: [{ name: "a", type: "u8" }, { name: "a", type: "u8" }] }],
    ["a case twice", { kind: "enum", cases: ["a", "a"] }],
    ["a field of no WIT name", { kind: "record", fields: [{ name: "first_name", type: "u8" }] }],
    ["a field named __proto__", { kind: "record", fields: [{ name: "__proto__", type: "u8" }] }],
    ["a field without a type", { kind: "record", fields: [{ name: "a" }] }],
    ["a case without a word of its payload", { kind: "variant", cases: [{ name: "a" }] }],
    ["half a result", { kind: "result", ok: "u8" }],
    ["more fields than a type has", { kind: "tuple", items: Array.from({ length: 257 }, () => "u8") }],
  ])("is not %s", (_, value) => {
    expect(() => parse(value)).toThrow(JsonProblem);
  });

  test("whatever is accepted takes bytes, so that lists of it cannot claim any length", () => {
    const type = fc.letrec<{ type: unknown }>((tie) => ({
      type: fc.oneof({ maxDepth: 6 }, fc.constantFrom("u8", "string", "u128", null, 3),
        fc.record({ kind: fc.constantFrom("list", "option", "record", "tuple", "variant", "enum", "result", "x"), element: tie("type"), value: tie("type"), items: fc.array(tie("type"), { maxLength: 3 }), ok: tie("type"), err: tie("type") }, { requiredKeys: ["kind"] }),
        fc.array(tie("type"), { maxLength: 3 }).map((items) => ({ kind: "tuple", items })),
        fc.array(tie("type"), { maxLength: 3 }).map((items) => ({ kind: "record", fields: items.map((item, index) => ({ name: `f${index}`, type: item })) }))),
    })).type;
    fc.assert(fc.property(type, (value) => {
      try {
        expect(fewestBytes(parse(value))).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(JsonProblem);
      }
    }), { seed: 20_261_128, numRuns: 3_000 });
  });
});
