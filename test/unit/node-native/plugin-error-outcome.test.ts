import { describe, expect, test } from "vitest";
import type { BincodeType } from "../../../src/bincode/bincode-type.js";
import { decodeBincode } from "../../../src/bincode/decode-bincode.js";
import { encodeBincode } from "../../../src/bincode/encode-bincode.js";
import { pluginErrorOutcome, readPluginError } from "../../../src/node/native/plugin-error-outcome.js";
import { PLUGIN_ERROR } from "../../support/native-greeter.js";
import { functionOf } from "../../support/native-process.js";

const error = { code: "NOT_FOUND", message: "there is none", details: "{}" };
const enumOf = (...cases: readonly string[]): BincodeType => ({ kind: "enum", cases });
const variantOf = (...cases: readonly (readonly [string, BincodeType | null])[]): BincodeType => ({ kind: "variant", cases: cases.map(([name, type]) => ({ name, type })) });
const recordOf = (fields: Readonly<Record<string, BincodeType>>): BincodeType => ({ kind: "record", fields: Object.entries(fields).map(([name, type]) => ({ name, type })) });

const outcomeOf = (err: BincodeType | null, thrown = error) => pluginErrorOutcome(thrown, functionOf("a#b", [], null, { err }));

describe("fidius's error becomes the function's own", () => {
  test.each<readonly [string, BincodeType, unknown]>([
    ["a record of its form", PLUGIN_ERROR, error],
    ["a text", "string", "there is none"],
    ["an enum's case", enumOf("denied", "not-found"), "not-found"],
    ["a variant's case without payload", variantOf(["not-found", null]), { tag: "not-found" }],
    ["a variant's case with a text", variantOf(["denied", null], ["not-found", "string"]), { tag: "not-found", val: "there is none" }],
    ["a variant's case with the record", variantOf(["not-found", PLUGIN_ERROR]), { tag: "not-found", val: error }],
  ])("%s", (_, err, value) => {
    const outcome = outcomeOf(err);
    expect("bytes" in outcome && [outcome.kind, decodeBincode(err, outcome.bytes)]).toEqual(["err", value]);
  });

  test("nothing, where the type has none", () => {
    expect(outcomeOf(null)).toEqual({ kind: "err", bytes: new Uint8Array() });
  });

  test.each(["not-found", "not_found", "NotFound", "not found", "NOT-FOUND"])("the code %s is the case not-found", (code) => {
    expect(outcomeOf(enumOf("not-found"), { ...error, code }).kind).toBe("err");
  });
});

describe("otherwise it is a trap, with its words", () => {
  test.each<readonly [string, BincodeType]>([
    ["a number", "u32"], ["an enum without the case", enumOf("denied")], ["a variant whose case has a number", variantOf(["not-found", "u32"])],
    ["a record with other names", recordOf({ kind: "string", message: "string", details: { kind: "option", value: "string" } })],
    ["a record in another order", recordOf({ message: "string", code: "string", details: { kind: "option", value: "string" } })],
    ["a record with more", recordOf({ code: "string", message: "string", details: { kind: "option", value: "string" }, more: "u8" })],
    ["a list", { kind: "list", element: "string" }],
  ])("%s", (_, err) => {
    expect(outcomeOf(err)).toEqual({ kind: "trap", message: "it failed with what its error type does not provide for: NOT_FOUND: there is none" });
  });

  test("of a function that cannot fail", () => {
    expect(pluginErrorOutcome(error, functionOf("a#b", [], "u32"))).toEqual({ kind: "trap", message: "it failed, which its type does not provide for: NOT_FOUND: there is none" });
  });
});

test("what is no error of fidius's is one that nothing is known of", () => {
  expect(readPluginError(encodeBincode(PLUGIN_ERROR, error))).toEqual(error);
  expect(readPluginError(new Uint8Array())).toEqual({ code: "UNKNOWN", message: "it failed without saying why", details: undefined });
  expect(readPluginError(new Uint8Array(9).fill(0xff))).toMatchObject({ code: "UNKNOWN" });
});
