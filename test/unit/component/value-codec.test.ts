import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TypeReference } from "../../../src/component/world.js";
import {
  BORROW, BYTES, FLOATS, IMAGE, lift, LONGS, lower, MODE, NESTED, OPTION, OPTIONS, OWN, POINT, POINTS, RESULT, SETTINGS, SHAPE, SHORTS, SIZE, STREAM, STRINGS, THREE, TUPLE, types,
} from "./support/lower-and-lift.js";
describe("values that pass, both ways", () => {
  test.each<[TypeReference | null, unknown, unknown?]>([
    ["bool", true], ["u8", 255], ["s8", -128], ["u16", 65535], ["s16", -32768], ["u32", 4294967295], ["s32", -2147483648],
    ["u64", 2n ** 64n - 1n], ["s64", -(2n ** 63n)], ["f32", 1.5], ["f64", Number.NaN], ["f64", Infinity],
    ["char", "a"], ["char", "🦊"], ["char", "\u0000"], ["string", "naïve 🦊"], [null, undefined],
    [POINT, { xAxis: 1, yAxis: -1 }], [POINTS, []], [POINTS, [{ xAxis: 1, yAxis: 2 }]],
    [SHAPE, { tag: "none" }], [SHAPE, { tag: "circle", val: 0.5 }], [SHAPE, { tag: "long-line", val: [{ xAxis: 0, yAxis: 0 }] }],
    [SIZE, "very-large"], [MODE, { read: true, canWrite: false }], [TUPLE, [1, "x"]],
    [OPTION, undefined], [OPTION, 3], [NESTED, { tag: "none" }], [NESTED, { tag: "some", val: undefined }], [NESTED, { tag: "some", val: 3 }],
    [RESULT, { tag: "ok", val: 1 }], [RESULT, { tag: "err", val: undefined }], [THREE, [1, 2, 3]],
    [STRINGS, ["a", ""]], [BYTES, Uint8Array.of(1, 2)], [LONGS, BigUint64Array.of(1n)], [FLOATS, Float32Array.of(0.5)], [OPTIONS, [1, undefined]],
    [SETTINGS, { constructor: 1, label: undefined }],
  ])("%s %o", (type, value) => {
    expect(lower(type, value)).toStrictEqual(value);
    expect(lift(type, structuredClone(value))).toStrictEqual(value);
  });

  test("what only the app may give", () => {
    expect(lower("u64", 5)).toBe(5n);
    expect(lower("s64", -5)).toBe(-5n);
    expect(Object.is(lower("s32", -0), 0)).toBe(true);
    expect(lower(OPTION, null)).toBeUndefined();
    expect(lower(MODE, { read: true })).toStrictEqual({ read: true, canWrite: false });
    expect(lower(BYTES, [1, 2])).toStrictEqual(Uint8Array.of(1, 2));
    expect(lower(BYTES, Uint8ClampedArray.of(1, 2))).toStrictEqual(Uint8Array.of(1, 2));
    expect(lower(BYTES, Uint8Array.of(9, 1, 2).subarray(1))).toStrictEqual(Uint8Array.of(1, 2));
    expect(lower(BYTES, new DataView(Uint8Array.of(1, 2, 3).buffer, 1))).toStrictEqual(Uint8Array.of(2, 3));
    expect(lower(BYTES, Uint8Array.of(1, 2).buffer)).toStrictEqual(Uint8Array.of(1, 2));
    expect(lower(BYTES, Uint16Array.of(1, 255))).toStrictEqual(Uint8Array.of(1, 255));
    expect(lower(LONGS, [1, 2n])).toStrictEqual(BigUint64Array.of(1n, 2n));
    expect(lower(SHORTS, Int8Array.of(-1))).toStrictEqual(Int16Array.of(-1));
    expect(lower(THREE, Uint8Array.of(1, 2, 3))).toStrictEqual([1, 2, 3]);
    class Position { get xAxis() { return 1; } get yAxis() { return 2; } }
    expect(lower(POINT, new Position())).toStrictEqual({ xAxis: 1, yAxis: 2 });
  });
});

