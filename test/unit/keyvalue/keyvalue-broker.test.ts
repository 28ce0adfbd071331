import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InterfaceError, MalformedCall } from "../../../src/broker/call-errors.js";
import { type KeyValueBackend, keyValueIdentity } from "../../../src/broker/keyvalue/backend.js";
import { createKeyValueBroker } from "../../../src/broker/keyvalue/keyvalue-broker.js";
import { memoryKeyValue } from "../../../src/broker/keyvalue/memory-keyvalue.js";
import { fromUtf8, toUtf8 } from "../../../src/bytes/utf8.js";
import type { PluginLimits } from "../../../src/limits/plugin-limits.js";
import { perform, testInstance, type TestInstance } from "../broker/broker-context.js";

const IDENTITY = keyValueIdentity("acme.test", "publisher");

interface Store {
  readonly instance: TestInstance;
  call(operation: string, ...values: readonly unknown[]): Promise<unknown>;
  /** What a call's error result is. */
  error(operation: string, ...values: readonly unknown[]): Promise<unknown>;
  set(key: string, value: string, bucket?: string): Promise<unknown>;
  get(key: string, bucket?: string): Promise<string | undefined>;
}

function store(backend: KeyValueBackend = memoryKeyValue(), grant = "keyvalue", limits: Partial<PluginLimits> = {}, identity = IDENTITY): Store {
  const instance = testInstance([grant], limits);
  const { operations } = createKeyValueBroker(instance.context, backend, identity);
  const call = (operation: string, ...values: readonly unknown[]) => perform(operations, `keyvalue.${operation}`, values);
  return {
    instance,
    call,
    error: (operation, ...values) => call(operation, ...values).then((value) => ({ "it answered": value }), (error: unknown) => (error instanceof InterfaceError ? error.payload : error)),
    set: (key, value, bucket = "") => call("set", bucket, key, toUtf8(value)),
    async get(key, bucket = "") {
      const value = await call("get", bucket, key);
      return value instanceof Uint8Array ? fromUtf8(value) : undefined;
    },
  };
}

const NAMES = ["", "a", "__proto__", "constructor", "toString", "a/b", "\u0000", "\uffff", "é", "🗝", "../other", '["x"]'];

describe("a store", () => {
  it("keeps any name in any bucket apart from every other", async () => {
    const { call, set, get } = store();
    for (const bucket of NAMES) for (const key of NAMES) await set(key, `${bucket}|${key}`, bucket);
    for (const bucket of NAMES) {
      for (const key of NAMES) expect(await get(key, bucket)).toBe(`${bucket}|${key}`);
      expect(await call("list-keys", bucket)).toEqual({ keys: NAMES.toSorted(), last: undefined });
    }
    await call("delete", "a", "__proto__");
    expect(await call("exists", "a", "__proto__")).toBe(false);
    expect(await call("exists", "", "__proto__")).toBe(true);
  });

  it("gives nothing for what is not there, and deletes it without an error", async () => {
    const { call } = store();
    expect(await call("get", "", "x")).toBeUndefined();
    expect(await call("exists", "", "x")).toBe(false);
    expect(await call("delete", "", "x")).toBeUndefined();
    expect(await call("list-keys", "none")).toEqual({ keys: [], last: undefined });
  });

  it("keeps empty values, which are there", async () => {
    const { call, get, set } = store();
    await set("x", "");
    expect(await get("x")).toBe("");
    expect(await call("exists", "", "x")).toBe(true);
  });

  it("keeps what it was given, and not what became of it", async () => {
    const { call, get } = store();
    const bytes = toUtf8("first");
    await call("set", "", "x", bytes);
    bytes.fill(0);
    const given = await call("get", "", "x");
    if (given instanceof Uint8Array) given.fill(0);
    expect(await get("x")).toBe("first");
  });

  it("lists every key once, page by page, also when keys go meanwhile", async () => {
    const { call } = store();
    const keys = Array.from({ length: 1_234 }, (_item, index) => `key ${String(index).padStart(4, "0")}`);
    await call("set-many", "", keys.map((key) => [key, toUtf8("x")]));
    const listed: string[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const page = (await call("list-keys", "", after)) as { keys: string[]; last: string | undefined };
      expect(page.keys.length).toBeLessThanOrEqual(500);
      listed.push(...page.keys);
      // Deleting what was listed: a list that goes on at a position would pass over as many.
      await call("delete-many", "", page.keys);
      after = page.last;
      pages += 1;
    } while (after !== undefined);
    expect(listed).toEqual(keys);
    expect(pages).toBe(3);
  });

  it("has no bucket of a name that is too long, and no key", async () => {
    const { error, call } = store();
    expect(await call("open", "b".repeat(256))).toBeUndefined();
    expect(await error("open", "b".repeat(257))).toEqual({ tag: "no-such-store" });
    expect(await error("open", "é".repeat(129))).toEqual({ tag: "no-such-store" });
    expect(await error("get", "b".repeat(257), "x")).toEqual({ tag: "no-such-store" });
    expect(await call("set", "", "k".repeat(1_024), new Uint8Array(1))).toBeUndefined();
    expect(await error("set", "", "k".repeat(1_025), new Uint8Array(1))).toEqual({ tag: "other", val: "a key of 1025 bytes: at most 1024 are allowed" });
    expect(await error("get", "", "🗝".repeat(257))).toEqual({ tag: "other", val: "a key of 1028 bytes: at most 1024 are allowed" });
    expect(await error("get", "", "k".repeat(10_000_000))).toEqual({ tag: "other", val: "a key of 10000000 bytes: at most 1024 are allowed" });
  });
});

