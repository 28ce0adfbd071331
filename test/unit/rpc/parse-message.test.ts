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
