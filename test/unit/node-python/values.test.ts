import { expect, test } from "vitest";
import type { BincodeType } from "../../../src/bincode/bincode-type.js";
import { describePython, type FunctionShape, sharedPlugin, startedPlugin } from "./python-process.js";

const option = (value: BincodeType): BincodeType => ({ kind: "option", value });
const list = (element: BincodeType): BincodeType => ({ kind: "list", element });
const tuple = (...items: readonly BincodeType[]): BincodeType => ({ kind: "tuple", items });
const POINT: BincodeType = { kind: "record", fields: [{ name: "first-name", type: "string" }, { name: "home-x", type: option("s32") }] };
const SHAPE: BincodeType = {
  kind: "variant",
  cases: [{ name: "empty", type: null }, { name: "circle", type: "f64" }, { name: "h-t-t-p-get", type: POINT }, { name: "maybe", type: option("u8") }],
};
const COLOR: BincodeType = { kind: "enum", cases: ["red", "blue-green"] };
const OUTCOME: BincodeType = { kind: "result", ok: "u8", err: null };

/** `show-…` gives the argument's Python form, `give-…` evaluates a form as the result. */
const SOURCE = `
import array, collections, dataclasses, enum, types

class Point:
    def __init__(self, first_name, home_x): self.first_name, self.home_x = first_name, home_x

@dataclasses.dataclass
class Named:
    first_name: str
    home_x: int = 3

Pair = collections.namedtuple("Pair", "first_name home_x")

class Color(str, enum.Enum):
    RED = "Red"

class Five:
    def __index__(self): return 5
    def __float__(self): return 5.0

class Liar:
    def __repr__(self): raise SystemError("never printed")

def __getattr__(name):
    if name.startswith("show_"): return repr
    if name.startswith("give_"): return lambda text: eval(text, globals())
    raise AttributeError(name)
`;

const GIVEN: readonly (readonly [type: BincodeType, value: unknown, form: string])[] = [
  [POINT, { "first-name": "Ada", "home-x": -1 }, "{'first_name': 'Ada', 'home_x': -1}"],
  [POINT, { "first-name": "", "home-x": undefined }, "{'first_name': '', 'home_x': None}"],
  [SHAPE, { tag: "empty" }, "{'Empty': None}"],
  [SHAPE, { tag: "circle", val: 1.5 }, "{'Circle': 1.5}"],
  [SHAPE, { tag: "h-t-t-p-get", val: { "first-name": "a", "home-x": 1 } }, "{'HTTPGet': {'first_name': 'a', 'home_x': 1}}"],
  [COLOR, "blue-green", "{'BlueGreen': None}"],
  [OUTCOME, { tag: "ok", val: 7 }, "{'Ok': 7}"],
  [OUTCOME, { tag: "err" }, "{'Err': None}"],
  [list("u8"), Uint8Array.of(1, 255), "[1, 255]"],
  [list("f32"), new Float32Array([1.5, Number.NaN, Number.NEGATIVE_INFINITY]), "[1.5, nan, -inf]"],
  [list(tuple("string", "u16")), [["a", 1], ["b", 2]], "[['a', 1], ['b', 2]]"],
  [tuple("char", "bool", "u64", "s64"), ["𐐀", true, 2n ** 64n - 1n, -(2n ** 63n)], "['𐐀', True, 18446744073709551615, -9223372036854775808]"],
  [option(option("u8")), { tag: "some", val: undefined }, "{'Some': None}"],
  [option(option("u8")), { tag: "some", val: 3 }, "{'Some': 3}"],
  [option(option("u8")), { tag: "none" }, "None"],
];

const TAKEN: readonly (readonly [type: BincodeType, form: string, value: unknown])[] = [
  [POINT, "Point('Ada', None)", { "first-name": "Ada", "home-x": undefined }],
  [POINT, "Named('Ada')", { "first-name": "Ada", "home-x": 3 }],
  [POINT, "Pair('Ada', 4)", { "first-name": "Ada", "home-x": 4 }],
  [POINT, "types.MappingProxyType({'first_name': 'Ada', 'more': 1})", { "first-name": "Ada", "home-x": undefined }],
  [SHAPE, "'Empty'", { tag: "empty" }], [SHAPE, "'Maybe'", { tag: "maybe", val: undefined }], [SHAPE, "{'Maybe': 2}", { tag: "maybe", val: 2 }],
  [COLOR, "Color.RED", "red"], [COLOR, "'BlueGreen'", "blue-green"], [OUTCOME, "'Err'", { tag: "err" }],
  [list("u8"), "b'ab'", Uint8Array.of(97, 98)], [list("u8"), "bytearray(b'ab')", Uint8Array.of(97, 98)], [list("u8"), "memoryview(b'abc')[::2]", Uint8Array.of(97, 99)], [list("u8"), "(1, 2)", Uint8Array.of(1, 2)],
  [list("u16"), "array.array('H', [1, 65535])", Uint16Array.of(1, 65535)], [list("u16"), "[Five(), 6]", Uint16Array.of(5, 6)],
  [list(tuple("string", "u8")), "{'a': 1, 'b': 2}", [["a", 1], ["b", 2]]], [tuple("u8", "string"), "(1, 'x')", [1, "x"]],
  ["f64", "7", 7], ["f64", "Five()", 5], ["f32", "1e300", Number.POSITIVE_INFINITY], ["f32", "-1e300", Number.NEGATIVE_INFINITY], ["f64", "float('-inf')", Number.NEGATIVE_INFINITY], ["f64", "float('nan')", Number.NaN],
  [list("f32"), "[1e39, 0.5]", Float32Array.of(Number.POSITIVE_INFINITY, 0.5)],
];