describe("other plugins' data", () => {
  it("is out of reach for another id, another publisher and an unsigned plugin", async () => {
    const backend = memoryKeyValue();
    const owner = store(backend);
    await owner.set("secret", "mine", "b");
    const others = [keyValueIdentity("acme.other", "publisher"), keyValueIdentity("acme.test", "another"), keyValueIdentity("acme.test", null), keyValueIdentity('acme.test","publisher', null)];
    for (const identity of others) {
      const other = store(backend, "keyvalue", {}, identity);
      expect(await other.get("secret", "b")).toBeUndefined();
      expect(await other.call("list-keys", "b")).toEqual({ keys: [], last: undefined });
      await other.set("secret", "theirs", "b");
      await other.call("delete", "b", "secret");
      for (const bucket of [IDENTITY, `${IDENTITY}/b`, `../${IDENTITY}`]) expect(await other.get("secret", bucket)).toBeUndefined();
    }
    expect(await owner.get("secret", "b")).toBe("mine");
  });

  it("stays when another plugin's is forgotten", async () => {
    const backend = memoryKeyValue();
    const other = keyValueIdentity("acme.test", "another");
    const [mine, theirs] = [store(backend), store(backend, "keyvalue", {}, other)];
    await mine.set("x", "mine");
    await theirs.set("x", "theirs");
    await backend.forget(IDENTITY);
    expect(await mine.get("x")).toBeUndefined();
    expect(await backend.usage(IDENTITY)).toEqual({ bytes: 0, entries: 0 });
    expect(await theirs.get("x")).toBe("theirs");
  });
});

