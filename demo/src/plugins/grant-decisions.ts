import type { GrantPolicy, GrantRequest } from "portcullis";

/** One answered request, for the page to show. */
export interface GrantDecision {
  readonly request: GrantRequest;
  readonly isGranted: boolean;
}

/**
 * Darkroom's grants. What this version of Portcullis can grant gives a plugin no data and no way out, so what the
 * publisher signed gets it; for anything else the person is asked. Every answer is kept for the page to show.
 */
export class GrantDecisions {
  readonly #decisions = new Map<string, GrantDecision[]>();
  readonly #ask: (request: GrantRequest) => Promise<boolean>;

  constructor(ask: (request: GrantRequest) => Promise<boolean>) {
    this.#ask = ask;
  }

  readonly policy: GrantPolicy = async (request) => {
    const isGranted = request.trust.kind === "signed" || (await this.#ask(request));
    const earlier = this.of(request.plugin.id).filter((decision) => decision.request.capability !== request.capability);
    this.#decisions.set(request.plugin.id, [...earlier, { request, isGranted }]);
    return isGranted;
  };

  of(pluginId: string): readonly GrantDecision[] {
    return this.#decisions.get(pluginId) ?? [];
  }
}
