/** Calls that no store performs: without a grant, malformed, with too long an answer, or on a backend that fails. */
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InterfaceError, MalformedCall } from "../../../src/broker/call-errors.js";
import type { KeyValueBackend } from "../../../src/broker/keyvalue/backend.js";
import { createKeyValueBroker } from "../../../src/broker/keyvalue/keyvalue-broker.js";
import { memoryKeyValue } from "../../../src/broker/keyvalue/memory-keyvalue.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { testInstance } from "../broker/broker-context.js";
import { IDENTITY, store } from "./plugin-store.js";
describe("a grant", () => {
  const calls: readonly (readonly [string, ...unknown[]])[] = [
    ["open", "b"], ["get", "b", "k"], ["set", "b", "k", new Uint8Array()], ["delete", "b", "k"], ["exists", "b", "k"], ["list-keys", "b", undefined],
    ["get-many", "b", ["k"]], ["set-many", "b", []], ["delete-many", "b", ["k"]], ["increment", "b", "k", 1n, false], ["swap", "b", "k", undefined, new Uint8Array()],
  ];

  it("that is taken back denies every call from then on, and each is reported", async () => {
    const { instance, call, error, get } = store();
    for (const [operation, ...values] of calls) await call(operation, ...values);
    await call("set", "b", "k", toUtf8("kept"));
    instance.grant("log");
    for (const [operation, ...values] of calls) expect(await error(operation, ...values), operation).toEqual({ tag: "access-denied" });
    expect(instance.denials.map(({ capability, summary }) => [capability, summary])).toEqual(calls.map(() => ["keyvalue", 'bucket "b"']));
    expect(instance.denials.map((denial) => denial.function)).toContain("wasi:keyvalue/store#[method]bucket.list-keys");
    instance.grant("keyvalue");
    expect(await get("k", "b")).toBe("kept");
  });

  it("is the same for every operation that there is", () => {
    const { operations } = createKeyValueBroker(testInstance([]).context, memoryKeyValue(), IDENTITY);
    expect([...operations.keys()].toSorted()).toEqual(calls.map(([name]) => `keyvalue.${name}`).toSorted());
  });
});

describe("an answer", () => {
  it("of many values is bounded, whatever keys are named how often", async () => {
    const { call, error, set } = store(memoryKeyValue(), "keyvalue", { messageBytes: 1_000 });
    await set("k", "x".repeat(400));
    expect(await call("get-many", "", ["k", "k"])).toHaveLength(2);
    expect(await error("get-many", "", ["k", "k", "k"])).toEqual({ tag: "other", val: "these values have 1200 bytes, and one answer at most 1000: ask for fewer at once" });
    expect(await error("get-many", "", Array.from({ length: 10_001 }, () => "k"))).toMatchObject({ val: expect.stringContaining("a batch of 10001 keys") as unknown });
  });
});

describe("a call that our runtime does not make", () => {
  const malformed: readonly [what: string, operation: string, ...values: unknown[]][] = [
    ["no bucket", "get"], ["a bucket that is no text", "get", 7, "k"], ["a bucket that is an object", "get", { toString: () => "b" }, "k"],
    ["no key", "get", ""], ["a key that is no text", "get", "", ["k"]], ["a key that is no Unicode", "get", "", "\ud800"], ["a bucket that is no Unicode", "open", "\udc00"],
    ["no value", "set", "", "k"], ["a text as value", "set", "", "k", "text"], ["a buffer as value", "set", "", "k", new ArrayBuffer(8)], ["other numbers as value", "set", "", "k", new Uint16Array(2)],
    ["a list as value", "set", "", "k", [1, 2]],
    ["no list of keys", "get-many", "", "k"], ["a list with holes", "delete-many", "", Object.assign([], { length: 3 })], ["pairs of three", "set-many", "", [["k", new Uint8Array(), 1]]], ["pairs that are texts", "set-many", "", ["kv"]],
    ["a cursor that is a number", "list-keys", "", 7], ["an increment by a number", "increment", "", "k", 1, false], ["an increment by too much", "increment", "", "k", 2n ** 64n, false],
    ["a decrement of what cannot be negative", "increment", "", "k", -1n, false], ["an increment of no kind", "increment", "", "k", 1n], ["a swap without a value", "swap", "", "k", undefined], ["a swap of an expected text", "swap", "", "k", "a", new Uint8Array()],
  ];
  it.each(malformed)("is known as such: %s", async (_what: string, operation: string, ...values: readonly unknown[]) => {
    const { error } = store();
    expect(await error(operation, ...values)).toBeInstanceOf(MalformedCall);
  });

  it("is not one that has its bytes from another realm, as the policy frame's workers have", async () => {
    const { call, get } = store();
    const bytes: unknown = runInNewContext("new Uint8Array([104, 105])");
    expect(bytes instanceof Uint8Array).toBe(false);
    await call("set", "", "k", bytes);
    expect(await get("k")).toBe("hi");
  });

  it("never does anything else than answer, refuse or be malformed", async () => {
    const { call, instance } = store();
    const anything = fc.oneof(fc.anything({ withBigInt: true, withTypedArray: true, withMap: true, withNullPrototype: true }), fc.constantFrom("", "k", "b"), fc.uint8Array(), fc.array(fc.tuple(fc.string(), fc.uint8Array())));
    const operations = fc.constantFrom("open", "get", "set", "delete", "exists", "list-keys", "get-many", "set-many", "delete-many", "increment", "swap");
    await fc.assert(
      fc.asyncProperty(operations, fc.array(anything, { maxLength: 4 }), async (operation, values) => {
        const outcome = await call(operation, ...values).then(() => "answered", (error: unknown) => error);
        expect(outcome === "answered" || outcome instanceof InterfaceError || outcome instanceof MalformedCall).toBe(true);
      }),
      { numRuns: 2_000, seed: 7 },
    );
    expect(instance.failures, "failures of the store itself").toEqual([]);
  });
});

describe("a backend that fails", () => {
  const failing = (error: unknown): KeyValueBackend => ({
    get: () => Promise.reject(error), keys: () => Promise.reject(error), update: () => Promise.reject(error), usage: () => Promise.reject(error), forget: () => Promise.reject(error),
  });

  it.each([
    ["an error", new Error("https://internal.example/?token=1"), "the store failed"],
    ["nothing", null, "the store failed"],
    ["a full disk", new DOMException("full", "QuotaExceededError"), "the browser has no room left. Nothing was stored"],
  ])("with %s tells the app why and the plugin only that", async (_what, error, text) => {
    const broken = store(failing(error));
    for (const [operation, ...values] of [["get", "k"], ["set", "k", new Uint8Array()], ["list-keys"], ["increment", "k", 1n, false]] as const) {
      expect(await broken.error(operation, "", ...values)).toEqual({ tag: "other", val: text });
    }
    expect(broken.instance.failures).toEqual([error, error, error, error]);
  });

  it("by answering with what are no bytes is not believed", async () => {
    const lying = { ...memoryKeyValue(), get: async () => ["text"] as unknown as Uint8Array[] };
    const broken = store(lying);
    expect(await broken.error("get", "", "k")).toEqual({ tag: "other", val: "the store failed" });
    expect(broken.instance.failures).toHaveLength(1);
  });
});