const REFUSED: readonly (readonly [type: BincodeType, form: string, message: string])[] = [
  ["u8", "256", "the result is 256, and must be a whole number from 0 to 255"], ["u8", "-1", "is -1"], ["u8", "True", "is True"], ["u8", "1.0", "is 1.0"], ["u8", "'1'", "is '1'"], ["u8", "None", "is None"],
  ["s64", "2**63", "from -9223372036854775808 to 9223372036854775807"], ["u64", "10**5000", "is of type int, and must be a whole number"],
  ["f64", "True", "is True, and must be a number"], ["f64", "'1'", "must be a number"], ["f64", "10**400", "must be a number"],
  ["bool", "1", "is 1, and must be True or False"], ["char", "'ab'", "exactly one character"], ["char", "''", "exactly one character"], ["char", "'\\ud800'", "exactly one character"], ["char", "97", "exactly one character"],
  ["string", "'a\\udc80'", "well-formed text"], ["string", "b'a'", "is of type bytes, and must be well-formed text"],
  [POINT, "{'home_x': 1}", "the result.first_name is missing"], [POINT, "{'first_name': 1}", "the result.first_name is 1, and must be well-formed text"], [POINT, "{'first_name': 'a', 'home_x': 2**31}", "the result.home_x is 2147483648"], [POINT, "('a', 1)", "a mapping or an object with first_name, home_x"], [POINT, "5", "is 5"], [POINT, "Liar()", "the result.first_name is missing"],
  [SHAPE, "'Square'", "one of Empty, Circle, HTTPGet, Maybe"], [SHAPE, "{'Empty': 1}", "the result.Empty is 1, and must be None"], [SHAPE, "'Circle'", "the result.Circle is None, and must be a number"], [SHAPE, "{}", "one of"], [SHAPE, "{'Circle': 1, 'Empty': None}", "one of"], [SHAPE, "{1: 2}", "is 1"],
  [list("u8"), "'ab'", "must be a list"], [list("u8"), "[1, 256]", "the result[1] is 256"], [list("u16"), "b'ab'", "must be a list"], [list("u16"), "[1, True]", "the result[1] is True"], [list("u16"), "(i for i in range(3))", "is of type generator"], [list(POINT), "[{'first_name': 'a'}, {}]", "the result[1].first_name is missing"],
  [tuple("u8", "u8"), "[1]", "a list or a tuple of 2"], [tuple("u8", "u8"), "(1, 'x')", "the result[1] is 'x'"], [option(option("u8")), "3", 'None or {"Some": value}'],
  ["u8", "Liar()", "is of type Liar"],
];

const TYPES = [...GIVEN, ...TAKEN, ...REFUSED].map(([type]) => type);
const FUNCTIONS = TYPES.flatMap((type, index): readonly FunctionShape[] => [
  { name: `show-${index}`, parameters: [type], ok: "string" },
  { name: `give-${index}`, parameters: ["string"], ok: type },
]);

describePython("values have the forms that fidius gives them", () => {
  const plugin = sharedPlugin({ source: SOURCE, functions: FUNCTIONS });
  const call = async (name: string, type: BincodeType, value: unknown): Promise<unknown> => {
    const answer = await plugin().call(`${name}-${TYPES.indexOf(type)}`, [value]);
    return answer.kind === "ok" ? answer.value : answer;
  };

  test.each(GIVEN)("given, %#", async (type, value, form) => {
    expect(await call("show", type, value)).toBe(form);
    if (!form.includes("nan")) expect(await call("give", type, form)).toEqual(value);
  });
  test.each(TAKEN.map(([type, form, value]) => [form, type, value] as const))("taken: %s", async (form, type, value) => {
    expect(await call("give", type, form)).toEqual(value);
  });
  test.each(REFUSED.map(([type, form, message]) => [form, message, type] as const))("refused: %s", async (form, message, type) => {
    expect(await call("give", type, form)).toMatchObject({ kind: "trap", message: expect.stringContaining(message) });
  });

  test("a function without a result answers with None, and with nothing else", async () => {
    const plugin = await startedPlugin({ source: "def good(): pass\ndef bad(): return 1\n", functions: [{ name: "good" }, { name: "bad" }] });
    expect(await plugin.call("good")).toMatchObject({ kind: "ok" });
    expect(await plugin.call("bad")).toMatchObject({ kind: "trap", message: expect.stringContaining("the result is 1, and must be None") });
  });

  test("raw methods take and give bytes, without bincode of their own", async () => {
    const functions: readonly FunctionShape[] = [{ name: "reverse-all", parameters: [list("u8")], ok: list("u8"), raw: true }, { name: "kind", parameters: [list("u8")], ok: list("u8"), raw: true }];
    const plugin = await startedPlugin({ source: "def reverse_all(data): return data[::-1]\ndef kind(data): return type(data).__name__.encode()\n", functions });
    const large = new Uint8Array(1024 * 1024).map((_, index) => index);
    const answer = await plugin.call("reverse-all", [large]);
    expect(answer.kind === "ok" && Buffer.compare(answer.value as Uint8Array, large.toReversed())).toBe(0);
    expect(await plugin.call("kind", [new Uint8Array()])).toMatchObject({ value: new Uint8Array(Buffer.from("bytes")) });
  });
});
