import { describeCapabilityText, ENGLISH_TEXTS } from "portcullis/prompt";
import { LETTERING_WORDS } from "../plugins/lettering.js";
import type { Decision, Permission } from "../plugins/permissions.js";

/** Darkroom's own interfaces: what it says of them to the permission dialog as well. */
const OWN_WORDS: ReadonlyMap<string, string> = new Map([["host:darkroom:app/lettering@1.0.0", LETTERING_WORDS]]);

/**
 * What a capability lets a filter do: the words of Darkroom's prompts. For a page that was not asked since it was
 * opened, and for what was never asked at all.
 */
export function capabilityWords(capability: string): string {
  const own = OWN_WORDS.get(capability);
  if (own !== undefined) return own;
  try {
    return describeCapabilityText(capability);
  } catch {
    // The name of a kind alone, as denials have it.
    return capability;
  }
}

/** What a refused call tried, where no more is known than what kind of permission it needs. */
const KIND_WORDS: ReadonlyMap<string, string> = new Map([
  ["http", "Send a request"],
  ["host", "Call a function of Darkroom"],
  ["fs", "Use a file"],
  ["env", "Read the environment"],
  ["secret", "Use a secret"],
]);

/** What a call of this function does. `kind` is the permission that it needs. */
export function callWords(functionName: string, kind: string): string {
  const interfaceName = functionName.replace(/#.*$/, "");
  return OWN_WORDS.get(`host:${interfaceName}`) ?? KIND_WORDS.get(kind) ?? capabilityWords(kind);
}

const DURATION_WORDS: Readonly<Record<Decision, string>> = {
  once: ENGLISH_TEXTS.once,
  session: ENGLISH_TEXTS.session,
  always: ENGLISH_TEXTS.always,
  deny: "Asked again next time",
  never: ENGLISH_TEXTS.never,
};

const STATE_WORDS: Readonly<Record<Permission["state"], string>> = { held: "Allowed", remembered: "Allowed", refused: "Not allowed", revoked: "Taken away" };

export function stateWords(state: Permission["state"]): string {
  return STATE_WORDS[state];
}

/** For how long it was decided, and when: `Always, since 21:54`. */
export function decisionWords({ decision, state, time }: Permission): string {
  const when = momentWords(time);
  if (state === "revoked") return when;
  return `${DURATION_WORDS[decision]} · ${when}`;
}

/** The time of a moment today, with the date of one on another day. */
export function momentWords(time: number): string {
  const moment = new Date(time);
  const clock = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  return moment.toDateString() === new Date().toDateString() ? clock : `${moment.toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" })}, ${clock}`;
}
