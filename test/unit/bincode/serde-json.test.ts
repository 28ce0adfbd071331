import fc from "fast-check";
import { expect, test } from "vitest";
import { BincodeProblem, type BincodeType } from "../../../src/bincode/bincode-type.js";
import { serdeJson } from "../../../src/bincode/serde-json.js";

const option = (value: BincodeType): BincodeType => ({ kind: "option", value });
const TONE: BincodeType = { kind: "variant", cases: [{ name: "plain", type: null }, { name: "very-loud", type: { kind: "record", fields: [{ name: "maxMarks", type: "u8" }] } }] };

/** What serde_json 1.0 writes for the Rust values that these types describe. */
test.each<readonly [BincodeType, unknown, string]>([
  [{ kind: "record", fields: [{ name: "maxRows", type: "u64" }, { name: "signature", type: option("string") }] }, { maxRows: 2n ** 63n }, '{"max_rows":9223372036854775808,"signature":null}'],
  [TONE, { tag: "plain" }, '"Plain"'],
  [TONE, { tag: "very-loud", val: { maxMarks: 3 } }, '{"VeryLoud":{"max_marks":3}}'],
  [{ kind: "list", element: "u8" }, new Uint8Array([1, 2]), "[1,2]"],
  [{ kind: "tuple", items: ["s64", "bool", "char", "string"] }, [-5n, true, "ß", 'q"'], '[-5,true,"ß","q\\""]'],
  [{ kind: "result", ok: "u8", err: "string" }, { tag: "err", val: "no" }, '{"Err":"no"}'],
  [{ kind: "enum", cases: ["on-top", "off"] }, "on-top", '"OnTop"'],
  [option(option("u8")), { tag: "some", val: 1 }, "1"],
  ["f64", Number.NaN, "null"],
])("as serde writes it, %#", (type, value, json) => expect(serdeJson(type, value)).toBe(json));

test("what is not of its type is refused, by name", () => {
  expect(() => serdeJson(TONE, { tag: "loud" }, "config")).toThrow(BincodeProblem);
  expect(() => serdeJson({ kind: "record", fields: [{ name: "a", type: "u8" }] }, { a: 256 }, "config")).toThrow("config.a is 256");
});

test("any text survives", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    expect(JSON.parse(serdeJson("string", text))).toBe(text);
  }));
});
