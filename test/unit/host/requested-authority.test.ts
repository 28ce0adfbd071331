import { describe, expect, test, vi } from "vitest";
import { decideGrants, type GrantPolicy } from "../../../src/admission/decide-grants.js";
import type { CheckedImports } from "../../../src/admission/check-imports.js";
import type { Provisions } from "../../../src/broker/provisions.js";
import { printCapability } from "../../../src/capability/capability.js";
import type { PluginError } from "../../../src/errors/plugin-error.js";
import { memoryGrantStore } from "../../../src/host/grants/memory-grant-store.js";
import { PluginGrants } from "../../../src/host/grants/plugin-grants.js";
import { requestedAuthority } from "../../../src/host/requested-authority.js";
import { Deadline } from "../../../src/runtime/deadline.js";
import { verifiedPlugin } from "../admission/verified-plugin.js";

const CARRIER = "fidius:stream-pull/pull@0.1.0";
const configuration = { value: {}, entries: { name: "given" } };
const imports = { authorities: [], hostInterfaces: [{ shape: { name: CARRIER, functions: [], resources: [] }, offered: { documentation: "x" } }] } as unknown as CheckedImports;

function grantsOf(policy: GrantPolicy): PluginGrants {
  return new PluginGrants({ policy, store: memoryGrantStore(), milliseconds: 1_000, onEvent: () => undefined });
}

interface Given {
  readonly configured?: boolean;
  readonly byUse?: readonly string[];
  readonly provide?: Provisions;
  readonly capabilities?: readonly string[];
}

/** What a plugin is granted, or why not, and what it is given as its configuration. */
async function decide(grants: PluginGrants, { configured = false, byUse = [], provide = {}, capabilities = ["config"] }: Given) {
  const verified = await verifiedPlugin({ capabilities, signers: [1], manifest: { config: { type: "object", properties: { name: { type: "string", default: "default" } } } } });
  const deadline = new Deadline({ milliseconds: 10_000, signal: undefined, pluginId: "a", stage: "admit", doing: "Testing" });
  const authority = requestedAuthority("a", grants, provide, deadline, { configuration: configured ? configuration : undefined, grantedByUse: new Set(byUse) });
  try {
    const decider = await authority.openGrants(verified, imports);
    return { granted: (await decideGrants(verified, decider)).map(printCapability), config: authority.provisions().config };
  } catch (error) {
    return { refused: (error as PluginError).code, config: authority.provisions().config };
  } finally {
    authority.dispose();
    deadline.dispose();
  }
}

describe("what the app itself gives to one load", () => {
  test("is granted by giving it: nobody is asked, and no list needs to have it", async () => {
    const ask = vi.fn(() => false);
    expect(await decide(grantsOf(ask), { configured: true })).toEqual({ granted: ["config"], config: { name: "given" } });
    expect(await decide(grantsOf([]), { configured: true })).toEqual({ granted: ["config"], config: { name: "given" } });
    expect(await decide(grantsOf([]), { byUse: [CARRIER], capabilities: [`host:${CARRIER}`] })).toMatchObject({ granted: [`host:${CARRIER}`] });
    expect(ask).not.toHaveBeenCalled();
  });

  test("says nothing about anything else that is asked for", async () => {
    expect(await decide(grantsOf([]), { configured: true, capabilities: ["config", "clocks"] })).toMatchObject({ refused: "capability-not-granted" });
    expect(await decide(grantsOf([]), { byUse: ["fidius:host-call/host@0.1.0"], capabilities: [`host:${CARRIER}`] })).toMatchObject({ refused: "capability-not-granted" });
    expect(await decide(grantsOf([]), {}), "defaults of the schema are not given by the app").toMatchObject({ refused: "capability-not-granted", config: { name: "default" } });
  });

  test("stays refused where a person refused it for ever", async () => {
    const grants = grantsOf(() => ({ decision: "never" }));
    expect(await decide(grants, { provide: { config: { name: "provided" } } })).toMatchObject({ refused: "capability-not-granted" });
    expect(await decide(grants, { configured: true })).toMatchObject({ refused: "capability-not-granted" });
  });

  test("stands in place of what the host provides", async () => {
    expect(await decide(grantsOf(["config"]), { configured: true, provide: { config: { other: "x" } } })).toEqual({ granted: ["config"], config: { name: "given" } });
    expect(await decide(grantsOf(["config"]), { provide: { config: { other: "x" } } })).toEqual({ granted: ["config"], config: { other: "x" } });
  });
});
