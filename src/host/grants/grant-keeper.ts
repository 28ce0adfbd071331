import type { GrantDecider, GrantEvent, GrantPolicy, GrantQuestion, GrantVerdict } from "../../admission/decide-grants.js";
import { canonicalJson } from "../../bytes/canonical-json.js";
import { type Capability, parseCapability, printCapability } from "../../capability/capability.js";
import { describeCapability } from "../../capability/describe-capability.js";
import type { Manifest } from "../../package/manifest.js";
import type { VerifiedPackage } from "../../trust/verify-package.js";
import { askPolicy } from "./ask-policy.js";
import { allowedParts, DecisionMemory, type GrantIdentity, isConcerned, recallDecision } from "./decision-memory.js";
import { grantList } from "./grant-list.js";
import { parseGrantRecord } from "./grant-record.js";
import type { GrantRecord, GrantStore } from "./grant-store.js";
import { PendingQuestion } from "./pending-question.js";

/** Grants that were taken back. */
export interface GrantRevocation {
  readonly pluginId: string;
  /** What overlaps this is taken away; everything if `undefined`. */
  readonly capability: Capability | undefined;
}

/** What no decision tells: the grant store failed. */
export interface GrantProblem {
  readonly kind: "grant-problem";
  readonly pluginId: string | undefined;
  readonly reason: string;
}

export interface GrantKeeperOptions {
  readonly policy: GrantPolicy;
  /** Where decisions for ever are kept; `null` keeps them for the session only. */
  readonly store: GrantStore | null;
  /** Most time for one question, in milliseconds. */
  readonly milliseconds: number;
  readonly onEvent: (event: GrantEvent | GrantProblem) => void;
  readonly onRevoked: (revocation: GrantRevocation) => void;
}

/** The load that a plugin's requests are settled for. */
export interface GrantLoad {
  /** What the app can provide of a capability to this plugin; `undefined` for nothing. */
  readonly offered: (capability: Capability) => Capability | undefined;
  /** The app's own words for a capability, such as its interface's documentation. */
  readonly describe?: ((capability: Capability) => string | undefined) | undefined;
  /** Aborts when the load ends. */
  readonly signal: AbortSignal;
  /** Stops the load's clock while the app or a person is asked. @returns starts it again. */
  readonly pause: () => () => void;
}

type AskingPolicy = Extract<GrantPolicy, (...values: never[]) => unknown>;

interface Asked {
  readonly ask: AskingPolicy;
  readonly describe: GrantLoad["describe"];
  readonly verified: VerifiedPackage;
  readonly identity: GrantIdentity;
  readonly question: GrantQuestion;
  /** What of it was allowed before. */
  readonly earlier: readonly Capability[];
}

/** Answers what plugins ask for, from the app's list, from what was decided, or by asking. */
export class GrantKeeper {
  readonly #options: GrantKeeperOptions;
  readonly #memory: DecisionMemory;
  /** Concurrent loads of one plugin wait for one answer. */
  readonly #pending = new Map<string, PendingQuestion<GrantVerdict>>();

