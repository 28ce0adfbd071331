import { type Capability, parseCapability, printCapability } from "../capability/capability.js";
import { checkConsistent, intersectCapabilities, intersectCapability } from "../capability/include-capability.js";
import { PluginError } from "../errors/plugin-error.js";
import type { Manifest } from "../package/manifest.js";
import type { Trust } from "../trust/verify-signatures.js";
import type { VerifiedPackage } from "../trust/verify-package.js";

/** One question to the app: may this plugin have this? */
export interface GrantRequest {
  readonly plugin: { readonly id: string; readonly version: string; readonly title: string | undefined };
  /** Who vouches for the plugin. Title and reason are the author's words until this says otherwise. */
  readonly trust: Trust;
  /** Canonical text of what would be granted: what the plugin asks for, as far as the app offers it. */
  readonly capability: string;
  /** What the capability lets a plugin do, in this package's words, or the app's for its own interfaces. */
  readonly description: string;
  /** Why the plugin wants it, in the author's words. */
  readonly reason: string;
  /** The plugin loads without it. */
  readonly optional: boolean;
  /** What of this was allowed before, as canonical texts: an update asks for more. Empty for a new request. */
  readonly previous: readonly string[];
  /** Aborts when the answer is no longer wanted: it came too late, or every load that waited for it ended. */
  readonly signal: AbortSignal;
}

/** What a person decided. Only decisions are remembered; a plain `true` or `false` is not. */
export interface GrantDecision {
  /**
   * `once`: for this load. `session`: for every load by this host. `always`: kept in the grant store.
   * `deny`: not for this load. `never`: not for this and any later load, kept in the grant store.
   */
  readonly decision: "once" | "session" | "always" | "deny" | "never";
  /** Grants less than was asked, such as one directory below. The answer is intersected, never wider. */
  readonly capability?: string;
}

/** `true` is `once`: it is asked again at the next load, unless the app keeps its answer. Anything but these forms is no. */
export type GrantAnswer = boolean | GrantDecision;

/**
 * What an app grants: nothing (the default), a fixed list of capability texts for every plugin, or an answer
 * per request, which may be asynchronous so that a person can be asked. Requests of one load are asked all at once.
 *
 * @example
 * ```ts
 * grant: ["clocks", "http:GET:https://api.example.com/v1"]
 * grant: async ({ plugin, capability }) => await confirmed(plugin, capability) && { decision: "session" }
 * ```
 */
export type GrantPolicy = readonly string[] | ((request: GrantRequest) => GrantAnswer | Promise<GrantAnswer>);

/** Who settled a request: the app's list or plain answer, a person just now or earlier, nobody in time, or the app by not offering it. */
export type GrantAuthority = "policy" | "person" | "store" | "session" | "timeout" | "not-offered";

/** One decision, for the audit. */
export interface GrantEvent {
  readonly kind: "grant";
  readonly pluginId: string;
  readonly pluginVersion: string;
  /** Canonical text of what was requested. */
  readonly capability: string;
  /** Canonical texts of what was granted of it: none, it itself, or less. */
  readonly granted: readonly string[];
  readonly decision: GrantDecision["decision"];
  readonly by: GrantAuthority;
}

/** A request as it is asked: never more than the app offers. */
export interface GrantQuestion {
  readonly capability: Capability;
  readonly reason: string;
  readonly optional: boolean;
}

export interface GrantVerdict {
  /** What is granted. After a refusal, parts that an earlier decision still allows. */
  readonly granted: readonly Capability[];
  readonly decision: GrantDecision["decision"];
  readonly by: GrantAuthority;
  /** Why the app's grant function failed. */
  readonly cause?: unknown;
}

/** Answers the requests of one load. */
export interface GrantDecider {
  /** What the app can provide of a capability; `undefined` for nothing. */
  readonly offered: (capability: Capability) => Capability | undefined;
  /** What was decided earlier; `undefined` for a question that must be asked. */
  readonly recall: (question: GrantQuestion) => Promise<GrantVerdict | undefined>;
  readonly ask: (question: GrantQuestion, signal: AbortSignal) => Promise<GrantVerdict>;
  readonly audit: (event: GrantEvent) => void;
}

interface Wanted {
  readonly requested: Capability;
  readonly question: GrantQuestion | undefined;
  readonly reason: string;
  readonly optional: boolean;
}

