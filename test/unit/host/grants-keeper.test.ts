import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { decideGrants, type GrantAnswer, type GrantEvent, type GrantPolicy, type GrantRequest } from "../../../src/admission/decide-grants.js";
import { printCapability } from "../../../src/capability/capability.js";
import { GrantKeeper, type GrantKeeperOptions, type GrantLoad, type GrantProblem, type GrantRevocation } from "../../../src/host/grants/grant-keeper.js";
import { memoryGrantStore } from "../../../src/host/grants/memory-grant-store.js";
import { type VerifiedPluginOptions, verifiedPlugin } from "../admission/verified-plugin.js";
import { refusal } from "../package/package-fixture.js";

type Ask = (request: GrantRequest) => GrantAnswer | Promise<GrantAnswer>;

/** A host's grants, with everything that they tell. */
function keeperOf(policy: GrantPolicy | readonly GrantAnswer[], options: Partial<GrantKeeperOptions> = {}) {
  const asked: GrantRequest[] = [];
  const events: (GrantEvent | GrantProblem)[] = [];
  const revoked: GrantRevocation[] = [];
  const recording = (ask: Ask): Ask => (request) => {
    asked.push(request);
    return ask(request);
  };
  const keeper = new GrantKeeper({
    policy: typeof policy === "function" ? recording(policy) : (policy as readonly string[]),
    store: memoryGrantStore(), milliseconds: 60_000,
    onEvent: (event) => events.push(event), onRevoked: (revocation) => revoked.push(revocation), ...options,
  });
  const load = async (plugin: VerifiedPluginOptions, parts: Partial<GrantLoad> = {}): Promise<readonly string[]> => {
    const verified = await verifiedPlugin(plugin);
    const whole: GrantLoad = { offered: (capability) => capability, signal: new AbortController().signal, pause: () => () => undefined, ...parts };
    return (await decideGrants(verified, keeper.open(verified, whole))).map(printCapability);
  };
  return { keeper, load, asked, events, revoked, askedFor: () => asked.map(({ capability }) => capability) };
}

/** Answers that come one after the other. */
function answers(...all: GrantAnswer[]): Ask {
  return () => all.shift() ?? expect.fail("it was asked once too often");
}

const signed: VerifiedPluginOptions = { capabilities: ["clocks"], signers: [1] };

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

describe("what is remembered", () => {
  it("asks again after a plain true, and after once", async () => {
    const store = memoryGrantStore();
    const { load, askedFor, keeper } = keeperOf(answers(true, { decision: "once" }, true), { store });
    for (let time = 0; time < 3; time += 1) expect(await load(signed)).toEqual(["clocks"]);
    expect(askedFor()).toEqual(["clocks", "clocks", "clocks"]);
    expect([...(await keeper.list()), ...(await store.list())]).toEqual([]);
  });

  it("asks again after a refusal that was not for ever", async () => {
    const { load } = keeperOf(answers({ decision: "deny" }, false, true));
    await refusal(() => load(signed), "capability-not-granted");
    await refusal(() => load(signed), "capability-not-granted");
    expect(await load(signed)).toEqual(["clocks"]);
  });

  it("keeps a decision for the session in this host and nowhere else", async () => {
    const store = memoryGrantStore();
    const { load, events } = keeperOf(answers({ decision: "session" }), { store });
    await load(signed);
    await load(signed);
    expect(events).toMatchObject([{ decision: "session", by: "person" }, { decision: "session", by: "session" }]);
    expect(await store.list()).toEqual([]);
    const other = keeperOf(() => false, { store });
    await refusal(() => other.load(signed), "capability-not-granted");
  });

  it.each(["always", "never"] as const)("keeps %s in the store, for other hosts too", async (decision) => {
    const store = memoryGrantStore();
    const load = async (host: ReturnType<typeof keeperOf>) => host.load(signed).catch((error: { readonly code: string }) => error.code);
    const results = [await load(keeperOf(answers({ decision }), { store })), await load(keeperOf(answers(), { store }))];
    expect(results).toEqual(decision === "always" ? [["clocks"], ["clocks"]] : ["capability-not-granted", "capability-not-granted"]);
    const { keeper } = keeperOf(answers(), { store });
    expect(await keeper.list()).toMatchObject([{ pluginId: "acme.sample", asked: "clocks", capability: "clocks", decision, title: "Sample", version: "1.2.3" }]);
  });

  it("gives another publisher's plugin of the same id nothing", async () => {
    const { load, askedFor } = keeperOf(answers({ decision: "always" }, { decision: "session" }, false, true, true));
    await load(signed);
    await load({ ...signed, signers: [2] });
    expect(await load({ ...signed, signers: [1] })).toEqual(["clocks"]);
    await refusal(() => load({ ...signed, signers: [3] }), "capability-not-granted");
    // Who signs nothing vouches for nothing, and a key's decision is no component's.
    await load({ ...signed, signers: [] });
    expect(askedFor()).toHaveLength(4);
    // Two publishers who both sign: what was decided for one of them holds.
    expect(await load({ ...signed, signers: [1, 3] })).toEqual(["clocks"]);
    expect(askedFor()).toHaveLength(4);
  });

  it("binds an unsigned plugin's grants to its very component", async () => {
    const { load, askedFor } = keeperOf(answers({ decision: "always" }, false));
    const unsigned: VerifiedPluginOptions = { capabilities: ["clocks"] };
    await load(unsigned);
    await load({ ...unsigned, manifest: { version: "1.3.0" } });
    const { package: { manifest } } = await verifiedPlugin(unsigned);
    const files = manifest.files.map((file) => (file.path === manifest.component ? { ...file, sha256: "0".repeat(64) } : file));
    await refusal(() => load({ ...unsigned, manifest: { files, transpiled: [] } }), "capability-not-granted");
    expect(askedFor()).toHaveLength(2);
  });

  it("does not ask again for what was answered with less", async () => {
    const { load, askedFor, keeper } = keeperOf(answers({ decision: "always", capability: "fs:ro:/data/in" }));
    const plugin: VerifiedPluginOptions = { capabilities: ["fs:rw:/data"], signers: [1] };
    expect(await load(plugin)).toEqual(["fs:ro:/data/in"]);
    expect(await load(plugin)).toEqual(["fs:ro:/data/in"]);
    expect(askedFor()).toHaveLength(1);
    expect(await keeper.list()).toMatchObject([{ asked: "fs:rw:/data", capability: "fs:ro:/data/in" }]);
  });
});

