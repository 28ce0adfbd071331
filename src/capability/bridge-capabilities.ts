import type { Capability } from "./capability.js";

/** What a bridge gives and can keep back: what goes through it, and not through the operating system. */
const ENFORCED: ReadonlySet<Capability["kind"]> = new Set(["host", "config", "log", "stdout", "stderr"] as const);

/**
 * Whether a bridge can keep native or Python code to a capability. Files, network, clocks and the rest it has from its process,
 * so that a grant of them would claim a bound that nothing holds.
 */
export function isEnforcedByBridge({ kind }: Capability): boolean {
  return ENFORCED.has(kind);
}

/** What an author, or whoever reads a refusal, should know about it. */
export const BRIDGE_BOUNDS = "a bridge gives host:<interface>, config, log, stdout and stderr. What code on a server may do besides is bounded by the bridge's isolation, not by a capability";
