import type { PluginStage } from "../errors/error-codes.js";
import { PluginError } from "../errors/plugin-error.js";

export interface DeadlineOptions {
  readonly milliseconds: number;
  /** The app's own wish to stop. */
  readonly signal?: AbortSignal | undefined;
  readonly pluginId: string | undefined;
  readonly stage: PluginStage;
  /** What was being done, as the start of a sentence: `Loading acme.blur`. */
  readonly doing: string;
}

/**
 * One time bound and one abort signal over a piece of work: whichever comes first ends it with one error.
 * `dispose` must be called when the work is done, or the timer runs on.
 */
export class Deadline {
  readonly #options: DeadlineOptions;
  readonly #onExpired: ((error: PluginError) => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #remaining: number;
  #startedAt = 0;
  #pauses = 0;
  #isDisposed = false;
  readonly #abort = (): void => this.#expire("aborted", "was aborted by the app");
  readonly #racing = new Set<(error: PluginError) => void>();
  // Made when it is asked for: a call has a deadline, and most calls never need its signal.
  #controller: AbortController | undefined;
  #expired: PluginError | undefined;

  /** @param onExpired - called once with the error, not before the constructor has returned. */
  constructor(options: DeadlineOptions, onExpired?: (error: PluginError) => void) {
    const { signal, milliseconds } = options;
    this.#options = options;
    this.#remaining = milliseconds;
    this.#start();
    if (signal?.aborted === true) this.#abort();
    signal?.addEventListener("abort", this.#abort, { once: true });
    this.#onExpired = onExpired;
  }

  /** Why the work must stop, if it must. */
  get expired(): PluginError | undefined {
    return this.#expired;
  }

  /** Aborts when the work must stop. Its reason is the {@link PluginError} that the work ends with. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#expired !== undefined) this.#controller.abort(this.#expired);
    return this.#controller.signal;
  }

  /** The result of `work`, or the deadline's error, whichever comes first. */
  race<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const stop = (error: PluginError): void => reject(error);
      if (this.#expired !== undefined) stop(this.#expired);
      this.#racing.add(stop);
      void work.then(resolve, reject).finally(() => this.#racing.delete(stop));
    });
  }

  /**
   * Stops the clock, for work that has a time bound of its own. The app's signal still ends it.
   *
   * @returns starts the clock again. It runs when everyone who stopped it has done so; doing it twice does nothing.
   */
  pause(): () => void {
    if (this.#pauses === 0) {
      clearTimeout(this.#timer);
      this.#remaining -= performance.now() - this.#startedAt;
    }
    this.#pauses += 1;
    let isPaused = true;
    return () => {
      if (!isPaused) return;
      isPaused = false;
      this.#pauses -= 1;
      if (this.#pauses === 0) this.#start();
    };
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#abort);
  }

  #start(): void {
    if (this.#isDisposed || this.#expired !== undefined) return;
    this.#startedAt = performance.now();
    this.#timer = setTimeout(
      () => this.#expire("timeout", `took longer than ${this.#options.milliseconds} ms. Allow more time, or ask the plugin for less work`),
      this.#remaining,
    );
  }

  #expire(code: "timeout" | "aborted", how: string): void {
    if (this.#expired !== undefined) return;
    const { stage, pluginId, doing, signal } = this.#options;
    const cause: unknown = code === "aborted" ? signal?.reason : undefined;
    const error = new PluginError({ code, stage, pluginId, message: `${doing} ${how}`, cause });
    this.#expired = error;
    this.#controller?.abort(error);
    for (const stop of this.#racing) stop(error);
    this.#onExpired?.(error);
  }
}
