import { describe, expect, it, vi } from "vitest";
import { parseCapability } from "../../../src/capability/capability.js";
import { DecisionMemory } from "../../../src/host/grants/decision-memory.js";
import { parseGrantRecord } from "../../../src/host/grants/grant-record.js";
import { grantRecordKey, type GrantRecord, type GrantStore } from "../../../src/host/grants/grant-store.js";
import { memoryGrantStore } from "../../../src/host/grants/memory-grant-store.js";
import { remainingGrants } from "../../../src/host/grants/revoked-grants.js";

const record: GrantRecord = {
  pluginId: "acme.sample", vouchers: ["key:aa"], asked: "fs:rw:/data", capability: "fs:ro:/data/in", decision: "always", time: 1_700_000_000_000, title: "Sample", version: "1.2.3",
};
const clocks = parseCapability("clocks");
const decided = { record: { ...record, asked: "clocks", capability: "clocks" }, asked: clocks, capability: clocks };

describe("parseGrantRecord", () => {
  it("reads what was written, with and without a title", () => {
    expect(parseGrantRecord(structuredClone(record))?.record).toEqual(record);
    expect(parseGrantRecord({ ...record, title: undefined })?.record.title).toBeUndefined();
  });

  const foreign: readonly (readonly [what: string, value: unknown])[] = [
    ["nothing", undefined], ["null", null], ["a text", "always"], ["an array", [record]], ["an empty object", {}],
    ["another decision", { ...record, decision: "yes" }], ["another member", { ...record, extra: 1 }], ["no voucher", { ...record, vouchers: [] }],
    ["a voucher of no kind", { ...record, vouchers: ["aa"] }], ["an id that is none", { ...record, pluginId: "__proto__" }],
    ["a capability that is none", { ...record, capability: "everything" }], ["a capability that is not canonical", { ...record, asked: "http:POST,GET:https://a.example/", capability: "clocks" }],
    ["a bare wide capability", { ...record, asked: "fs", capability: "fs" }], ["a time that is none", { ...record, time: "now" }], ["a title that is none", { ...record, title: 5 }],
  ];
  it.each(foreign)("reads %s as nothing", (_what, value) => {
    expect(parseGrantRecord(value)).toBeUndefined();
  });
});

describe("grantRecordKey", () => {
  it("tells plugins, vouchers and questions apart, and nothing else", () => {
    const key = grantRecordKey(record);
    expect(grantRecordKey({ ...record, decision: "never", time: 1 } as GrantRecord)).toBe(key);
    const others = [{ pluginId: "acme.other" }, { vouchers: ["key:bb"] }, { vouchers: ["key:aa", "key:bb"] }, { asked: "clocks" }].map((change) => grantRecordKey({ ...record, ...change }));
    expect(new Set([key, ...others]).size).toBe(5);
    expect(grantRecordKey({ ...record, vouchers: ["key:bb", "key:aa"] })).toBe(grantRecordKey({ ...record, vouchers: ["key:aa", "key:bb"] }));
  });
});

describe("a memory", () => {
  const broken = (parts: Partial<GrantStore>): GrantStore => ({ ...memoryGrantStore(), ...parts });
  const failing = async (): Promise<never> => {
    throw new Error("storage is forbidden");
  };
  function memoryOf(store: GrantStore | null) {
    const problems: string[] = [];
    return { problems, memory: new DecisionMemory({ store, onProblem: (_id, reason) => problems.push(reason) }) };
  }
  const identity = { pluginId: "acme.sample", vouchers: ["key:aa"] };

  it("believes only what it can read of the store, and never a session", async () => {
    const { memory, problems } = memoryOf(broken({ list: async () => [record, { ...record, decision: "session" }, null, "x", { ...record, asked: "everything" }] }));
    expect((await memory.of(identity)).map((found) => found.record)).toEqual([record]);
    expect(problems).toEqual([]);
  });

  it("remembers nothing when the store cannot be read, and says so", async () => {
    for (const list of [failing, async () => "no list" as unknown as []]) {
      const { memory, problems } = memoryOf(broken({ list }));
      expect(await memory.of(identity)).toEqual([]);
      expect(problems).toEqual([expect.stringMatching(/^The grant store cannot read decisions: /)]);
    }
  });

  it("keeps for the session what the store cannot keep", async () => {
    const { memory, problems } = memoryOf(broken({ put: failing }));
    await memory.keep(decided);
    expect(problems).toEqual(["The grant store cannot keep decisions: storage is forbidden"]);
    expect((await memory.of(identity)).map((found) => found.record)).toEqual([decided.record]);
  });

  it("keeps everything for the session without a store", async () => {
    const { memory, problems } = memoryOf(null);
    await memory.keep(decided);
    expect(await memory.of(identity)).toHaveLength(1);
    expect(await memory.of({ ...identity, vouchers: ["key:bb"] })).toEqual([]);
    expect(await memory.forget("acme.sample", () => true)).toBe(true);
    expect(await memory.of(identity)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it("says that it could not forget what the store did not let go", async () => {
    for (const parts of [{ delete: failing }, { list: failing }]) {
      const { memory, problems } = memoryOf(broken({ list: async () => [record], ...parts }));
      expect(await memory.forget("acme.sample", () => true)).toBe(false);
      expect(problems).toHaveLength(1);
    }
  });

  it("gives a store that never answers up", async () => {
    vi.useFakeTimers();
    try {
      let answer: (records: readonly unknown[]) => void = () => undefined;
      const { memory, problems } = memoryOf(broken({ list: () => new Promise((resolve) => (answer = resolve)) }));
      const found = memory.of(identity);
      await vi.advanceTimersByTimeAsync(2_000);
      expect(await found).toEqual([]);
      expect(problems).toEqual(["The grant store cannot read decisions: it did not answer within 2000 ms"]);
      expect(vi.getTimerCount()).toBe(0);
      // It costs the time once. When it has answered, it is asked again.
      expect(await memory.of(identity)).toEqual([]);
      expect(problems.at(-1)).toBe("The grant store cannot read decisions: it has not answered an earlier question yet");
      answer([]);
      await vi.advanceTimersByTimeAsync(0);
      const later = memory.of(identity);
      answer([record]);
      expect(await later).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("remainingGrants", () => {
  const texts = (...all: string[]) => all.map((text) => parseCapability(text));
  it("takes away what overlaps, as a whole, and leaves the rest", () => {
    const granted = texts("clocks", "fs:rw:/data", "http:GET:https://a.example", "http:GET:https://b.example");
    expect(remainingGrants(granted, undefined)).toEqual([]);
    expect(remainingGrants(granted, parseCapability("fs:ro:/data/in"))).toEqual(texts("clocks", "http:GET:https://a.example", "http:GET:https://b.example"));
    expect(remainingGrants(granted, parseCapability("http:GET,PUT:https://a.example/v1"))).toEqual(texts("clocks", "fs:rw:/data", "http:GET:https://b.example"));
    expect(remainingGrants(granted, parseCapability("random"))).toEqual(granted);
  });
});
