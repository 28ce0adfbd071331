import type { Capability } from "../capability/capability.js";
import type { GrantRevocation } from "./grants/grant-keeper.js";

/** What is left of grants when one is taken back: `remainingGrants`, which is loaded with the first plugin that asks for something. */
export type Remaining = (grants: readonly Capability[], revoked: Capability | undefined) => readonly Capability[];

/** What one running plugin has now. It only ever becomes less. */
export class LiveGrants {
  readonly #pluginId: string;
  readonly #remaining: Remaining;
  readonly #onLost: (lost: readonly Capability[]) => void;
  #granted: readonly Capability[] = [];

  /** @param onLost - told of what the plugin has just lost. */
  constructor(pluginId: string, granted: readonly Capability[], remaining: Remaining, onLost: (lost: readonly Capability[]) => void) {
    this.#pluginId = pluginId;
    this.#granted = granted;
    this.#remaining = remaining;
    this.#onLost = onLost;
  }

  readonly list = (): readonly Capability[] => this.#granted;

  revoke({ pluginId, capability }: GrantRevocation): void {
    if (pluginId !== this.#pluginId) return;
    const before = this.#granted;
    this.#granted = this.#remaining(before, capability);
    const lost = before.filter((grant) => !this.#granted.includes(grant));
    if (lost.length > 0) this.#onLost(lost);
  }
}
