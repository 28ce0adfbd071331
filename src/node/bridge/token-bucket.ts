/** Lets `perSecond` through in a second on average, and up to `burst` at once. */
export class TokenBucket {
  readonly #perMillisecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  #tokens: number;
  #filledAt: number;

  constructor(perSecond: number, burst: number, now: () => number) {
    this.#perMillisecond = perSecond / 1000;
    this.#burst = burst;
    this.#now = now;
    this.#tokens = burst;
    this.#filledAt = now();
  }

  /** Takes one if there is one. */
  take(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes one, also one that is not there yet. */
  borrow(): void {
    this.#fill();
    this.#tokens -= 1;
  }

  /** For how many milliseconds nothing should be taken, until what was borrowed is there; 0 for nothing. */
  get owed(): number {
    this.#fill();
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perMillisecond);
  }

  #fill(): void {
    const now = this.#now();
    // A clock that was set back must not empty the bucket.
    const passed = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + passed * this.#perMillisecond);
  }
}
