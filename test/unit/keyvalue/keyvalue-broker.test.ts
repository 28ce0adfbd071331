import { describe, expect, it } from "vitest";
import { keyValueIdentity } from "../../../src/broker/keyvalue/backend.js";
import { memoryKeyValue } from "../../../src/broker/keyvalue/memory-keyvalue.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { IDENTITY, store } from "./plugin-store.js";
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