const NOT_OFFERED: GrantVerdict = { granted: [], decision: "deny", by: "not-offered" };

/**
 * Settles each capability that the manifest requests: what is granted is in the request, in the answer and in
 * what the app offers, and never wider than any of them. What is known to be refused refuses the load before
 * anybody is asked; the rest is asked at once.
 *
 * @throws {PluginError} `capability-unknown` or `capability-invalid` for requests that cannot be enforced,
 *   `capability-not-granted` for one that the plugin requires, and if the app's grant function fails.
 */
export async function decideGrants(verified: VerifiedPackage, decider: GrantDecider): Promise<readonly Capability[]> {
  const { manifest } = verified.package;
  const settle = (wanted: Wanted, verdict: GrantVerdict) => settleRequest(manifest, wanted, verdict, decider.audit);
  const all = manifest.capabilities.map((request) => readRequest(request, manifest.id, decider.offered));
  checkConsistent(all.map(({ requested }) => requested), { pluginId: manifest.id });
  const settled = await Promise.all(all.map(async (wanted) => {
    const verdict = wanted.question === undefined ? NOT_OFFERED : await decider.recall(wanted.question);
    return verdict === undefined ? undefined : settle(wanted, verdict);
  }));
  const ended = new AbortController();
  try {
    const granted = all.map(async ({ question, ...wanted }, index) => {
      const known = settled[index];
      if (known !== undefined || question === undefined) return known ?? [];
      return settle({ question, ...wanted }, await decider.ask(question, ended.signal));
    });
    const effective = (await Promise.all(granted)).flat();
    // In canonical order, and without what another of them includes.
    return intersectCapabilities(effective, effective);
  } finally {
    // After one refusal the answers to the others are no longer wanted.
    ended.abort(new DOMException("The load ended", "AbortError"));
  }
}

function readRequest({ capability, reason, optional }: Manifest["capabilities"][number], pluginId: string, offered: GrantDecider["offered"]): Wanted {
  const requested = parseCapability(capability, { pluginId, stage: "admit" });
  const possible = offered(requested);
  // The app's part computes what it offers; a mistake there must not widen the question.
  const asked = possible === undefined ? undefined : intersectCapability(requested, possible);
  return { requested, reason, optional, question: asked === undefined ? undefined : { capability: asked, reason, optional } };
}

function settleRequest(manifest: Manifest, wanted: Wanted, verdict: GrantVerdict, audit: GrantDecider["audit"]): readonly Capability[] {
  const most = wanted.question?.capability;
  const granted = most === undefined ? [] : intersectCapabilities([most], verdict.granted);
  const capability = printCapability(wanted.requested);
  const isRefused = granted.length === 0 || verdict.decision === "deny" || verdict.decision === "never";
  // An app whose prompt is broken must hear of it, also where the plugin could do without.
  const isKept = !isRefused || (wanted.optional && verdict.cause === undefined);
  audit({
    kind: "grant", pluginId: manifest.id, pluginVersion: manifest.version, capability,
    granted: isKept ? granted.map(printCapability) : [],
    decision: isRefused && verdict.decision !== "never" ? "deny" : verdict.decision,
    by: verdict.by,
  });
  if (isKept) return granted;
  throw new PluginError({
    code: "capability-not-granted",
    stage: "admit",
    pluginId: manifest.id,
    message: `Cannot load ${manifest.id}: it ${wanted.optional ? "asks for" : "requires"} the capability "${capability}" (${JSON.stringify(wanted.reason)}), and ${REFUSALS[verdict.by](verdict)}`,
    cause: verdict.cause,
  });
}

const REFUSALS: Record<GrantAuthority, (verdict: GrantVerdict) => string> = {
  policy: ({ cause }) => cause === undefined
    ? "the app did not grant it. Grant it in the host's `grant` option to load this plugin"
    : `the app's grant function failed${cause instanceof Error ? `: ${cause.message}` : ". What it threw is the cause of this error"}`,
  person: () => "it was refused when asked for. Load the plugin again to be asked again, unless it was refused for ever",
  store: () => "it was refused for ever. `host.grants.revoke` forgets that, so that it is asked for again",
  session: () => "it was refused for this session",
  timeout: () => "nobody answered in time. Load the plugin again to be asked again, or allow more `grantMilliseconds`",
  "not-offered": () => "the app does not offer it. Offer it in the host's `provide` option to load this plugin",
};
