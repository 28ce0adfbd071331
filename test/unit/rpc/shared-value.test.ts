import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeShared, encodeShared } from "../../../src/rpc/shared-value.js";

const roundTrip = (value: unknown): unknown => decodeShared(encodeShared(value));

const primitives = fc.oneof(
  fc.boolean(), fc.double(), fc.integer(), fc.constant(undefined), fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }),
);
const typedArrays = fc.oneof(
  fc.uint8Array(), fc.int8Array(), fc.uint16Array(), fc.int16Array(), fc.uint32Array(), fc.int32Array(),
  fc.float32Array(), fc.float64Array(), fc.bigUint64Array(), fc.bigInt64Array(),
);
const names = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "tag", "val", "then", ""));
/** Values in the shapes that WIT values have in JavaScript, nested. */
const { value: shapes } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 }, primitives, typedArrays,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.record({ tag: fc.string(), val: tie("value") }, { noNullPrototype: true }),
    fc.uniqueArray(fc.tuple(names, tie("value")), { maxLength: 5, selector: ([name]) => name }).map((members) => Object.fromEntries(members)),
  ),
}));

describe("a value through shared memory", () => {
  it("comes out as it went in, whatever it is made of", () => {
    fc.assert(fc.property(shapes, (value) => {
      const decoded = roundTrip(value);
      // Not toStrictEqual, which takes a member called constructor for the value's class.
      expect(isDeepStrictEqual(decoded, value)).toBe(true);
      // Canonical: the same bytes again.
      expect(encodeShared(decoded)).toEqual(encodeShared(value));
    }), { numRuns: 3_000, seed: 11 });
  });

  it.each([
    ["minus zero", -0], ["not a number", Number.NaN], ["infinity", Number.NEGATIVE_INFINITY], ["the smallest number", Number.MIN_VALUE], ["u64's largest", 2n ** 64n - 1n],
    ["s64's smallest", -(2n ** 63n)], ["zero", 0n], ["the empty text", ""], ["nothing", undefined], ["null", null], ["a text with a byte order mark", "\ufefftext"], ["NUL", "\u0000"],
    ["empty bytes", new Uint8Array()], ["empty 64-bit numbers", new BigInt64Array()], ["empty floats", new Float64Array()], ["an empty list", []], ["an empty record", {}],
    ["a list of nothings", [undefined, null, undefined]],
  ])("keeps %s", (_what, value) => {
    const decoded = roundTrip([value, { member: value }, value]);
    expect(decoded).toStrictEqual([value, { member: value }, value]);
    expect(Object.is((decoded as unknown[])[0], value) || typeof value === "object").toBe(true);
  });

  it("keeps members called __proto__ as members", () => {
    const hostile: unknown = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}');
    const decoded = roundTrip(hostile) as object;
    expect(Object.keys(decoded)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("gives typed arrays memory of their own, at any place among the bytes", () => {
    const wide = new Float64Array([1.5, -0, Number.NaN]);
    const [, decoded] = roundTrip(["odd", wide]) as [string, Float64Array];
    expect(decoded).toEqual(wide);
    expect([decoded.byteOffset, decoded.buffer.byteLength]).toEqual([0, 24]);
  });

  it("passes only what a view shows", () => {
    const decoded = roundTrip(new Uint8Array(new ArrayBuffer(1_000_000), 10, 2)) as Uint8Array;
    expect([decoded.length, decoded.buffer.byteLength]).toEqual([2, 2]);
    expect(encodeShared(new Uint8Array(new ArrayBuffer(1_000_000), 10, 2)).length).toBeLessThan(100);
  });

  it("replaces what is no Unicode, as the canonical ABI's encoder does with the same text", () => {
    const text = "a\ud800b\udc00";
    expect(roundTrip(text)).toBe("a\ufffdb\ufffd");
    expect(roundTrip(text)).toBe(new TextDecoder().decode(new TextEncoder().encode(text)));
  });

  it("takes large ones", () => {
    const bytes = new Uint8Array(8_000_000).map((_byte, index) => index % 251);
    const list = Array.from({ length: 100_000 }, (_item, index) => index);
    const text = "é".repeat(1_000_000);
    const decoded = roundTrip({ bytes, list, text }) as { readonly bytes: Uint8Array; readonly list: number[]; readonly text: string };
    expect([Buffer.compare(decoded.bytes, bytes), decoded.list.join() === list.join(), decoded.text === text]).toEqual([0, true, true]);
  });

  it.each([
    ["a function", () => 1], ["a symbol", Symbol("x")], ["a function in a record", { then: () => 1 }], ["more than 64 bits", 2n ** 64n], ["less than 64 bits", -(2n ** 64n)],
    ["a DataView", new DataView(new ArrayBuffer(1))], ["clamped bytes", new Uint8ClampedArray(1)],
  ])("refuses %s", (_what, value) => {
    expect(() => encodeShared([value])).toThrow(TypeError);
  });

  it("refuses what contains itself, instead of never ending", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => encodeShared(cycle)).toThrow(RangeError);
  });
});
