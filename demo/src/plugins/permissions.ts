import type { AuditEntry, GrantDecision, GrantPolicy, GrantRecord, GrantRequest, PluginHost } from "portcullis";

export type Decision = GrantDecision["decision"];

/** Where a filter stands with one permission. */
export interface Permission {
  readonly pluginId: string;
  readonly capability: string;
  /**
   * `held`: it has it now. `remembered`: it gets it when it is loaded. `refused`: it was asked for and not given.
   * `revoked`: it was taken away while the filter ran.
   */
  readonly state: "held" | "remembered" | "refused" | "revoked";
  readonly decision: Decision;
  /** When that was decided, in milliseconds since 1970. */
  readonly time: number;
}

/** A filter, as far as its permissions go. */
export interface Holder {
  readonly pluginId: string;
  /** What it has now; empty unless it is loaded. */
  readonly grants: readonly string[];
}

type Ask = Extract<GrantPolicy, (request: GrantRequest) => unknown>;
type Settled = Extract<AuditEntry, { readonly kind: "grant" | "revoked" }>;

/** More than anybody reads; the oldest go first, since a filter must not fill the page. */
const MOST_ACTIVITIES = 200;
/** Calls that only carry on another one, which is in the list. */
const CARRYING_ON = /^http\.|^keyvalue\.open$/;

/** What was asked and decided about permissions, and what filters did with them. */
export class Permissions {
  readonly #ask: Ask;
  readonly #onChange: () => void;
  readonly #hosts = new Set<PluginHost>();
  readonly #requests = new Map<string, GrantRequest>();
  /** The last word on each capability of each plugin since the page was opened. */
  readonly #settled = new Map<string, Settled>();
  readonly #activity: AuditEntry[] = [];
  #records: readonly GrantRecord[] = [];

  constructor(ask: Ask, onChange: () => void) {
    this.#ask = ask;
    this.#onChange = onChange;
  }

  /** Asks the person, and keeps the question: its words are shown again with what was decided. */
  readonly policy: GrantPolicy = (request) => {
    this.#requests.set(request.capability, request);
    return this.#ask(request);
  };

  addHost(host: PluginHost): void {
    this.#hosts.add(host);
  }

  removeHost(host: PluginHost): void {
    this.#hosts.delete(host);
  }

  /** Takes in an entry of a host's audit. */
  observe(entry: AuditEntry): void {
    if (entry.kind === "host-call" && CARRYING_ON.test(entry.function)) return;
    // A call is entered before it is looked at; one that was refused is no call.
    const last = this.#activity.at(-1);
    if (entry.kind === "denied" && last?.kind === "host-call" && isOf(entry, last)) this.#activity.pop();
    this.#activity.push(entry);
    if (this.#activity.length > MOST_ACTIVITIES) this.#activity.shift();
    if (entry.kind !== "grant" && entry.kind !== "revoked") return;
    const key = keyOf(entry);
    this.#settled.delete(key);
    this.#settled.set(key, entry);
  }

  /** The prompt's words for a capability that was asked for since the page was opened. */
  promptWords(capability: string): string | undefined {
    return this.#requests.get(capability)?.description;
  }

  /** Reads again what is remembered: all hosts share what is kept for ever, and each has its own session. */
  async refresh(): Promise<void> {
    const listed = (await Promise.all([...this.#hosts].map((host) => host.grants.list()))).flat();
    this.#records = [...new Map(listed.map((record) => [JSON.stringify([keyOf(record), record.vouchers, record.decision]), record])).values()];
    this.#onChange();
  }

  /** What happened, in order. */
  activity(): readonly AuditEntry[] {
    return this.#activity;
  }

  /** Every permission of these filters, and of those that are only remembered. */
  list(holders: readonly Holder[]): readonly Permission[] {
    const found = new Map<string, Permission>();
    for (const record of this.#records) {
      const { pluginId, capability, decision, time } = record;
      found.set(keyOf(record), { pluginId, capability, decision, time, state: decision === "never" ? "refused" : "remembered" });
    }
    const grants = new Map(holders.map((holder) => [holder.pluginId, holder.grants]));
    for (const entry of this.#settled.values()) {
      for (const permission of permissionsOf(entry, grants.get(entry.pluginId) ?? [])) {
        const remembered = found.get(keyOf(permission));
        // What was decided earlier was decided then, and not when the filter was loaded again.
        found.set(keyOf(permission), { ...permission, time: remembered?.time ?? permission.time });
      }
    }
    return [...found.values()].sort((left, right) => right.time - left.time);
  }

  /** What a filter asked for and was not given when it was last loaded. */
  refusedOf(pluginId: string): readonly string[] {
    const entries = [...this.#settled.values()].filter((entry) => entry.pluginId === pluginId);
    return entries.flatMap((entry) => (entry.kind === "grant" && entry.granted.length === 0 ? [entry.capability] : []));
  }

  /** Takes a permission back, here and from what runs, and forgets the decision. */
  async revoke(pluginId: string, capability: string): Promise<void> {
    await Promise.all([...this.#hosts].map((host) => host.grants.revoke(pluginId, capability)));
    await this.refresh();
  }

  /** Forgets that the person wanted not to be asked again. */
  async forgetRefusals(pluginId: string): Promise<void> {
    await this.refresh();
    const refusals = this.#records.filter((record) => record.pluginId === pluginId && record.decision === "never");
    for (const { capability } of refusals) await this.revoke(pluginId, capability);
  }
}

/** What was settled of a filter's permissions, for one that has `grants` now. */
function permissionsOf(entry: Settled, grants: readonly string[]): Permission[] {
  const { pluginId, capability, time } = entry;
  if (entry.kind === "revoked") return grants.includes(capability) ? [] : [{ pluginId, capability, time, state: "revoked", decision: "deny" }];
  const { decision, granted } = entry;
  if (granted.length === 0) return [{ pluginId, capability, time, state: "refused", decision }];
  return granted.filter((text) => grants.includes(text)).map((text) => ({ pluginId, capability: text, time, state: "held", decision }));
}

/** Whether a refusal is about this call, which is the last one before it. */
function isOf(denied: Extract<AuditEntry, { readonly kind: "denied" }>, call: Extract<AuditEntry, { readonly kind: "host-call" }>): boolean {
  return denied.pluginId === call.pluginId && denied.capability === call.capability;
}

function keyOf({ pluginId, capability }: { readonly pluginId: string; readonly capability: string }): string {
  return JSON.stringify([pluginId, capability]);
}
