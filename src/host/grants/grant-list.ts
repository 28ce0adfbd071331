import type { GrantDecider, GrantQuestion, GrantVerdict } from "../../admission/decide-grants.js";
import { type Capability, parseCapability } from "../../capability/capability.js";
import { checkConsistent, intersectCapabilities } from "../../capability/include-capability.js";
import { PluginError } from "../../errors/plugin-error.js";

/**
 * Answers every request from a fixed list of capability texts.
 *
 * @throws {PluginError} `capability-unknown` or `capability-invalid` for a text that is none, `usage-invalid` for no list.
 */
export function grantList(texts: unknown): Pick<GrantDecider, "recall" | "ask"> {
  const allowed = parseList(texts);
  const answer = async ({ capability }: GrantQuestion): Promise<GrantVerdict> => {
    const granted = intersectCapabilities([capability], allowed);
    return { granted, decision: granted.length === 0 ? "deny" : "once", by: "policy" };
  };
  return { recall: answer, ask: answer };
}

function parseList(texts: unknown): readonly Capability[] {
  if (Array.isArray(texts) && texts.every((text) => typeof text === "string")) {
    const context = { stage: "configure", doing: "Cannot use the host's `grant` option" } as const;
    const allowed = texts.map((text) => parseCapability(text, context));
    checkConsistent(allowed, context);
    return allowed;
  }
  throw new PluginError({
    code: "usage-invalid",
    stage: "configure",
    message: "Cannot use the host's `grant` option: it is neither a list of capability texts nor a function",
  });
}
