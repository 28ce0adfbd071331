import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GrantAnswer, GrantPolicy } from "../../../src/admission/decide-grants.js";
import type { VerifiedPluginOptions } from "../admission/verified-plugin.js";
import { refusal } from "../package/package-fixture.js";
import { keeperOf, signed } from "./recorded-keeper.js";
describe("a fixed list", () => {
  it("grants the same to every plugin, narrowed to what it asks for, and needs no store", async () => {
    const store = { list: vi.fn<() => Promise<never>>(), put: vi.fn<() => Promise<never>>(), delete: vi.fn<() => Promise<never>>() };
    const { load, events } = keeperOf(["clocks", "http:GET:https://a.example/v1", "http:POST:https://a.example/v2"], { store });
    expect(await load({ capabilities: ["clocks", "http:GET,POST:https://a.example", { capability: "random", optional: true }] })).toEqual([
      "clocks", "http:GET:https://a.example/v1", "http:POST:https://a.example/v2",
    ]);
    expect(events).toMatchObject([{ capability: "clocks", by: "policy" }, { granted: ["http:GET:https://a.example/v1", "http:POST:https://a.example/v2"] }, { capability: "random", granted: [], decision: "deny" }]);
    expect(store.list).not.toHaveBeenCalled();
  });

  it.each([["capability-unknown", ["everything"]], ["capability-invalid", ["http"]], ["capability-invalid", ["keyvalue:1", "keyvalue:2"]], ["usage-invalid", "clocks"], ["usage-invalid", [1]], ["usage-invalid", undefined]] as const)(
    "is refused as %s: %j", async (code, policy) => {
      expect(await refusal(() => keeperOf(policy as unknown as GrantPolicy).load(signed), code)).toContain("`grant` option");
    },
  );
});

describe("the question", () => {
  it("says who asks for what and why", async () => {
    const { load, asked } = keeperOf(() => true);
    await load({ capabilities: [{ capability: "http:POST,GET:https://a.example/", reason: "To send", optional: true }], signers: [2] }, { describe: () => "The app's own words" });
    expect(asked).toMatchObject([{
      plugin: { id: "acme.sample", version: "1.2.3", title: "Sample" }, trust: { kind: "signed" }, capability: "http:GET,POST:https://a.example",
      description: "The app's own words", reason: "To send", optional: true, previous: [],
    }]);
  });

  it("has this package's words where the app has none", async () => {
    const { load, asked } = keeperOf(() => true);
    await load({ capabilities: ["clocks"] }, { describe: () => undefined });
    expect(asked[0]?.description).toBe("Read the current time, measure durations and wait");
  });

  const nothing: readonly unknown[] = [false, undefined, null, 1, "once", "true", {}, { decision: true }, { decision: "yes" }, [true], { decision: "deny" }, { decision: "never" }, { decision: "once", capability: "random" }];
  it.each(nothing)("takes %j for no", async (answer) => {
    await refusal(() => keeperOf(() => answer as GrantAnswer).load(signed), "capability-not-granted");
  });

  it("takes a narrower answer, and never a wider one", async () => {
    const plugin: VerifiedPluginOptions = { capabilities: ["fs:ro:/data"] };
    expect(await keeperOf(() => ({ decision: "once", capability: "fs:rw:/data/in" })).load(plugin)).toEqual(["fs:ro:/data/in"]);
    const { load, keeper } = keeperOf(() => ({ decision: "always", capability: "fs:rw:/" }));
    expect(await load(plugin)).toEqual(["fs:ro:/data"]);
    expect(await keeper.list()).toMatchObject([{ asked: "fs:ro:/data", capability: "fs:ro:/data" }]);
  });

  it.each([
    ["throws", () => { throw new Error("no database"); }, "no database"],
    ["rejects", () => Promise.reject(new Error("no network")), "no network"],
    ["answers with a capability that is none", () => ({ decision: "once" as const, capability: "everything" }), "everything"],
    ["answers with a capability that is no text", () => ({ decision: "once", capability: 5 }) as unknown as GrantAnswer, "number"],
  ] as const)("fails the load, optional or not, when the app's function %s", async (_how, policy, says) => {
    for (const optional of [true, false]) {
      const { load, events } = keeperOf(policy);
      const failed = await load({ capabilities: [{ capability: "clocks", optional }] }).catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: "capability-not-granted" });
      expect(String(failed)).toContain(says);
      expect(String((failed as Error).cause)).toContain(says);
      expect(events).toMatchObject([{ kind: "grant", granted: [], decision: "deny", by: "policy" }]);
    }
  });
});

describe("loads at the same time", () => {
  it("share one question", async () => {
    let answer: (given: GrantAnswer) => void = () => undefined;
    const { load, asked } = keeperOf(() => new Promise((resolve) => (answer = resolve)));
    const loads = [load(signed), load(signed), load(signed)];
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    answer(true);
    expect(await Promise.all(loads)).toEqual([["clocks"], ["clocks"], ["clocks"]]);
    expect(asked).toHaveLength(1);
  });

  it("give the question up only when the last of them ended, and a later load asks anew", async () => {
    const { load, asked } = keeperOf(() => new Promise(() => undefined));
    const controllers = [new AbortController(), new AbortController()];
    const loads = controllers.map(({ signal }) => load(signed, { signal }).catch((error: unknown) => error));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    controllers[0]?.abort("first");
    expect(await loads[0]).toBe("first");
    expect(asked[0]?.signal.aborted).toBe(false);
    controllers[1]?.abort("second");
    expect(await loads[1]).toBe("second");
    expect(asked[0]?.signal.aborted).toBe(true);
    void load(signed);
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    expect(asked[1]?.signal.aborted).toBe(false);
  });

  it("of two versions are asked for each, since the person is shown each", async () => {
    const { load, asked } = keeperOf(() => new Promise(() => undefined));
    void load(signed);
    void load({ ...signed, manifest: { version: "9.0.0" } });
    await vi.waitFor(() => expect(asked.map(({ plugin }) => plugin.version).sort()).toEqual(["1.2.3", "9.0.0"]));
  });
});

describe("time", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("ends a question that nobody answers, for this load only, and a late answer is ignored", async () => {
    let answer: (given: GrantAnswer) => void = () => undefined;
    const { load, asked, events, keeper } = keeperOf(() => new Promise((resolve) => (answer = resolve)), { milliseconds: 1_000 });
    const refused = refusal(() => load(signed), "capability-not-granted");
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await refused).toContain("nobody answered in time");
    expect(events).toMatchObject([{ decision: "deny", by: "timeout" }]);
    expect(asked[0]?.signal.reason).toMatchObject({ name: "TimeoutError" });
    answer({ decision: "always" });
    await vi.advanceTimersByTimeAsync(0);
    expect(await keeper.list()).toEqual([]);
    void load(signed).catch(() => undefined);
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    await vi.runAllTimersAsync();
  });

  it("of a load stands still while it is asked, and not for what is known", async () => {
    let clock = 0;
    const pause = vi.fn<() => () => void>(() => {
      clock += 1;
      return () => (clock -= 1);
    });
    const { load } = keeperOf(async () => {
      expect(clock).toBeGreaterThan(0);
      return { decision: "session" };
    });
    await load({ ...signed, capabilities: ["clocks", "random"] }, { pause });
    expect(clock).toBe(0);
    expect(pause).toHaveBeenCalledTimes(2);
    await load({ ...signed, capabilities: ["clocks", "random"] }, { pause });
    expect(pause).toHaveBeenCalledTimes(2);
  });
});
