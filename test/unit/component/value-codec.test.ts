import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileCodec, type LiftContext, type LowerContext } from "../../../src/component/value-codec.js";
import type { TypeDefinition, TypeReference } from "../../../src/component/world.js";

const types = [
  { kind: "record", name: "point", fields: [{ name: "x-axis", type: "s32" }, { name: "y-axis", type: "s32" }] }, // 0
  { kind: "list", element: 0 }, // 1
  { kind: "variant", name: "shape", cases: [{ name: "none", type: null }, { name: "circle", type: "f32" }, { name: "long-line", type: 1 }] }, // 2
  { kind: "enum", name: "size", cases: ["small", "very-large"] }, // 3
  { kind: "flags", name: "mode", names: ["read", "can-write"] }, // 4
  { kind: "tuple", items: ["u8", "string"] }, // 5
  { kind: "option", value: "u32" }, // 6
  { kind: "option", value: 6 }, // 7
  { kind: "result", ok: "u32", err: null }, // 8
  { kind: "list", element: "u8" }, // 9
  { kind: "list", element: "u64" }, // 10
  { kind: "list", element: "u8", length: 3 }, // 11
  { kind: "list", element: "string" }, // 12
  { kind: "resource", name: "blob", owner: "a:b/c" }, // 13
  { kind: "own", resource: 13 }, // 14
  { kind: "borrow", resource: 13 }, // 15
  { kind: "record", name: "image", fields: [{ name: "size", type: 0 }, { name: "pixels", type: 9 }, { name: "layers", type: 12 }] }, // 16
  { kind: "stream", element: "u8" }, // 17
  { kind: "list", element: "s16" }, // 18
  { kind: "list", element: "f32" }, // 19
  { kind: "record", name: "settings", fields: [{ name: "constructor", type: "u8" }, { name: "label", type: 6 }] }, // 20
  { kind: "option", value: 8 }, // 21
  { kind: "list", element: 6 }, // 22
] as const satisfies readonly TypeDefinition[];

const world = { types };
const POINT = 0, POINTS = 1, SHAPE = 2, SIZE = 3, MODE = 4, TUPLE = 5, OPTION = 6, NESTED = 7, RESULT = 8, BYTES = 9, LONGS = 10,
  THREE = 11, STRINGS = 12, OWN = 14, BORROW = 15, IMAGE = 16, STREAM = 17, SHORTS = 18, FLOATS = 19, SETTINGS = 20, OPTIONS = 22;

function lowerContext(overrides: Partial<LowerContext> = {}): LowerContext {
  return { budget: { remaining: 1e6 }, transfer: [], transferable: new Set(), resource: () => 7, ...overrides };
}

function liftContext(overrides: Partial<LiftContext> = {}): LiftContext {
  return { budget: { remaining: 1e6 }, resource: (id) => `resource ${id}`, ...overrides };
}

const lower = (type: TypeReference | null, value: unknown, context = lowerContext()) => compileCodec(world, type).lower(value, "value", context);
const lift = (type: TypeReference | null, value: unknown, context = liftContext()) => compileCodec(world, type).lift(value, "result", context);

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

describe("towards the plugin", () => {
  test("each member is read once", () => {
    let reads = 0;
    const point = { get xAxis() { reads += 1; return reads === 1 ? 5 : "changed"; }, yAxis: 0 };
    expect(lower(POINT, point)).toStrictEqual({ xAxis: 5, yAxis: 0 });
    expect(reads).toBe(1);
  });

  test("the result shares nothing with what the app keeps", () => {
    const pixels = new Uint8Array(10_000).fill(7);
    const context = lowerContext();
    const lowered = lower(BYTES, pixels, context) as Uint8Array;
    expect(lowered.buffer).not.toBe(pixels.buffer);
    expect(context.transfer).toEqual([lowered.buffer]);
    structuredClone(lowered, { transfer: context.transfer });
    expect(pixels).toHaveLength(10_000);
  });

  test("a buffer that the app gives away is moved, not copied, if the view spans it", () => {
    const pixels = new Uint8Array(10_000);
    const part = new Uint8Array(new ArrayBuffer(10_000), 1);
    const context = lowerContext({ transferable: new Set([pixels.buffer, part.buffer]) });
    expect((lower(BYTES, pixels, context) as Uint8Array).buffer).toBe(pixels.buffer);
    expect((lower(BYTES, pixels, context) as Uint8Array).buffer).toBe(pixels.buffer);
    expect((lower(BYTES, part, context) as Uint8Array).buffer).not.toBe(part.buffer);
    expect(context.transfer.filter((buffer) => buffer === pixels.buffer)).toHaveLength(1);
  });

  test("a buffer that was transferred away is noticed", () => {
    const pixels = new Uint8Array(8);
    structuredClone(pixels, { transfer: [pixels.buffer] });
    expect(() => lower(BYTES, pixels)).toThrow("transferred away before");
    expect(lower(BYTES, new Uint8Array())).toHaveLength(0);
  });

  test("shared memory is copied", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(4));
    shared.set([1, 2, 3, 4]);
    expect(lower(BYTES, shared)).toStrictEqual(Uint8Array.of(1, 2, 3, 4));
  });

  test("resources go through the context", () => {
    const seen: unknown[] = [];
    const context = lowerContext({ resource: (...call) => { seen.push(call); return 42; } });
    expect(lower(OWN, "blob", context)).toBe(42);
    expect(lower(BORROW, "blob", context)).toBe(42);
    expect(seen).toEqual([["blob", 13, "own", "value"], ["blob", 13, "borrow", "value"]]);
  });
});

