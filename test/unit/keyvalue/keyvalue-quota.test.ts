import { describe, expect, it } from "vitest";
import type { KeyValueBackend } from "../../../src/broker/keyvalue/backend.js";
import { memoryKeyValue } from "../../../src/broker/keyvalue/memory-keyvalue.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { IDENTITY, store } from "./plugin-store.js";
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
