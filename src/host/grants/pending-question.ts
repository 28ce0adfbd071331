/** One question that several loads may wait for. It is given up when none of them waits any more. */
export class PendingQuestion<Answer> {
  readonly #givenUp = new AbortController();
  readonly #answer: Promise<Answer>;
  #waiting = 0;

  /** @param ask - must end when its signal aborts; its answer is then ignored. */
  constructor(ask: (signal: AbortSignal) => Promise<Answer>, onEnded: () => void) {
    this.#givenUp.signal.addEventListener("abort", onEnded, { once: true });
    this.#answer = ask(this.#givenUp.signal).finally(onEnded);
    // Those who wait have its failure.
    this.#answer.catch(() => undefined);
  }

  /** The answer, or the reason of the signal that aborts first. */
  async join(...signals: readonly AbortSignal[]): Promise<Answer> {
    for (const signal of signals) signal.throwIfAborted();
    this.#waiting += 1;
    const joined = new AbortController();
    const left = new Promise<never>((_resolve, reject) => {
      for (const signal of signals) {
        const leave = (): void => {
          const reason: unknown = signal.reason;
          reject(reason);
        };
        signal.addEventListener("abort", leave, { signal: joined.signal });
      }
    });
    try {
      return await Promise.race([this.#answer, left]);
    } finally {
      joined.abort();
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#givenUp.abort(new DOMException("Nobody waits for the answer any more", "AbortError"));
    }
  }
}
