import type { GrantEvent } from "../admission/decide-grants.js";
import { PluginError } from "../errors/plugin-error.js";

/** One thing that a plugin asked for, was refused, or did through the page. */
export type AuditEntry = {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly pluginId: string;
  readonly pluginVersion: string;
} & AuditedAction;

export type AuditedAction =
  /** A request was settled: see {@link GrantEvent}. */
  | Pick<GrantEvent, "kind" | "capability" | "granted" | "decision" | "by">
  /** A call was refused for want of a grant. `summary` is its arguments in a few words, where the page saw them. */
  | { readonly kind: "denied"; readonly capability: string; readonly function: string; readonly summary: string | undefined }
  /** A call of something on the page was made. Only with `audit: { hostCalls: true }`. */
  | { readonly kind: "host-call"; readonly capability: string; readonly function: string; readonly summary: string }
  /** A grant was taken back while the plugin ran. */
  | { readonly kind: "revoked"; readonly capability: string };

export interface AuditOptions {
  /** How many entries are kept; older ones are forgotten. Default: 1,000. */
  readonly entries?: number;
  /** Enter every host call, not only the denied ones. Default: false. */
  readonly hostCalls?: boolean;
}

/** The last entries, in the order in which they happened. */
export class Audit {
  readonly #entries: AuditEntry[] = [];
  readonly #most: number;
  readonly #onEntry: (entry: AuditEntry) => void;
  readonly withHostCalls: boolean;

  /** @throws {PluginError} `usage-invalid` for a number of entries that is none. */
  constructor({ entries = 1_000, hostCalls = false }: AuditOptions, onEntry: (entry: AuditEntry) => void) {
    if (!Number.isSafeInteger(entries) || entries < 0) {
      const message = `Cannot make a PluginHost: \`audit.entries\` is ${String(entries)}, and must be a whole number from 0`;
      throw new PluginError({ code: "usage-invalid", stage: "configure", message });
    }
    this.#most = entries;
    this.withHostCalls = hostCalls;
    this.#onEntry = onEntry;
  }

  enter(plugin: { readonly id: string; readonly version: string }, action: AuditedAction): void {
    const entry: AuditEntry = { time: Date.now(), pluginId: plugin.id, pluginVersion: plugin.version, ...action };
    this.#entries.push(entry);
    if (this.#entries.length > this.#most) this.#entries.shift();
    this.#onEntry(entry);
  }

  list(): readonly AuditEntry[] {
    return [...this.#entries];
  }
}
