import type { GrantDecider, GrantEvent, GrantPolicy } from "../../admission/decide-grants.js";
import type { VerifiedPackage } from "../../trust/verify-package.js";
import type { GrantKeeper, GrantLoad, GrantProblem, GrantRevocation } from "./grant-keeper.js";
import type { GrantRecord, GrantStore } from "./grant-store.js";

export interface PluginGrantsOptions {
  readonly policy: GrantPolicy;
  readonly store: GrantStore | null;
  readonly milliseconds: number;
  readonly onEvent: (event: GrantEvent | GrantProblem) => void;
}

/** What was decided about plugins' requests, for a settings page. Its code is loaded when a plugin asks for something. */
export class PluginGrants {
  readonly #options: PluginGrantsOptions;
  readonly #listeners = new Set<(revocation: GrantRevocation) => void>();
  #keeper: Promise<GrantKeeper> | undefined;

  /** @internal */
  constructor(options: PluginGrantsOptions) {
    this.#options = options;
  }

  /** Every decision that is remembered, the newest first: kept for ever, or for this session. */
  async list(): Promise<readonly GrantRecord[]> {
    return (await this.#open()).list();
  }

  /**
   * Takes grants back, from what runs as well, and forgets what was decided, refusals included: the next load asks
   * again. With `capability`, only what overlaps that.
   *
   * @returns whether the grant store has forgotten it, too. If it failed, what runs has lost its grants all the same.
   * @throws {PluginError} `capability-unknown`, `capability-invalid`
   * @example
   * ```ts
   * await host.grants.revoke("acme.blur", "http:GET:https://api.example.com/");
   * ```
   */
  async revoke(pluginId: string, capability?: string): Promise<boolean> {
    return (await this.#open()).revoke(pluginId, capability);
  }

  /** @internal Answers what a plugin asks for. */
  async open(verified: VerifiedPackage, load: GrantLoad): Promise<GrantDecider> {
    return (await this.#open()).open(verified, load);
  }

  /** @internal Tells of what is taken back, here or in another tab; of one thing perhaps twice. @returns ends that. */
  onRevoked(listener: (revocation: GrantRevocation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #open(): Promise<GrantKeeper> {
    this.#keeper ??= import("./grant-keeper.js").then(({ GrantKeeper }) => new GrantKeeper({
      ...this.#options,
      onRevoked: (revocation) => {
        for (const listener of this.#listeners) listener(revocation);
      },
    }));
    // A download that failed is tried again.
    this.#keeper.catch(() => (this.#keeper = undefined));
    return this.#keeper;
  }
}