describe("the quota", () => {
  it("counts keys, values and names of buckets, over all buckets, to the byte", async () => {
    const { set, error } = store(memoryKeyValue(), "keyvalue:20");
    await set("ab", "12345678");
    await set("c", "1234", "bkt");
    expect(await error("set", "x", "y", toUtf8("1"))).toEqual({ tag: "other", val: "quota exceeded: 18 bytes are used, 3 more were wanted, and 20 in all are allowed. Nothing was stored" });
    await set("y", "1");
    expect(await error("set", "", "y", toUtf8("12"))).toMatchObject({ val: expect.stringContaining("20 bytes are used, 1 more were wanted, and 20 in all") as unknown });
  });

  it("is the smaller one of the grant's and the app's", async () => {
    for (const [grant, limit] of [["keyvalue:10", 1_000], ["keyvalue:1000", 10], ["keyvalue", 10]] as const) {
      const { error, set } = store(memoryKeyValue(), grant, { keyValueBytes: limit });
      await set("k", "123456789");
      expect(await error("set", "", "k", toUtf8("1234567890")), grant).toMatchObject({ tag: "other", val: expect.stringMatching(/^quota .* and 10 in all/) as unknown });
    }
  });

  it("frees what is replaced or deleted", async () => {
    const { set, call, error } = store(memoryKeyValue(), "keyvalue:10");
    await set("k", "123456789");
    await set("k", "987654321");
    await set("k", "1");
    await set("l", "1234567");
    await call("delete-many", "", ["k", "l"]);
    await set("m", "123456789");
    expect(await error("set", "", "", toUtf8("1"))).toMatchObject({ tag: "other" });
  });

  it("lets a plugin that is above a lowered quota delete and replace by less, and store no more", async () => {
    const { instance, set, call, error } = store(memoryKeyValue(), "keyvalue:100");
    await set("a", "x".repeat(40));
    await set("b", "x".repeat(40));
    instance.grant("keyvalue:10");
    expect(await error("set", "", "c", new Uint8Array())).toMatchObject({ tag: "other", val: expect.stringContaining("82 bytes are used, 1 more") as unknown });
    await set("a", "x");
    await call("delete", "", "b");
    await set("a", "x".repeat(9));
  });

  it("stores nothing of a batch that does not fit", async () => {
    const { call, error } = store(memoryKeyValue(), "keyvalue:10");
    const pairs = ["a", "b", "c"].map((key) => [key, toUtf8("123")]);
    expect(await error("set-many", "", pairs)).toMatchObject({ tag: "other" });
    expect(await call("list-keys", "")).toEqual({ keys: [], last: undefined });
    await call("set-many", "", pairs.slice(0, 2));
    expect(await call("get-many", "", ["b", "c", "a"])).toEqual([toUtf8("123"), undefined, toUtf8("123")]);
  });

  it("counts a key that a batch names twice once, and keeps the last value", async () => {
    const backend = memoryKeyValue();
    const { call, get } = store(backend, "keyvalue:10");
    await call("set-many", "", [["k", toUtf8("123456789")], ["k", toUtf8("1")], ["k", toUtf8("12")]]);
    expect(await get("k")).toBe("12");
    expect(await backend.usage(IDENTITY)).toEqual({ bytes: 3, entries: 1 });
  });

  it("holds for increments and swaps", async () => {
    const { call, error, get } = store(memoryKeyValue(), "keyvalue:3");
    expect(await call("increment", "", "n", 99n, false)).toBe(99n);
    expect(await error("increment", "", "n", 1n, false)).toMatchObject({ tag: "other", val: expect.stringMatching(/^quota/) as unknown });
    expect(await error("swap", "", "n", toUtf8("99"), toUtf8("100"))).toMatchObject({ tag: "other", val: expect.stringMatching(/^quota/) as unknown });
    expect(await get("n")).toBe("99");
  });

  it("is exact for instances that write at once", async () => {
    const backend = memoryKeyValue();
    const instances = Array.from({ length: 5 }, () => store(backend, "keyvalue:1000"));
    const writes = instances.flatMap(({ error }, one) => Array.from({ length: 50 }, (_item, other) => error("set", "", `${one}${String(other).padStart(2, "0")}`, new Uint8Array(17))));
    const answers = await Promise.all(writes);
    expect(answers.filter((answer) => typeof answer === "object" && answer !== null && "it answered" in answer)).toHaveLength(50);
    expect(await backend.usage(IDENTITY)).toEqual({ bytes: 1_000, entries: 50 });
  });

  it("bounds how many entries there are, which cost a database more than they count", async () => {
    const { call, error } = store(memoryKeyValue(), "keyvalue");
    for (let start = 0; start < 65_536; start += 8_192) {
      await call("set-many", "", Array.from({ length: 8_192 }, (_item, index) => [String(start + index), new Uint8Array()]));
    }
    expect(await error("set", "", "one more", new Uint8Array())).toMatchObject({ tag: "other", val: expect.stringMatching(/^quota exceeded: 65536 keys/) as unknown });
    await call("delete", "", "7");
    await call("set", "", "one more", new Uint8Array());
  });

  it("is not passed by a view on a large buffer: only the bytes that it shows are kept", async () => {
    const kept: Uint8Array[] = [];
    const memory = memoryKeyValue();
    const backend: KeyValueBackend = {
      ...memory,
      update: (bucket, keys, change) =>
        memory.update(bucket, keys, (values, usage) => {
          const after = change(values, usage);
          kept.push(...after.filter((value) => value !== undefined));
          return after;
        }),
    };
    const { call } = store(backend, "keyvalue:100");
    const shared = new SharedArrayBuffer(8);
    await call("set", "", "view", new Uint8Array(new ArrayBuffer(1_000_000), 5, 3));
    await call("set", "", "shared", new Uint8Array(shared));
    expect(kept.map(({ buffer }) => [buffer.byteLength, buffer instanceof ArrayBuffer])).toEqual([[3, true], [8, true]]);
  });
});

