import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { decideGrants, type GrantDecider, type GrantEvent, type GrantQuestion, type GrantVerdict } from "../../../src/admission/decide-grants.js";
import { type Capability, parseCapability, printCapability } from "../../../src/capability/capability.js";
import { includesCapability } from "../../../src/capability/include-capability.js";
import { refusal } from "../package/package-fixture.js";
import { verifiedPlugin } from "./verified-plugin.js";

const allow = (...texts: string[]): GrantVerdict => ({ granted: texts.map((text) => parseCapability(text)), decision: "once", by: "person" });
const deny: GrantVerdict = { granted: [], decision: "deny", by: "person" };

interface TestDecider extends GrantDecider {
  readonly asked: string[];
  readonly events: GrantEvent[];
}

function decider(answer: (capability: string, signal: AbortSignal) => GrantVerdict | Promise<GrantVerdict>, parts: Partial<GrantDecider> = {}): TestDecider {
  const asked: string[] = [];
  const events: GrantEvent[] = [];
  return {
    asked, events,
    offered: (capability) => capability,
    recall: async () => undefined,
    ask: async ({ capability }: GrantQuestion, signal) => {
      asked.push(printCapability(capability));
      return answer(printCapability(capability), signal);
    },
    audit: (event) => events.push(event),
    ...parts,
  };
}

const texts = (capabilities: readonly Capability[]): string[] => capabilities.map(printCapability);

