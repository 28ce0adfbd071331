import fc from "fast-check";
import { expect, test } from "vitest";
import { BincodeProblem, type BincodeType } from "../../../src/bincode/bincode-type.js";
import { decodeBincode } from "../../../src/bincode/decode-bincode.js";
import { encodeBincode } from "../../../src/bincode/encode-bincode.js";
import { fromHex } from "../../../src/bytes/hex.js";
import { describePython, type FunctionShape, type PythonProcess, sharedPlugin, startedPlugin } from "./python-process.js";

/** A type with how its values are made, in the forms of this side. */
interface Typed {
  readonly type: BincodeType;
  readonly values: fc.Arbitrary<unknown>;
}

const whole = (type: BincodeType, min: number, max: number): Typed => ({ type, values: fc.integer({ min, max }) });
const text = fc.string({ unit: "binary", maxLength: 8 });
const PRIMITIVES: readonly Typed[] = [
  whole("u8", 0, 255), whole("s8", -128, 127), whole("u16", 0, 65_535), whole("s16", -32_768, 32_767), whole("u32", 0, 2 ** 32 - 1), whole("s32", -(2 ** 31), 2 ** 31 - 1),
  { type: "u64", values: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }, { type: "s64", values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { type: "f32", values: fc.float() }, { type: "f64", values: fc.double() }, { type: "bool", values: fc.boolean() },
  { type: "char", values: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) }, { type: "string", values: text },
];
const NAMES = ["a", "first-name", "x1-y2", "h-t-t-p-get", "none"] as const;

function composed({ type, values }: Typed, other: Typed): readonly Typed[] {
  const isOption = typeof type === "object" && type.kind === "option";
  const tagged = (tag: string, content: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => content.map((val) => ({ tag, val }));
  return [
    { type: { kind: "option", value: type }, values: isOption ? fc.oneof(tagged("some", values), fc.constant({ tag: "none" })) : fc.option(values, { nil: undefined }) },
    { type: { kind: "list", element: type }, values: fc.array(values, { maxLength: 4 }) },
    { type: { kind: "tuple", items: [type, other.type] }, values: fc.tuple(values, other.values) },
    { type: { kind: "record", fields: [{ name: NAMES[1], type }, { name: NAMES[3], type: other.type }] }, values: fc.record({ [NAMES[1]]: values, [NAMES[3]]: other.values }) },
    { type: { kind: "variant", cases: [{ name: NAMES[4], type: null }, { name: NAMES[2], type }, { name: NAMES[3], type: other.type }] }, values: fc.oneof(fc.constant({ tag: NAMES[4] }), tagged(NAMES[2], values), tagged(NAMES[3], other.values)) },
    { type: { kind: "enum", cases: NAMES }, values: fc.constantFrom(...NAMES) },
    { type: { kind: "result", ok: type, err: null }, values: fc.oneof(tagged("ok", values), fc.constant({ tag: "err" })) },
  ];
}

function typesOf(depth: number): fc.Arbitrary<Typed> {
  if (depth === 0) return fc.constantFrom(...PRIMITIVES);
  return fc.tuple(typesOf(depth - 1), typesOf(depth - 1), fc.nat(6)).map(([first, second, kind]) => composed(first, second)[kind] ?? first);
}

/** Types, each with some of its values. */
const EXAMPLES = fc.array(fc.nat(3).chain(typesOf).chain(({ type, values }) => fc.record({ type: fc.constant(type), values: fc.array(values, { minLength: 1, maxLength: 6 }) })), { minLength: 12, maxLength: 12 });

const ECHO = "def __getattr__(name):\n    if name.startswith('echo_'): return lambda value: value\n    raise AttributeError(name)\n";
const echoes = (types: readonly BincodeType[]): readonly FunctionShape[] => types.map((type, index) => ({ name: `echo-${index}`, parameters: [type], ok: type }));

async function withEchoes(types: readonly BincodeType[], use: (plugin: PythonProcess) => Promise<void>): Promise<void> {
  const ends: (() => Promise<void>)[] = [];
  const plugin = await startedPlugin({ source: ECHO, functions: echoes(types) }, (end) => ends.push(end));
  try {
    await use(plugin);
  } finally {
    for (const end of ends) await end();
  }
}

describePython("both implementations of bincode", () => {
  test("values of any type come back from Python as the bytes that were sent", async () => {
    await fc.assert(fc.asyncProperty(EXAMPLES, async (examples) => {
      await withEchoes(examples.map(({ type }) => type), async (plugin) => {
        for (const [index, { type, values }] of examples.entries()) {
          for (const value of values) {
            const sent = encodeBincode(type, value);
            expect(await plugin.call(`echo-${index}`, [value])).toEqual({ kind: "ok", value: decodeBincode(type, sent), bytes: sent });
          }
        }
      });
    }), { numRuns: 12 });
  });

  test("bytes that are a value for one are a value for the other, and what is refused is refused by both", async () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });
    const damages = fc.array(fc.record({ which: fc.nat(), damage, cut: fc.nat(6), more: fc.uint8Array({ maxLength: 3 }) }), { minLength: 60, maxLength: 60 });
    await fc.assert(fc.asyncProperty(EXAMPLES, damages, async (examples, all) => {
      await withEchoes(examples.map(({ type }) => type), async (plugin) => {
        for (const { which, damage: changes, cut, more } of all) {
          const index = which % examples.length;
          const { type, values } = examples[index] ?? { type: "u8", values: [] };
          const good = encodeBincode(type, values[which % values.length]);
          const bytes = Uint8Array.from([...good.subarray(0, good.length - (cut > 3 ? 0 : cut)), ...(cut === 0 ? more : [])]);
          for (const [place, value] of changes) if (bytes.length > 0) bytes[place % bytes.length] = value;
          const here = outcomeHere({ kind: "tuple", items: [type] }, bytes);
          const there = await plugin.call(`echo-${index}`, bytes);
          expect(there.kind, `${JSON.stringify(type)} ${bytes.join()}: ${here?.message}`).toBe(here === undefined ? "ok" : "trap");
        }
      });
    }), { numRuns: 8 });
  });
});