describe("values that do not fit", () => {
  const bad: [TypeReference | null, unknown, string][] = [
    ["u8", 256, "value"], ["u8", -1, "value"], ["u8", 1.5, "value"], ["u8", "1", "value"], ["u8", Number.NaN, "value"], ["u8", 1n, "value"], ["u32", 2 ** 32, "value"],
    ["s32", 2 ** 31, "value"], ["u64", -1n, "value"], ["u64", 2n ** 64n, "value"], ["s64", 2n ** 63n, "value"], ["u64", 2 ** 53, "value"], ["u64", 0.5, "value"],
    ["f64", "1", "value"], ["f32", null, "value"], ["bool", 1, "value"],
    ["char", "", "value"], ["char", "ab", "value"], ["char", "\uD800", "value"], ["char", "🦊🦊", "value"], ["char", 97, "value"], ["string", "a\uDC00b", "value"], ["string", 5, "value"],
    [null, 0, "value"], [POINT, { xAxis: 1 }, "value.yAxis"], [POINT, null, "value"], [POINT, "x", "value"], [POINTS, [{ xAxis: 1, yAxis: 2 }, { xAxis: 1, yAxis: "2" }], "value[1].yAxis"],
    [POINTS, { length: 0 }, "value"], [POINTS, [null], "value[0]"],
    [SHAPE, { tag: "square" }, "value"], [SHAPE, "none", "value"], [SHAPE, { tag: "none", val: 1 }, "value.val"], [SHAPE, { tag: "circle" }, "value.val"],
    [SHAPE, { tag: "long-line", val: [{ xAxis: 0, yAxis: 0.1 }] }, "value.val[0].yAxis"], [SHAPE, { tag: "toString" }, "value"],
    [SIZE, "large", "value"], [SIZE, "constructor", "value"], [SIZE, 0, "value"], [MODE, { read: 1 }, "value"], [MODE, { write: true }, "value"],
    [TUPLE, [1], "value"], [TUPLE, [1, "x", 2], "value"], [TUPLE, [300, "x"], "value[0]"], [OPTION, "x", "value"],
    [NESTED, 3, "value"], [NESTED, undefined, "value"], [NESTED, { tag: "some", val: "x" }, "value.val"],
    [RESULT, 1, "value"], [RESULT, { tag: "err", val: 1 }, "value.val"], [THREE, [1, 2], "value"], [THREE, [1, 2, 256], "value[2]"],
    [BYTES, [1, 256], "value[1]"], [BYTES, "bytes", "value"], [BYTES, { length: 1, 0: 1 }, "value"], [BYTES, Uint16Array.of(256), "value[0]"], [LONGS, [1.5], "value[0]"], [SHORTS, Uint16Array.of(40000), "value[0]"],
    [IMAGE, { size: { xAxis: 0, yAxis: 0 }, pixels: [0, 0, 0, -1], layers: [] }, "value.pixels[3]"],
    [IMAGE, { size: { xAxis: 0, yAxis: 0 }, pixels: [], layers: ["ok", 5] }, "value.layers[1]"],
  ];

  test.each(bad)("towards the plugin: %s %o", (type, value, path) => {
    expect(() => lower(type, value)).toThrow(expect.objectContaining({ code: "argument-invalid", stage: "call", message: expect.stringContaining(`Cannot pass ${path}: it is `) }));
  });

  test.each(bad)("from the plugin: %s %o", (type, value, path) => {
    expect(() => lift(type, value)).toThrow(expect.objectContaining({ code: "result-invalid" }));
    // Towards the app, a list of numbers is a typed array or nothing: its elements need no look.
    if (!path.includes("pixels[")) return;
    expect(() => lift(type, value)).toThrow(expect.objectContaining({ message: expect.stringContaining("result.pixels: ") }));
  });

  test("what only the app may give is refused from the plugin", () => {
    for (const [type, value] of [["u64", 5], [OPTION, null], [BYTES, [1]], [BYTES, Uint8ClampedArray.of(1)], [BYTES, Uint16Array.of(1)], [BYTES, new ArrayBuffer(1)], [THREE, Uint8Array.of(1, 2, 3)]] as const) {
      expect(() => lift(type, value)).toThrow(expect.objectContaining({ code: "result-invalid" }));
    }
  });

  test("the message says what was found and wanted", () => {
    expect(() => lower("u8", 300)).toThrow("Cannot pass value: it is 300, where a whole number from 0 to 255 (u8) is wanted");
    expect(() => lower(SIZE, "huge")).toThrow('it is "huge", where one of "small", "very-large" (enum size) is wanted');
    expect(() => lift(POINTS, {})).toThrow("Cannot accept the plugin's result: it is an object, where an array (list<record point>) is declared");
    expect(() => lower(BYTES, Float64Array.of(0.5))).toThrow("value[0]: it is 0.5");
  });

  test("streams say that they cannot be passed yet", () => {
    expect(() => lower(STREAM, {})).toThrow(expect.objectContaining({ code: "component-unsupported", message: expect.stringContaining("stream<u8>") }));
    expect(() => lower("error-context", {})).toThrow(expect.objectContaining({ code: "component-unsupported" }));
  });

  test("describing a hostile value runs none of its code", () => {
    const trap = new Proxy({}, { get: () => { throw new Error("ran"); }, ownKeys: () => { throw new Error("ran"); } });
    expect(() => lower("u8", trap)).toThrow("it is an object");
    expect(() => lower("string", { toString: () => "x", toJSON: () => "x" })).toThrow("it is an object");
  });
});

test("whatever is given, the answer is a value of the type or one of the two errors", () => {
  fc.assert(fc.property(fc.anything({ withBigInt: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true }), fc.integer({ min: 0, max: types.length - 1 }), (value, type) => {
    if (types[type]?.kind === "resource" || type === STREAM) return;
    for (const [direction, code] of [[lower, "argument-invalid"], [lift, "result-invalid"]] as const) {
      let result: unknown;
      try {
        result = direction(type, value);
      } catch (error) {
        expect(error).toMatchObject({ code });
        continue;
      }
      // What came through once comes through again, unchanged.
      if (type !== OWN && type !== BORROW) expect(lift(type, result)).toStrictEqual(result);
    }
  }), { numRuns: 3_000, seed: 7 });
});