  constructor(options: GrantKeeperOptions) {
    this.#options = options;
    this.#memory = new DecisionMemory({
      store: options.store,
      onProblem: (pluginId, reason) => options.onEvent({ kind: "grant-problem", pluginId, reason }),
    });
    options.store?.watch?.((deleted) => this.#deletedElsewhere(deleted));
  }

  /**
   * Answers for one load.
   *
   * @throws {PluginError} `capability-unknown`, `capability-invalid`, `usage-invalid` for a list that is none.
   */
  open(verified: VerifiedPackage, load: GrantLoad): GrantDecider {
    const { policy, onEvent } = this.#options;
    const { offered } = load;
    // A list is the same for every plugin and every load: there is nothing to ask, and nothing to remember.
    if (typeof policy !== "function") return { offered, audit: onEvent, ...grantList(policy) };
    const identity = identify(verified);
    const decisions = this.#memory.of(identity);
    return {
      offered,
      audit: onEvent,
      recall: async ({ capability }) => recallDecision(await decisions, capability),
      ask: async (question, signal) => {
        const earlier = allowedParts(await decisions, question.capability);
        return this.#ask({ ask: policy, describe: load.describe, verified, identity, question, earlier }, load, signal);
      },
    };
  }

  /** Every decision that is remembered, the newest first. */
  async list(): Promise<readonly GrantRecord[]> {
    const all = await this.#memory.all();
    return all.map(({ record }) => record).sort((left, right) => right.time - left.time);
  }

  /**
   * Takes back what was granted, and forgets what was decided.
   *
   * @returns whether the store has forgotten it. If it failed, what runs has lost its grants all the same.
   * @throws {PluginError} `capability-unknown`, `capability-invalid`
   */
  async revoke(pluginId: string, capabilityText?: string): Promise<boolean> {
    const capability = capabilityText === undefined ? undefined : parseCapability(capabilityText, { pluginId, stage: "configure" });
    const revocation: GrantRevocation = { pluginId, capability };
    // What runs comes first: the store may take its time, or fail.
    this.#options.onRevoked(revocation);
    const isForgotten = await this.#memory.forget(pluginId, (decided) => capability === undefined || isConcerned(decided, capability));
    // Again, for a load that read the decision before it was gone.
    this.#options.onRevoked(revocation);
    return isForgotten;
  }

  /** Another tab revoked: its message may be anything, and can only take away. */
  #deletedElsewhere(deleted: unknown): void {
    const parsed = parseGrantRecord(deleted);
    if (parsed === undefined || parsed.record.decision === "never") return;
    const { record: { pluginId }, capability } = parsed;
    this.#memory.forgetSession(pluginId, (decided) => isConcerned(decided, capability));
    this.#options.onRevoked({ pluginId, capability });
  }

  async #ask(asked: Asked, load: GrantLoad, signal: AbortSignal): Promise<GrantVerdict> {
    // Before the app's function runs: it may block the page itself, as `confirm` does.
    const resume = load.pause();
    try {
      return await this.#question(asked).join(signal, load.signal);
    } finally {
      resume();
    }
  }

  #question(asked: Asked): PendingQuestion<GrantVerdict> {
    const key = questionKey(asked);
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const question: PendingQuestion<GrantVerdict> = new PendingQuestion(
      (givenUp) => this.#decide(asked, givenUp),
      () => this.#pending.get(key) === question && this.#pending.delete(key),
    );
    this.#pending.set(key, question);
    return question;
  }

  async #decide({ ask, describe, verified, identity, question, earlier }: Asked, givenUp: AbortSignal): Promise<GrantVerdict> {
    const { manifest } = verified.package;
    const { capability, reason, optional } = question;
    const request = {
      plugin: { id: manifest.id, version: manifest.version, title: manifest.metadata.title },
      trust: verified.trust,
      capability: printCapability(capability),
      description: describe?.(capability) ?? describeCapability(capability),
      reason,
      optional,
      previous: earlier.map(printCapability),
    };
    const verdict = await askPolicy({ ask, request, capability, milliseconds: this.#options.milliseconds, givenUp });
    await this.#remember(verdict, identity, capability, manifest);
    // What was allowed before stays allowed when more is refused.
    return verdict.granted.length === 0 ? { ...verdict, granted: earlier } : verdict;
  }

  async #remember({ granted, decision }: GrantVerdict, identity: GrantIdentity, asked: Capability, { version, metadata }: Manifest): Promise<void> {
    if (decision === "once" || decision === "deny") return;
    const capability = granted[0] ?? asked;
    const record = { ...identity, asked: printCapability(asked), capability: printCapability(capability), decision, time: Date.now(), title: metadata.title, version };
    await this.#memory.keep({ record, asked, capability });
  }
}

/**
 * Whose decisions hold for a plugin: those of its id that were made for a package that one of the same keys
 * signed, or, where nobody signed it, for the same component.
 */
function identify({ trust, package: { manifest } }: VerifiedPackage): GrantIdentity {
  const pluginId = manifest.id;
  if (trust.kind === "signed") return { pluginId, vouchers: trust.keyIds.map((keyId) => `key:${keyId}`) };
  const component = manifest.files.find(({ path }) => path === manifest.component);
  return { pluginId, vouchers: component === undefined ? [] : [`component:${component.sha256}`] };
}

/** Two loads wait for one answer only if the person would be shown the same. */
function questionKey({ identity, verified, question }: Asked): string {
  const { version, metadata } = verified.package.manifest;
  const { capability, reason, optional } = question;
  return canonicalJson([identity.pluginId, identity.vouchers, version, metadata.title ?? null, printCapability(capability), reason, optional]);
}