describe("decideGrants", () => {
  it("grants what is requested, answered and offered, and of each only what is in all", async () => {
    const verified = await verifiedPlugin({ capabilities: ["clocks", "fs:rw:/data", "http:GET,POST:https://a.example"] });
    const found = await decideGrants(verified, decider(
      (capability) => (capability.startsWith("http") ? allow("http:GET:https://a.example/v1") : allow(capability)),
      { offered: (capability) => (capability.kind === "fs" ? parseCapability("fs:ro:/data/in") : capability) },
    ));
    expect(texts(found)).toEqual(["clocks", "fs:ro:/data/in", "http:GET:https://a.example/v1"]);
  });

  it("never grants more than is asked, whatever is answered and offered", async () => {
    const verified = await verifiedPlugin({ capabilities: ["fs:ro:/data/in"] });
    const found = await decideGrants(verified, decider(() => allow("fs:rw:/", "random", "fs:rw:/data"), { offered: () => parseCapability("fs:rw:/") }));
    expect(texts(found)).toEqual(["fs:ro:/data/in"]);
  });

  it("asks for what the app offers, not for what it does not have", async () => {
    const verified = await verifiedPlugin({ capabilities: ["fs:rw:/data", { capability: "random", optional: true }] });
    const asking = decider((capability) => allow(capability), { offered: ({ kind }) => (kind === "fs" ? parseCapability("fs:ro:/data") : undefined) });
    expect(texts(await decideGrants(verified, asking))).toEqual(["fs:ro:/data"]);
    expect(asking.asked).toEqual(["fs:ro:/data"]);
    expect(asking.events).toEqual([
      { kind: "grant", pluginId: "acme.sample", pluginVersion: "1.2.3", capability: "random", granted: [], decision: "deny", by: "not-offered" },
      { kind: "grant", pluginId: "acme.sample", pluginVersion: "1.2.3", capability: "fs:rw:/data", granted: ["fs:ro:/data"], decision: "once", by: "person" },
    ]);
  });

  it("refuses before anybody is asked when something required is not offered, or was refused for ever", async () => {
    const verified = await verifiedPlugin({ capabilities: ["clocks", "random"] });
    const notOffered = decider((capability) => allow(capability), { offered: (capability) => (capability.kind === "random" ? undefined : capability) });
    expect(await refusal(() => decideGrants(verified, notOffered), "capability-not-granted")).toBe(
      'Cannot load acme.sample: it requires the capability "random" ("To test it"), and the app does not offer it. Offer it in the host\'s `provide` option to load this plugin',
    );
    const refused = decider((capability) => allow(capability), { recall: async ({ capability }) => (capability.kind === "random" ? { granted: [], decision: "never", by: "store" } : undefined) });
    expect(await refusal(() => decideGrants(verified, refused), "capability-not-granted")).toContain("host.grants.revoke");
    expect([...notOffered.asked, ...refused.asked]).toEqual([]);
  });

  it("reads every request before anybody is asked", async () => {
    for (const [capabilities, code] of [[["clocks", "everything"], "capability-unknown"], [["clocks", "fs:ro:relative"], "capability-invalid"], [["keyvalue:1", "keyvalue:2"], "capability-invalid"]] as const) {
      const asking = decider((capability) => allow(capability));
      await refusal(async () => decideGrants(await verifiedPlugin({ capabilities }), asking), code);
      expect(asking.asked).toEqual([]);
    }
  });

  it("asks for everything at once, and gives the other questions up after a refusal", async () => {
    const verified = await verifiedPlugin({ capabilities: ["clocks", "random"] });
    const given: AbortSignal[] = [];
    const asking = decider((capability, signal) => {
      given.push(signal);
      return capability === "random" ? deny : new Promise<GrantVerdict>(() => undefined);
    });
    const message = await refusal(() => decideGrants(verified, asking), "capability-not-granted");
    expect(message).toContain('"random"');
    expect(asking.asked).toEqual(["clocks", "random"]);
    expect(given.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it.each([
    ["policy", { granted: [], decision: "deny", by: "policy" }, "the app did not grant it"],
    ["a failing policy", { granted: [], decision: "deny", by: "policy", cause: new Error("mine") }, "the app's grant function failed"],
    ["person", deny, "refused when asked for"],
    ["timeout", { granted: [], decision: "deny", by: "timeout" }, "nobody answered in time"],
    ["an answer to something else", allow("random"), "refused when asked for"],
  ] as const)("says why something required was not granted: %s", async (_why, verdict, says) => {
    const verified = await verifiedPlugin({ capabilities: ["clocks"] });
    const asking = decider(() => verdict);
    const failed = await decideGrants(verified, asking).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "capability-not-granted", pluginId: "acme.sample" });
    expect((failed as Error).cause).toBe("cause" in verdict ? verdict.cause : undefined);
    expect(String(failed)).toContain(says);
    expect(asking.events).toMatchObject([{ capability: "clocks", granted: [], decision: "deny", by: verdict.by }]);
  });

  it("loads without what is optional, and keeps what an earlier decision still allows of it", async () => {
    const verified = await verifiedPlugin({ capabilities: [{ capability: "http:GET,POST:https://a.example", optional: true }, { capability: "random", optional: true }] });
    const asking = decider((capability) => (capability === "random" ? deny : { ...allow("http:GET:https://a.example"), decision: "deny" }));
    expect(texts(await decideGrants(verified, asking))).toEqual(["http:GET:https://a.example"]);
  });

  it("does not take an earlier, narrower grant for what is required now", async () => {
    const verified = await verifiedPlugin({ capabilities: ["http:GET,POST:https://a.example"] });
    const asking = decider(() => ({ ...allow("http:GET:https://a.example"), decision: "never" }));
    await refusal(() => decideGrants(verified, asking), "capability-not-granted");
    expect(asking.events).toMatchObject([{ granted: [], decision: "never" }]);
  });

  it("holds for any requests, answers and offers: nothing is granted that is not in all three", async () => {
    const capability = fc.constantFrom(
      "clocks", "random", "fs:ro:/a", "fs:rw:/a", "fs:rw:/a/b", "http:GET:https://a.example", "http:GET,POST:https://a.example/v1", "http:GET:https://*.a.example/",
      "env:A", "host:a:b/c@1.0.0", "host:a:b/c@1.0.0#f", "host:a:b/c@1.0.0?key=x*", "secret:S:https://a.example",
    );
    const list = fc.uniqueArray(capability, { maxLength: 6 });
    // The first that has something in common, as an app would give the place that fits.
    const overlapping = (offered: readonly string[], wanted: Capability) => offered.map((text) => parseCapability(text)).find(({ kind }) => kind === wanted.kind);
    await fc.assert(fc.asyncProperty(fc.uniqueArray(capability, { maxLength: 4 }), list, list, async (requested, answered, offered) => {
      const requests = requested.map((text) => ({ capability: text, optional: true }));
      const asking = decider(() => allow(...answered), { offered: (wanted) => overlapping(offered, wanted) });
      const granted = await decideGrants(await verifiedPlugin({ capabilities: requests }), asking).catch((error: { readonly code?: string }) => {
        // A folder that is asked for read-only and writable at once.
        expect(error.code).toBe("capability-invalid");
        return [];
      });
      for (const one of granted) {
        for (const side of [requested, answered, offered]) expect(side.some((text) => includesCapability(parseCapability(text), one)), `${printCapability(one)} in ${side.join(" ")}`).toBe(true);
      }
    }), { seed: 3, numRuns: 100 });
  });

  it("never asks for a plugin that asks for nothing", async () => {
    const asking = { ...decider(() => deny), recall: vi.fn<GrantDecider["recall"]>() };
    expect(await decideGrants(await verifiedPlugin({ capabilities: [] }), asking)).toEqual([]);
    expect(asking.recall).not.toHaveBeenCalled();
  });
});
