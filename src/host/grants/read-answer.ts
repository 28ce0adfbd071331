import type { GrantDecision, GrantVerdict } from "../../admission/decide-grants.js";
import { type Capability, parseCapability } from "../../capability/capability.js";
import { intersectCapability } from "../../capability/include-capability.js";

const DECISIONS: ReadonlySet<unknown> = new Set(["once", "session", "always", "deny", "never"] satisfies GrantDecision["decision"][]);

/**
 * Reads what an app's grant function answered, which from JavaScript may be anything: only `true` and a
 * well-formed decision are yes, and never to more than was asked.
 */
export function readAnswer(answer: unknown, asked: Capability): GrantVerdict {
  if (answer === true) return { granted: [asked], decision: "once", by: "policy" };
  if (typeof answer !== "object" || answer === null || !("decision" in answer) || !isDecision(answer.decision)) {
    return { granted: [], decision: "deny", by: "policy" };
  }
  const { decision } = answer;
  if (decision === "deny" || decision === "never") return { granted: [], decision, by: "person" };
  const granted = "capability" in answer && answer.capability !== undefined ? narrowed(answer.capability, asked) : asked;
  return granted === undefined ? { granted: [], decision: "deny", by: "person" } : { granted: [granted], decision, by: "person" };
}

function isDecision(value: unknown): value is GrantDecision["decision"] {
  return DECISIONS.has(value);
}

function narrowed(text: unknown, asked: Capability): Capability | undefined {
  if (typeof text !== "string") throw new TypeError(`The grant function answered with a capability that is no text but ${typeof text}`);
  return intersectCapability(asked, parseCapability(text, { doing: "Cannot use what the grant function answered" }));
}
