import type { AuditEntry } from "portcullis";
import { callWords } from "./permission-words.js";

export interface ActivityWords {
  readonly kind: "allowed" | "refused" | "used" | "revoked";
  /** What follows the filter's name. */
  readonly text: string;
  /** What was called with, or the technical name of it. */
  readonly detail: string | undefined;
}

type Grant = Extract<AuditEntry, { readonly kind: "grant" }>;

/** One entry of the audit in plain words. `wordsOf` says what a capability lets a filter do. */
export function activityWords(entry: AuditEntry, wordsOf: (capability: string) => string): ActivityWords {
  switch (entry.kind) {
    case "grant":
      return { kind: entry.granted.length > 0 ? "allowed" : "refused", text: grantWords(entry, lowerFirst(wordsOf(entry.capability))), detail: undefined };
    case "denied":
      return { kind: "refused", text: `was refused, since it may not: ${lowerFirst(callWords(entry.function, entry.capability))}`, detail: entry.summary ?? entry.function };
    case "host-call":
      return usedWords(entry);
    case "revoked":
      return { kind: "revoked", text: `lost a permission that you took away: ${lowerFirst(wordsOf(entry.capability))}`, detail: undefined };
  }
}

const USED_WORDS: ReadonlyMap<string, string> = new Map([
  ["wasi:http/outgoing-handler#handle", "sent a request"],
  ["darkroom:app/lettering@1.0.0#render", "had Darkroom draw a line of text"],
  ["keyvalue.get", "read what it kept"],
  ["keyvalue.set", "kept something"],
]);

function usedWords({ function: functionName, summary }: Extract<AuditEntry, { readonly kind: "host-call" }>): ActivityWords {
  return { kind: "used", text: USED_WORDS.get(functionName) ?? `used ${functionName}`, detail: summary === "" ? undefined : summary };
}

function grantWords({ granted, decision, by }: Grant, words: string): string {
  const isGranted = granted.length > 0;
  if (by === "not-offered") return `asked for what Darkroom does not have: ${words}`;
  if (by === "timeout") return `got no answer in time, and may not: ${words}`;
  if (by === "store" || by === "session") return isGranted ? `may, as you decided earlier: ${words}` : `may not, as you decided earlier: ${words}`;
  if (!isGranted) return decision === "never" ? `may never, as you decided: ${words}` : `may not, as you decided: ${words}`;
  return `may${decision === "always" ? " always" : decision === "session" ? " until this page is closed" : " this time"}, as you decided: ${words}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
