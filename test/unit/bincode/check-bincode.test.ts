import fc from "fast-check";
import { expect, test } from "vitest";
import { BincodeProblem, type BincodeType } from "../../../src/bincode/bincode-type.js";
import { checkBincode } from "../../../src/bincode/check-bincode.js";
import { decodeBincode } from "../../../src/bincode/decode-bincode.js";

const { type: anyType } = fc.letrec<{ type: BincodeType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<BincodeType>("u8", "s16", "u32", "u64", "f32", "f64", "bool", "char", "string"),
    fc.record({ kind: fc.constant("tuple" as const), items: fc.array(tie("type"), { maxLength: 3 }) }),
    fc.array(tie("type"), { minLength: 1, maxLength: 3 }).map((types) => ({ kind: "record" as const, fields: types.map((type, place) => ({ name: `f${place}`, type })) })),
    fc.array(fc.option(tie("type")), { minLength: 1, maxLength: 3 }).map((types) => ({ kind: "variant" as const, cases: types.map((type, place) => ({ name: `c${place}`, type })) })),
    fc.record({ kind: fc.constant("list" as const), element: tie("type") }),
    fc.record({ kind: fc.constant("option" as const), value: tie("type") }),
    fc.record({ kind: fc.constant("result" as const), ok: fc.option(tie("type")), err: fc.option(tie("type")) }),
    fc.constant<BincodeType>({ kind: "enum", cases: ["a", "b", "c"] }),
  ),
}));

/** Small numbers are likely to be counts and tags that are right. */
const anyBytes = fc.array(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(0, 0, 0, 0, 1, 1, 2) }, { weight: 1, arbitrary: fc.nat(255) }), { maxLength: 64 }).map((bytes) => new Uint8Array(bytes));

function problemOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof BincodeProblem) return error.message;
    throw error;
  }
}

test("finds what decoding finds, with the same words", () => {
  let accepted = 0;
  fc.assert(fc.property(anyType, anyBytes, (type, bytes) => {
    const problem = problemOf(() => checkBincode(type, bytes, "it"));
    if (problem === undefined) accepted++;
    expect(problem).toBe(problemOf(() => decodeBincode(type, bytes, "it")));
  }), { numRuns: 20_000 });
  expect(accepted).toBeGreaterThan(100);
});

test("attack: a count that is not there takes no time and no memory", () => {
  const bytes = new Uint8Array(16).fill(0xff);
  const type: BincodeType = { kind: "list", element: { kind: "record", fields: [{ name: "a", type: "u8" }, { name: "b", type: "string" }] } };
  expect(problemOf(() => checkBincode(type, bytes))).toContain("says that it has 18446744073709551615 items");
});

test("attack: a list of what takes no bytes is refused, whatever its count", () => {
  expect(problemOf(() => checkBincode({ kind: "list", element: { kind: "tuple", items: [] } }, new Uint8Array(8)))).toContain("cannot be bounded");
});

test("a part of a larger buffer is checked by itself", () => {
  const bytes = new Uint8Array([9, 9, 1, 0, 0, 0, 9]);
  expect(problemOf(() => checkBincode("u32", bytes.subarray(2, 6)))).toBeUndefined();
});
