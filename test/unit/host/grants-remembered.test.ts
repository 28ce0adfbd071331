import { describe, expect, it } from "vitest";
import { printCapability } from "../../../src/capability/capability.js";
import { memoryGrantStore } from "../../../src/host/grants/memory-grant-store.js";
import { type VerifiedPluginOptions, verifiedPlugin } from "../admission/verified-plugin.js";
import { refusal } from "../package/package-fixture.js";
import { answers, keeperOf, signed } from "./recorded-keeper.js";
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
