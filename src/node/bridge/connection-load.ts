import type { BridgeLimits } from "./bridge-limits.js";

/** What of one connection is under way, and whether that is as much as it may be. */
export class ConnectionLoad {
  readonly #limits: BridgeLimits;
  #calls = 0;
  #bytes = 0;
  #hostCalls = 0;

  constructor(limits: BridgeLimits) {
    this.#limits = limits;
  }

  get calls(): number {
    return this.#calls;
  }

  add({ calls = 0, bytes = 0, hostCalls = 0 }: { readonly calls?: number; readonly bytes?: number; readonly hostCalls?: number }): void {
    this.#calls += calls;
    this.#bytes += bytes;
    this.#hostCalls += hostCalls;
  }

  /**
   * The page should be read no further. Not while a plugin waits for an answer of it: that answer comes behind what is not read, and
   * the call that would make room waits for it.
   */
  get isFull(): boolean {
    return this.#hostCalls === 0 && (this.#calls > this.#limits.calls || this.#bytes > this.#limits.bytesInFlight);
  }

  /** Nothing more can be taken: what came before the page was stopped, or while a plugin waited for it, has used it up. */
  get isExhausted(): boolean {
    return this.#calls >= 2 * this.#limits.calls || this.#bytes >= 2 * this.#limits.bytesInFlight;
  }
}
