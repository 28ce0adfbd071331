import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAnnouncement, parseAnswer, parseOutcome } from "../../../src/rpc/parse-message.js";

describe("parseAnswer", () => {
  it("takes a raw value for a call", () => {
    expect(parseAnswer({ id: "1", type: "RAW", value: 5 })).toEqual({ id: "1", value: 5 });
  });

  it.each([
    ["Comlink's proxy form, which would hand the page an object", { id: "1", type: "HANDLER", name: "proxy", value: {} }],
    ["Comlink's throw form", { id: "1", type: "HANDLER", name: "throw", value: { isError: true, value: { message: "x" } } }],
    ["a call towards the page", { id: "1", type: "APPLY", path: ["constructor"], argumentList: [] }],
    ["an id that is no text", { id: 1, type: "RAW", value: 1 }],
    ["inherited members", Object.create({ id: "1", type: "RAW", value: 1 })],
    ["nothing", null],
    ["a text", "RAW"],
  ])("refuses %s", (_what, message) => {
    expect(parseAnswer(message)).toBeUndefined();
  });
});

describe("parseOutcome", () => {
  it("builds the outcome anew, without members of the worker's choice", () => {
    const message = JSON.parse('{"kind":"denied","authority":"fs","import":"x","__proto__":{"polluted":true},"extra":1}') as unknown;
    expect(parseOutcome(message)).toEqual({ kind: "denied", authority: "fs", import: "x" });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("bounds texts", () => {
    const outcome = parseOutcome({ kind: "trap", message: "x".repeat(100_000) });
    expect(outcome?.kind === "trap" && outcome.message.length).toBe(4_096);
  });

  it.each([{}, { kind: "constructor" }, { kind: "exited", success: "yes" }, { kind: "trap" }, { kind: "denied", authority: 1, import: "x" }, [], 7, undefined])("refuses %j", (message) => {
    expect(parseOutcome(message)).toBeUndefined();
  });

  it("never throws, whatever arrives", () => {
    fc.assert(fc.property(fc.anything({ withBigInt: true, withTypedArray: true, withMap: true, withNullPrototype: true }), (message) => {
      parseOutcome(message);
      parseAnswer(message);
      parseAnnouncement(message);
    }), { numRuns: 2_000 });
  });
});

describe("parseAnnouncement", () => {
  it("tells events and the seal apart", () => {
    expect(parseAnnouncement({ event: { kind: "output", stream: "stdout", text: "hi" } })).toEqual({ event: { kind: "output", stream: "stdout", text: "hi" } });
    expect(parseAnnouncement({ seal: { sealed: false, open: "it may fetch" } })).toEqual({ seal: { sealed: false, open: "it may fetch" } });
  });

  it.each([
    { event: { kind: "output", stream: "console", text: "x" } },
    { event: { kind: "log", level: 1, context: "", message: "" } },
    { seal: { sealed: "true" } },
    { seal: { sealed: true }, event: { kind: "output-truncated" } },
    {},
  ])("refuses %j", (message) => {
    expect(parseAnnouncement(message)).toBeUndefined();
  });
});

describe("a host call", () => {
  const call = { id: 1, operation: "keyvalue.get", arguments: ["bucket", new Uint8Array([1])] };

  it.each([0, 1, Number.MAX_SAFE_INTEGER])("is taken with the number %d", (id) => {
    expect(parseAnnouncement({ hostCall: { ...call, id } })).toEqual({ hostCall: { ...call, id } });
  });

  it("is built anew: members that it should not have go no further", () => {
    const message = JSON.parse('{"hostCall":{"id":1,"operation":"__proto__","arguments":[],"__proto__":{"polluted":true},"constructor":7}}') as unknown;
    const parsed = parseAnnouncement(message);
    expect(parsed).toEqual({ hostCall: { id: 1, operation: "__proto__", arguments: [] } });
    expect(parsed !== undefined && "hostCall" in parsed && Object.keys(parsed.hostCall)).toEqual(["id", "operation", "arguments"]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it.each([
    ["without a number", { operation: "x", arguments: [] }],
    ["with a negative number", { ...call, id: -1 }],
    ["with half a number", { ...call, id: 1.5 }],
    ["with no number at all", { ...call, id: Number.NaN }],
    ["with a number that is not exact", { ...call, id: 2 ** 53 }],
    ["with infinity", { ...call, id: Number.POSITIVE_INFINITY }],
    ["with a text for a number", { ...call, id: "1" }],
    ["with a bigint for a number", { ...call, id: 1n }],
    ["with an object for a number", { ...call, id: { valueOf: () => 1 } }],
    ["of no operation", { id: 1, arguments: [] }],
    ["of an operation that is no text", { ...call, operation: ["keyvalue.get"] }],
    ["of an operation with a name of 65 characters", { ...call, operation: "x".repeat(65) }],
    ["of an operation with a name of 32 million characters", { ...call, operation: "x".repeat(32_000_000) }],
    ["without arguments", { id: 1, operation: "x" }],
    ["with arguments that are no list", { ...call, arguments: { length: 1, 0: "a" } }],
    ["with a text as arguments", { ...call, arguments: "ab" }],
    ["with bytes as arguments", { ...call, arguments: new Uint8Array(2) }],
    ["with 17 members", { ...call, ...Object.fromEntries(Array.from({ length: 14 }, (_item, index) => [`more${index}`, 1])) }],
    ["with inherited members", Object.create(call)],
    ["that is a list", [1, "x", []]],
    ["that is nothing", null],
  ])("%s is refused", (_what, hostCall) => {
    expect(parseAnnouncement({ hostCall })).toBeUndefined();
  });

  it("beside anything else in one message is refused", () => {
    expect(parseAnnouncement({ hostCall: call, event: { kind: "output-truncated" } })).toBeUndefined();
    expect(parseAnnouncement({ hostCall: call, seal: { sealed: true } })).toBeUndefined();
    expect(parseAnnouncement(Object.create({ hostCall: call }))).toBeUndefined();
  });

  it("is never both a call and an answer to a call of the page's", () => {
    expect(parseAnswer({ id: "1", type: "RAW", value: 1, hostCall: call })).toEqual({ id: "1", value: 1 });
    expect(parseAnswer({ hostCall: call })).toBeUndefined();
  });
});
