import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BincodeType, bincodeType, BincodeProblem } from "../../../src/bincode/bincode-type.js";
import { decodeBincode } from "../../../src/bincode/decode-bincode.js";
import { encodeBincode } from "../../../src/bincode/encode-bincode.js";
import { fromHex, toHex } from "../../../src/bytes/hex.js";
import type { World } from "../../../src/component/world.js";

const TONE: BincodeType = {
  kind: "variant",
  cases: [{ name: "plain", type: null }, { name: "loud", type: { kind: "record", fields: [{ name: "marks", type: "u8" }] } }, { name: "named", type: "string" }],
};
const SETTINGS: BincodeType = {
  kind: "record",
  fields: [{ name: "greeting", type: "string" }, { name: "tone", type: TONE }, { name: "signature", type: { kind: "option", value: "string" } }, { name: "limits", type: { kind: "list", element: "s64" } }],
};
const tuple = (...items: readonly BincodeType[]): BincodeType => ({ kind: "tuple", items });
const option = (value: BincodeType): BincodeType => ({ kind: "option", value });

/** Written by the crate bincode 1.3 from the Rust values that these types describe. */
const VECTORS: readonly [type: BincodeType, value: unknown, hex: string][] = [
  [tuple("string"), ["Ada"], "0300000000000000416461"],
  [SETTINGS, { greeting: "Hé", tone: { tag: "loud", val: { marks: 2 } }, signature: "x", limits: new BigInt64Array([-1n, 2n ** 62n]) }, "030000000000000048c3a90100000002010100000000000000780200000000000000ffffffffffffffff0000000000000040"],
  [SETTINGS, { greeting: "", tone: { tag: "plain" }, signature: undefined, limits: new BigInt64Array() }, "000000000000000000000000000000000000000000"],
  [TONE, { tag: "named", val: "n" }, "0200000001000000000000006e"],
  [tuple("u8", "s8", "u16", "s16", "u32", "s32"), [255, -128, 65_535, -32_768, 4_294_967_295, -2_147_483_648], "ff80ffff0080ffffffff00000080"],
  [tuple("u64", "s64", "f32", "f64"), [2n ** 64n - 1n, -(2n ** 63n), 1.5, -2.25], "ffffffffffffffff00000000000000800000c03f00000000000002c0"],
  [tuple("char", "char", "char", "char", "bool", "bool"), ["a", "ß", "€", "𐐀", true, false], "61c39fe282acf09090800100"],
  [tuple({ kind: "result", ok: "u8", err: "string" }, { kind: "result", ok: "u8", err: "string" }), [{ tag: "ok", val: 7 }, { tag: "err", val: "no" }], "00000000070100000002000000000000006e6f"],
  [tuple(option(option("u8")), option(option("u8")), option(option("u8"))), [{ tag: "some", val: 1 }, { tag: "some", val: undefined }, { tag: "none" }], "010101010000"],
  [{ kind: "list", element: tuple("string", "u16") }, [["a", 1], ["b", 2]], "020000000000000001000000000000006101000100000000000000620200"],
  [{ kind: "list", element: "u8" }, new Uint8Array([1, 2, 3]), "0300000000000000010203"],
  [tuple(), [], ""],
  [{ kind: "enum", cases: ["a", "b"] }, "b", "01000000"],
];

test.each(VECTORS)("what Rust writes, %#", (type, value, hex) => {
  expect(toHex(encodeBincode(type, value))).toBe(hex);
  expect(decodeBincode(type, fromHex(hex) ?? new Uint8Array())).toEqual(value);
});

describe("refuses to write, naming the member", () => {
  const good = { greeting: "a", tone: { tag: "plain" }, signature: null, limits: [] };
  test.each<readonly [unknown, string]>([
    [{ ...good, tone: { tag: "loud", val: { marks: 256 } } }, "config.tone.val.marks is 256"],
    [{ ...good, tone: { tag: "quiet" } }, 'config.tone is "quiet", and must be as tag one of "plain"'],
    [{ ...good, tone: { tag: "plain", val: 1 } }, "config.tone.val is 1, and must be no value"],
    [{ ...good, limits: [1n, 2n ** 63n] }, "config.limits[1]"],
    [{ ...good, limits: "12" }, "config.limits"],
    [{ ...good, greeting: "\ud800" }, "config.greeting"],
    [{ ...good, more: 1 }, 'config has the unknown member "more"'],
    [{ tone: { tag: "plain" }, limits: [] }, "config.greeting is undefined"],
    [Object.create(good), "config.greeting is undefined"],
    [null, "config is null"], [[], "config is an array"], ["", "config"],
  ])("a record, %#", (value, message) => {
    expect(() => encodeBincode(SETTINGS, value, "config")).toThrow(BincodeProblem);
    expect(() => encodeBincode(SETTINGS, value, "config")).toThrow(message);
  });
  test.each<readonly [BincodeType, unknown]>([
    ["char", "ab"], ["char", ""], ["char", "\ud800"], ["bool", 1], ["u64", -1n], ["u64", 1.5], ["f32", "1"], ["u8", -0.5], [{ kind: "list", element: "u8" }, "ab"], [tuple("u8"), [1, 2]],
    [{ kind: "list", element: tuple() }, [[], []]],
  ])("a value, %#", (type, value) => {
    expect(() => encodeBincode(type, value)).toThrow(BincodeProblem);
  });
});

describe("refuses to read", () => {
  const text: BincodeType = "string";
  test.each<readonly [what: string, type: BincodeType, hex: string]>([
    ["a text that is cut short", text, "0300000000000000416"], ["a text whose length is a lie", text, "ffffffffffffffff41"], ["malformed UTF-8", text, "0100000000000000ff"],
    ["what follows the end", text, "00000000000000000000"], ["a list longer than its bytes", { kind: "list", element: "u32" }, "0200000000000000" + "00000000"],
    ["a list whose length is a lie", { kind: "list", element: "u32" }, "ffffffffffffffff"], ["a list of what takes no bytes", { kind: "list", element: tuple() }, "ffffffff00000000"], ["a flag that is none", "bool", "02"], ["an option's flag that is none", option("u8"), "02"],
    ["an unknown case", TONE, "03000000"], ["half a number", "u32", "0000"], ["half a character", "char", "e282"], ["nothing", "u8", ""],
  ])("%s", (_what, type, hex) => {
    expect(() => decodeBincode(type, fromHex(hex.length % 2 === 0 ? hex : `${hex}0`) ?? new Uint8Array())).toThrow(BincodeProblem);
  });

  test("any bytes without failing otherwise, and what it reads it writes again", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      let value: unknown;
      try {
        value = decodeBincode(SETTINGS, bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(BincodeProblem);
        return;
      }
      expect(encodeBincode(SETTINGS, value)).toEqual(new Uint8Array(bytes));
    }));
  });
});

test("WIT types are described with the names that handles have", () => {
  const world: World = {
    types: [
      { kind: "list", element: "u8" }, { kind: "record", fields: [{ name: "the-name", type: "string" }, { name: "data", type: 0 }] }, { kind: "option", value: 1 },
      { kind: "flags", names: ["a"] }, { kind: "list", element: "u8", length: 4 },
    ],
    imports: { interfaces: [], functions: [] }, exports: { interfaces: [], functions: [] },
  };
  expect(bincodeType(world, 2)).toEqual({ kind: "option", value: { kind: "record", fields: [{ name: "theName", type: "string" }, { name: "data", type: { kind: "list", element: "u8" } }] } });
  for (const reference of [3, 4, "error-context"] as const) expect(() => bincodeType(world, reference)).toThrow(BincodeProblem);
});