describe("increment", () => {
  it("begins at the delta and counts on, as decimal text", async () => {
    const { call, get, set } = store();
    expect(await call("increment", "", "n", 5n, false)).toBe(5n);
    expect(await call("increment", "", "n", 2n ** 64n - 6n, false)).toBe(2n ** 64n - 1n);
    expect(await get("n")).toBe("18446744073709551615");
    expect(await call("increment", "", "s", -7n, true)).toBe(-7n);
    expect(await call("increment", "", "s", 7n, true)).toBe(0n);
    await set("s", "41");
    expect(await call("increment", "", "s", 1n, true)).toBe(42n);
  });

  it.each([
    ["a value that is no number", "12a", 1n, false],
    ["an empty value", "", 1n, false],
    ["a value with leading zeros", "007", 1n, false],
    ["minus zero", "-0", 1n, true],
    ["a value of a thousand digits", "9".repeat(1_000), 1n, false],
    ["more than u64", "18446744073709551615", 1n, false],
    ["less than 0 for u64", "-5", 1n, false],
    ["more than s64", "9223372036854775807", 1n, true],
    ["less than s64", "-9223372036854775808", -1n, true],
    ["bytes that are no text", "\u00ff", 1n, false],
  ])("refuses %s and changes nothing", async (_what, value, delta, signed) => {
    const { error, set, get } = store();
    await set("n", value);
    expect(await error("increment", "", "n", delta, signed)).toMatchObject({ tag: "other", val: expect.stringContaining("left as it is") as unknown });
    expect(await get("n")).toBe(value);
  });

  it("loses nothing when instances count at once", async () => {
    const backend = memoryKeyValue();
    const instances = [store(backend), store(backend), store(backend)];
    const sums = await Promise.all(instances.flatMap(({ call }) => Array.from({ length: 100 }, () => call("increment", "", "n", 1n, false))));
    expect(new Set(sums).size).toBe(300);
    expect(await store(backend).get("n")).toBe("300");
  });
});

describe("swap", () => {
  it("replaces what is as expected, and otherwise says what is there", async () => {
    const { call, get, set } = store();
    expect(await call("swap", "", "k", undefined, toUtf8("first"))).toBeUndefined();
    expect(await call("swap", "", "k", undefined, toUtf8("again"))).toEqual({ current: toUtf8("first") });
    expect(await call("swap", "", "k", toUtf8("first"), toUtf8("second"))).toBeUndefined();
    await set("k", "third");
    expect(await call("swap", "", "k", toUtf8("second"), toUtf8("fourth"))).toEqual({ current: toUtf8("third") });
    expect(await get("k")).toBe("third");
    await call("delete", "", "k");
    expect(await call("swap", "", "k", toUtf8("third"), toUtf8("fourth"))).toEqual({ current: undefined });
    expect(await call("exists", "", "k")).toBe(false);
  });

  it("is won by one of many", async () => {
    const backend = memoryKeyValue();
    const answers = await Promise.all(Array.from({ length: 20 }, (_item, index) => store(backend).call("swap", "", "k", undefined, toUtf8(String(index)))));
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
  });
});

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
