import type { PluginStage } from "../errors/error-codes.js";
import { PluginError } from "../errors/plugin-error.js";

export interface DeadlineOptions {
  readonly milliseconds: number;
  /** The app's own wish to stop. */
  readonly signal?: AbortSignal | undefined;
  readonly pluginId: string;
  readonly stage: PluginStage;
  /** What was being done, as the start of a sentence: `Loading acme.blur`. */
  readonly doing: string;
}

/**
 * One time bound and one abort signal over a piece of work: whichever comes first ends it with one error.
 * `dispose` must be called when the work is done, or the timer runs on.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #forget: () => void;
  readonly #racing = new Set<(error: PluginError) => void>();
  #expired: PluginError | undefined;

  constructor(options: DeadlineOptions) {
    const { signal, milliseconds } = options;
    const abort = () => this.#expire(options, "aborted", "was aborted by the app");
    this.#timer = setTimeout(
      () => this.#expire(options, "timeout", `took longer than ${milliseconds} ms. Allow more time, or ask the plugin for less work`),
      milliseconds,
    );
    this.#forget = () => signal?.removeEventListener("abort", abort);
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted === true) abort();
  }

  /** Aborts when the work must stop. Its reason is the {@link PluginError} that the work ends with. */
  get signal(): AbortSignal {
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

  dispose(): void {
    clearTimeout(this.#timer);
    this.#forget();
  }

  #expire(options: DeadlineOptions, code: "timeout" | "aborted", how: string): void {
    if (this.#expired !== undefined) return;
    this.#expired = new PluginError({
      code,
      stage: options.stage,
      pluginId: options.pluginId,
      message: `${options.doing} ${how}`,
      cause: code === "aborted" ? options.signal?.reason : undefined,
    });
    this.#controller.abort(this.#expired);
    for (const stop of this.#racing) stop(this.#expired);
  }
}
