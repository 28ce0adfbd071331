/** What holds for values in one direction only, and what they may cost. */
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { compileCodec } from "../../../src/component/value-codec.js";
import type { TypeDefinition, TypeReference } from "../../../src/component/world.js";
import { BORROW, BYTES, lift, liftContext, LONGS, lower, lowerContext, OPTIONS, OWN, POINT, SETTINGS, SHAPE, STRINGS } from "./support/lower-and-lift.js";
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