function outcomeHere(type: BincodeType, bytes: Uint8Array): BincodeProblem | undefined {
  try {
    decodeBincode(type, bytes);
    return undefined;
  } catch (error) {
    if (error instanceof BincodeProblem) return error;
    throw error;
  }
}

const MALFORMED: readonly (readonly [what: string, type: BincodeType, hex: string, message: string])[] = [
  ["a text whose length is a lie", "string", "ffffffffffffffff41", "says that it has 18446744073709551615 items, and 1 bytes are left"],
  ["malformed UTF-8", "string", "0100000000000000ff", "is not well-formed UTF-8"], ["a surrogate in UTF-8", "string", "0300000000000000eda080", "is not well-formed UTF-8"], ["what follows the end", "u8", "0000", "has 1 bytes after its end"],
  ["a list whose length is a lie", { kind: "list", element: "u32" }, "ffffffffffffff7f", "says that it has 9223372036854775807 items"], ["a list of texts whose length is a lie", { kind: "list", element: "string" }, "00000040000000000000", "says that it has 1073741824 items"],
  ["a list of flags that is one too long", { kind: "list", element: "bool" }, "02000000000000000101".slice(0, 18), "says that it has 2 items, and 1 bytes are left"], ["bytes whose length is a lie", { kind: "list", element: "u8" }, "ffffffffffffff0f00", "says that it has"],
  ["a flag that is none", "bool", "02", "is 2, and must be 0 or 1"], ["an option's flag that is none", { kind: "option", value: "u8" }, "0207", "is 2, and must be 0 or 1"], ["an unknown case", { kind: "enum", cases: ["a"] }, "01000000", "is case 1, of 1"],
  ["half a number", "u32", "0000", "ends after 2 of 4 bytes"], ["half a character", "char", "e282", "ends after 1 of 2 bytes"], ["a character that is none", "char", "80", "ends after 0 of 1 bytes"], ["nothing", "u8", "", "ends after 0 of 1 bytes"],
];

describePython("attack: arguments that are none", () => {
  const plugin = sharedPlugin({ source: ECHO, functions: echoes(MALFORMED.map(([, type]) => type)) });
  test.each(MALFORMED.map(([what, _type, hex, message], index) => [what, index, hex, message] as const))("%s", async (_what, index, hex, message) => {
    const answer = await plugin().call(`echo-${index}`, fromHex(hex) ?? new Uint8Array());
    expect(answer).toMatchObject({ kind: "trap", message: expect.stringContaining(`the arguments' tuple ${message}`) });
  });
});