describe("an update", () => {
  const before: VerifiedPluginOptions = { capabilities: ["clocks", "http:GET:https://a.example"], signers: [1] };
  const wide = "http:GET,POST:https://a.example";
  const update = (optional: boolean): VerifiedPluginOptions => ({ capabilities: ["clocks", { capability: wide, optional }, { capability: "random", optional }], signers: [1], manifest: { version: "2.0.0" } });

  it("is asked only for what is new, told with what was allowed before", async () => {
    const { load, asked, askedFor } = keeperOf(({ capability }) => ({ decision: capability === "random" ? "once" : "always" }));
    await load(before);
    asked.length = 0;
    expect(await load(update(false))).toEqual(["clocks", "random", wide]);
    expect(askedFor()).toEqual([wide, "random"]);
    expect(asked.map(({ previous }) => previous)).toEqual([["http:GET:https://a.example"], []]);
  });

  it("keeps what it had when more is refused, also for ever", async () => {
    for (const decision of ["deny", "never"] as const) {
      const { load } = keeperOf(({ plugin }) => ({ decision: plugin.version === "2.0.0" ? decision : "always" }));
      await load(before);
      for (let time = 0; time < 2; time += 1) expect(await load(update(true))).toEqual(["clocks", "http:GET:https://a.example"]);
      await refusal(() => load(update(false)), "capability-not-granted");
    }
  });

  it("that asks for less, or includes what was refused for ever, asks nobody", async () => {
    const { load, askedFor } = keeperOf(answers({ decision: "always" }, { decision: "never" }));
    const asking = (capability: string) => load({ capabilities: [{ capability, optional: true }], signers: [1] });
    await asking("fs:rw:/data");
    expect(await asking("fs:ro:/data/in")).toEqual(["fs:ro:/data/in"]);
    expect(await asking("http:POST:https://a.example/v1")).toEqual([]);
    expect(await asking("http:GET,POST:https://a.example")).toEqual([]);
    expect(askedFor()).toEqual(["fs:rw:/data", "http:POST:https://a.example/v1"]);
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

describe("revoke", () => {
  it("forgets what it touches, and tells what runs", async () => {
    const { load, keeper, revoked } = keeperOf(() => ({ decision: "always" }));
    await load({ capabilities: ["clocks", "fs:ro:/data", "http:GET:https://a.example"], signers: [1] });
    await load({ capabilities: ["clocks"], signers: [1], manifest: { id: "acme.other" } });
    expect(await keeper.revoke("acme.sample", "fs:rw:/data/in")).toBe(true);
    const left = async () => (await keeper.list()).map(({ pluginId, capability }) => `${pluginId} ${capability}`).sort();
    expect(await left()).toEqual(["acme.other clocks", "acme.sample clocks", "acme.sample http:GET:https://a.example"]);
    expect(await keeper.revoke("acme.sample")).toBe(true);
    expect(await left()).toEqual(["acme.other clocks"]);
    expect(new Set(revoked.map(({ pluginId, capability }) => `${pluginId} ${capability === undefined ? "all" : printCapability(capability)}`))).toEqual(new Set(["acme.sample fs:rw:/data/in", "acme.sample all"]));
  });

  it("takes a refusal for ever back, and a permission for the session", async () => {
    const { load, keeper } = keeperOf(answers({ decision: "never" }, { decision: "session" }, true));
    await refusal(() => load(signed), "capability-not-granted");
    await keeper.revoke("acme.sample", "clocks");
    await load(signed);
    await keeper.revoke("acme.sample", "clocks");
    await load(signed);
    expect(await keeper.list()).toEqual([]);
  });

  it("refuses a text that is no capability", async () => {
    const { keeper, revoked } = keeperOf(() => true);
    await refusal(() => keeper.revoke("acme.sample", "http:*"), "capability-invalid");
    expect(revoked).toEqual([]);
  });
});
