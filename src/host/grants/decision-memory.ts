import { type Capability, printCapability } from "../../capability/capability.js";
import { includesCapability, intersectCapabilities, intersectCapability } from "../../capability/include-capability.js";
import type { GrantVerdict } from "../../admission/decide-grants.js";
import { type ParsedRecord, parseGrantRecord } from "./grant-record.js";
import { grantRecordKey, type GrantStore } from "./grant-store.js";

export interface DecisionMemoryOptions {
  /** Where decisions for ever are kept; `null` keeps them no longer than the session. */
  readonly store: GrantStore | null;
  /** The store failed. */
  readonly onProblem: (pluginId: string | undefined, reason: string) => void;
}

/** Whose decisions are looked up. */
export interface GrantIdentity {
  readonly pluginId: string;
  readonly vouchers: readonly string[];
}

/** A store that does not answer for so long must not hold up a load. */
const PATIENCE_MILLISECONDS = 2_000;

/** What was decided: in this session, and in the store. */
export class DecisionMemory {
  readonly #options: DecisionMemoryOptions;
  readonly #session = new Map<string, ParsedRecord>();
  #unanswered: Promise<void> | undefined;

  constructor(options: DecisionMemoryOptions) {
    this.#options = options;
  }

  /** Every decision, the session's first. What the store has and nobody can read is left out. */
  async all(pluginId?: string): Promise<readonly ParsedRecord[]> {
    const stored = (await this.#stored(pluginId)) ?? [];
    return [...this.#session.values(), ...stored].filter(({ record }) => pluginId === undefined || record.pluginId === pluginId);
  }

  /** The decisions that hold for a plugin: of its id, and of somebody who vouches for it. */
  async of({ pluginId, vouchers }: GrantIdentity): Promise<readonly ParsedRecord[]> {
    return (await this.all(pluginId)).filter(({ record }) => record.vouchers.some((voucher) => vouchers.includes(voucher)));
  }

  /** Keeps a decision: what the store cannot keep for ever is kept for the session. */
  async keep(decided: ParsedRecord): Promise<void> {
    const { record } = decided;
    const { store } = this.#options;
    const isForSession = record.decision === "session" || store === null;
    const isStored = !isForSession && (await this.#attempt(record.pluginId, "keep", async () => {
      await store.put(record);
      return true;
    }));
    // A later decision for ever stands for an earlier one for the session.
    if (isStored === true) this.#session.delete(grantRecordKey(record));
    else this.#session.set(grantRecordKey(record), decided);
  }

  /** Forgets what `isConcerned`. @returns whether the store, too, has forgotten it. */
  async forget(pluginId: string, isConcerned: (decided: ParsedRecord) => boolean): Promise<boolean> {
    this.forgetSession(pluginId, isConcerned);
    const { store } = this.#options;
    if (store === null) return true;
    const stored = await this.#stored(pluginId);
    const forgotten = await Promise.all((stored ?? []).filter(isConcerned).map(({ record }) =>
      this.#attempt(pluginId, "forget", async () => {
        await store.delete(record);
        return true;
      }),
    ));
    return stored !== undefined && forgotten.every((isDone) => isDone === true);
  }

  forgetSession(pluginId: string, isConcerned: (decided: ParsedRecord) => boolean): void {
    for (const [key, decided] of this.#session) {
      if (decided.record.pluginId === pluginId && isConcerned(decided)) this.#session.delete(key);
    }
  }

  /** What the store has of a plugin; `undefined` if it failed. */
  async #stored(pluginId: string | undefined): Promise<readonly ParsedRecord[] | undefined> {
    const { store } = this.#options;
    if (store === null) return [];
    return this.#attempt(pluginId, "read", async () => {
      const values: unknown = await store.list();
      if (!Array.isArray(values)) throw new TypeError("it did not answer with a list");
      return values.flatMap((value: unknown) => {
        const parsed = parseGrantRecord(value);
        const isOf = parsed !== undefined && parsed.record.decision !== "session" && (pluginId === undefined || parsed.record.pluginId === pluginId);
        return isOf ? [parsed] : [];
      });
    });
  }

  async #attempt<Value>(pluginId: string | undefined, what: string, work: () => Promise<Value>): Promise<Value | undefined> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      // A store that never answers costs one waiting time, not one for each load.
      if (this.#unanswered !== undefined) throw new Error("it has not answered an earlier question yet");
      const answer = work();
      return await new Promise<Value>((resolve, reject) => {
        timer = setTimeout(() => {
          const forget = (): void => void (this.#unanswered = undefined);
          this.#unanswered = answer.then(forget, forget);
          reject(new Error(`it did not answer within ${PATIENCE_MILLISECONDS} ms`));
        }, PATIENCE_MILLISECONDS);
        answer.then(resolve, reject);
      });
    } catch (error) {
      this.#options.onProblem(pluginId, `The grant store cannot ${what} decisions: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * What earlier decisions say of a request. A refusal for ever holds for everything that includes what was refused;
 * a permission only for what it includes, so that an update that asks for more is asked for.
 */
export function recallDecision(decisions: readonly ParsedRecord[], request: Capability): GrantVerdict | undefined {
  const refused = decisions.some(({ record, capability }) => record.decision === "never" && includesCapability(request, capability));
  // What was allowed of it before the refusal was not taken back with it.
  if (refused) return { granted: allowedParts(decisions, request), decision: "never", by: "store" };
  for (const { record, asked, capability } of decisions) {
    if (record.decision === "never" || !includesCapability(asked, request)) continue;
    const granted = intersectCapability(request, capability);
    if (granted !== undefined) return { granted: [granted], decision: record.decision, by: record.decision === "session" ? "session" : "store" };
  }
  return undefined;
}

/** What of a request was allowed before. */
export function allowedParts(decisions: readonly ParsedRecord[], request: Capability): readonly Capability[] {
  return intersectCapabilities([request], decisions.filter(({ record }) => record.decision !== "never").map(({ capability }) => capability));
}

/** Whether taking `revoked` back touches a decision: whatever it shares with a permission, or exactly the refusal. */
export function isConcerned({ record, capability }: ParsedRecord, revoked: Capability): boolean {
  if (record.decision === "never") return record.capability === printCapability(revoked);
  return intersectCapability(capability, revoked) !== undefined;
}
