import { expect } from "vitest";
import { decideGrants, type GrantAnswer, type GrantEvent, type GrantPolicy, type GrantRequest } from "../../../src/admission/decide-grants.js";
import { printCapability } from "../../../src/capability/capability.js";
import { GrantKeeper, type GrantKeeperOptions, type GrantLoad, type GrantProblem, type GrantRevocation } from "../../../src/host/grants/grant-keeper.js";
import { memoryGrantStore } from "../../../src/host/grants/memory-grant-store.js";
import { type VerifiedPluginOptions, verifiedPlugin } from "../admission/verified-plugin.js";
type Ask = (request: GrantRequest) => GrantAnswer | Promise<GrantAnswer>;

/** A host's grants, with everything that they tell. */
export function keeperOf(policy: GrantPolicy | readonly GrantAnswer[], options: Partial<GrantKeeperOptions> = {}) {
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
export function answers(...all: GrantAnswer[]): Ask {
  return () => all.shift() ?? expect.fail("it was asked once too often");
}

export const signed: VerifiedPluginOptions = { capabilities: ["clocks"], signers: [1] };
