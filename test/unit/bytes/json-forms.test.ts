import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyJson, arrayOf, objectOf, oneOf, textOf, wholeNumberFrom } from "../../../src/bytes/json-forms.js";
import { JsonProblem, parseDocument, parseString } from "../../../src/bytes/json-parser.js";

const form = objectOf(
  { name: textOf({ test: (text) => /^[a-z]+$/.test(text), wanted: "lower-case letters" }), sizes: arrayOf(wholeNumberFrom(1), 3) },
  { kind: oneOf("a", "b"), strict: oneOf(true, false), extra: anyJson },
);
const problem = (value: unknown): string => {
  try {
    form(value, "file");
  } catch (error) {
    if (error instanceof JsonProblem) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
};

describe("objectOf() and its parts", () => {
  test("gives what fits, false and absent members included", () => {
    expect(form({ name: "x", sizes: [1, 2] }, "file")).toEqual({ name: "x", sizes: [1, 2] });
    expect(form({ name: "x", sizes: [], kind: "b", strict: false, extra: null }, "file")).toEqual({ name: "x", sizes: [], kind: "b", strict: false, extra: null });
  });

  test.each<[unknown, string]>([
    [null, "file is not an object"],
    [[], "file is not an object"],
    [{ name: "x" }, "file has no sizes"],
    [{ name: "x", sizes: [], other: 1 }, 'file has the unknown member "other"'],
    [JSON.parse('{"name":"x","sizes":[],"__proto__":{}}'), 'file has the unknown member "__proto__"'],
    [{ name: "x", sizes: [], "a\u202eb": 1 }, 'file has the unknown member "a\\u202eb"'],
    [{ name: 1, sizes: [] }, "file.name is not text"],
    [{ name: "X", sizes: [] }, "file.name must be lower-case letters"],
    [{ name: "x", sizes: {} }, "file.sizes is not an array"],
    [{ name: "x", sizes: [1, 1, 1, 1] }, "file.sizes has 4 items, where at most 3 are allowed"],
    [{ name: "x", sizes: [1, 0] }, "file.sizes[1] must be a whole number from 1"],
    [{ name: "x", sizes: [1, 2 ** 53] }, "file.sizes[1] must be a whole number from 1"],
    [{ name: "x", sizes: [1, "1"] }, "file.sizes[1] must be a whole number from 1"],
    [{ name: "x", sizes: [], kind: "c" }, 'file.kind must be "a" or "b"'],
    [{ name: "x", sizes: [], strict: 0 }, "file.strict must be true or false"],
    [{ name: "x", sizes: [], strict: undefined }, "file.strict must be true or false"],
  ])("%j: %s", (value, message) => expect(problem(value)).toBe(message));

  test("inherited members are none", () => {
    expect(problem(Object.create({ name: "x", sizes: [] }))).toBe("file has no name");
  });

  test("opaque values are carried by reference, with members named __proto__", () => {
    const extra: unknown = JSON.parse('{"__proto__":{"polluted":true}}');
    expect(form({ name: "x", sizes: [], extra }, "file").extra).toBe(extra);
  });

  test("any value is parsed or refused with a problem", () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom("name", "sizes", "kind", "strict"), (value, member) => {
        for (const candidate of [value, { name: "x", sizes: [], [member]: value }]) {
          try {
            expect(form(candidate, "file")).toEqual(candidate);
          } catch (error) {
            if (!(error instanceof JsonProblem)) throw error;
          }
        }
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});

describe("parseDocument()", () => {
  const refuse = (reason: string) => new RangeError(`Cannot read it: ${reason}`);

  test("turns a problem into the caller's error", () => {
    expect(parseDocument(parseString, "x", "file", refuse)).toBe("x");
    expect(() => parseDocument(parseString, 1, "file", refuse)).toThrow(new RangeError("Cannot read it: file is not text"));
  });

  test("passes on every other error", () => {
    const fail = () => {
      throw new TypeError("a defect");
    };
    expect(() => parseDocument(fail, 1, "file", refuse)).toThrow(TypeError);
  });
});