describe("from the plugin", () => {
  test("only own properties count", () => {
    const inherited: unknown = Object.create({ xAxis: 1, yAxis: 2 });
    expect(() => lift(POINT, inherited)).toThrow(expect.objectContaining({ code: "result-invalid" }));
    expect(() => lift(SHAPE, Object.create({ tag: "none" }))).toThrow(expect.objectContaining({ code: "result-invalid" }));
    expect(() => lift(SETTINGS, { label: 1 })).toThrow("result.constructor: it is undefined");
  });

  test("nothing is slipped in beside the declared members", () => {
    const hostile: unknown = JSON.parse('{ "xAxis": 1, "yAxis": 2, "then": 1, "__proto__": { "polluted": true } }');
    const point = lift(POINT, hostile);
    expect(point).toStrictEqual({ xAxis: 1, yAxis: 2 });
    expect(Object.getPrototypeOf(point)).toBe(Object.prototype);
    expect(lift(SHAPE, { tag: "none", extra: 1 })).toStrictEqual({ tag: "none" });
  });

  test("typed arrays are known by their brand, not by what they say", () => {
    const forged = Object.create(Uint8Array.prototype, { length: { value: 4 }, byteLength: { value: 4 }, [Symbol.toStringTag]: { value: "Uint8Array" } });
    expect(() => lift(BYTES, forged)).toThrow(expect.objectContaining({ code: "result-invalid" }));
    expect(lift(BYTES, runInNewContext("Uint8Array.of(1, 2)"))).toHaveLength(2);
  });

  test("shared memory, which the plugin could still change, is refused", () => {
    expect(() => lift(BYTES, new Uint8Array(new SharedArrayBuffer(4)))).toThrow(expect.objectContaining({ code: "result-invalid" }));
  });

  test("a resource is a plain number, given to the context", () => {
    expect(lift(OWN, 3)).toBe("resource 3");
    for (const value of [-1, 1.5, "3", 3n, null, {}]) expect(() => lift(OWN, value)).toThrow(expect.objectContaining({ code: "result-invalid" }));
  });
});

describe("the limit of a message", () => {
  test.each<[string, TypeReference, unknown]>([
    ["bytes", BYTES, new Uint8Array(2_000)], ["elements", LONGS, Array.from({ length: 200 }, () => 1n)], ["text", "string", "x".repeat(600)], ["lists", STRINGS, Array.from({ length: 200 }, () => "")],
    ["a sparse list", OPTIONS, Object.assign([], { length: 2 ** 31 })],
  ])("%s beyond it are refused before they are copied", (_name, type, value) => {
    expect(() => lower(type, value, lowerContext({ budget: { remaining: 1_000 } }))).toThrow(expect.objectContaining({ code: "argument-invalid", message: expect.stringContaining("messageBytes") }));
    const fromPlugin = type === LONGS ? new BigUint64Array(200) : value;
    expect(() => lift(type, fromPlugin, liftContext({ budget: { remaining: 1_000 } }))).toThrow(expect.objectContaining({ code: "result-invalid", message: expect.stringContaining("messageBytes") }));
  });

  test("counts all values of a call together", () => {
    const context = lowerContext({ budget: { remaining: 2_500 } });
    lower(BYTES, new Uint8Array(2_000), context);
    expect(context.budget.remaining).toBeLessThanOrEqual(500);
    expect(() => lower(BYTES, new Uint8Array(2_000), context)).toThrow("messageBytes");
  });

  test("a value whose parts are shared over and over costs what it would cost written out", () => {
    const deep: TypeDefinition[] = [{ kind: "list", element: "bool" }];
    for (let level = 1; level < 20; level += 1) deep.push({ kind: "list", element: level - 1 });
    let value: unknown[] = [true];
    for (let level = 1; level < 20; level += 1) value = Array.from({ length: 10 }, () => value);
    expect(() => compileCodec({ types: deep }, 19).lift(value, "result", liftContext())).toThrow("messageBytes");
  });
});

test("types that share parts compile in linear time", () => {
  const deep: TypeDefinition[] = [{ kind: "tuple", items: ["u8", "u8"] }];
  for (let level = 1; level < 90; level += 1) deep.push({ kind: "tuple", items: [level - 1, level - 1] });
  const started = performance.now();
  compileCodec({ types: deep }, 89);
  expect(performance.now() - started).toBeLessThan(500);
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
