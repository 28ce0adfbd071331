import type { PluginError } from "../errors/plugin-error.js";
import type { PluginInstance, StartInstance } from "./plugin-instance.js";

/**
 * Keeps one instance running: starts it when it is needed, forgets it when it ends, and never hands out one
 * that was ended. A poisoned instance is never used again.
 */
export class InstanceKeeper {
  readonly #start: StartInstance;
  readonly #onEnded: (error: PluginError) => void;
  #current: Promise<PluginInstance> | undefined;
  #starting = new AbortController();
  #closed: PluginError | undefined;
  #generation = {};

  constructor(start: StartInstance, onEnded: (error: PluginError) => void) {
    this.#start = start;
    this.#onEnded = onEnded;
  }

  /** Stands for the present instance: another object as soon as that has ended. */
  get generation(): object {
    return this.#generation;
  }

  /** The running instance, or a fresh one. */
  async current(): Promise<PluginInstance> {
    if (this.#closed !== undefined) throw this.#closed;
    this.#current ??= this.#startFresh();
    return this.#current;
  }

  /** Ends the running instance. Its pending calls fail with `error`; the next call gets a fresh one. */
  end(error: PluginError): void {
    const ended = this.#forget(error);
    if (ended !== undefined) this.#onEnded(error);
    ended?.then((instance) => instance.terminate(error), ignoreFailedStart);
  }

  /** Ends the running instance for good. */
  close(error: PluginError): void {
    this.#closed ??= error;
    this.#forget(error)?.then((instance) => instance.terminate(error), ignoreFailedStart);
  }

  #forget(error: unknown): Promise<PluginInstance> | undefined {
    const ended = this.#current;
    // A start function may run for ever: one that nobody waits for is not left to its deadline.
    this.#starting.abort(error);
    this.#current = undefined;
    if (ended !== undefined) this.#generation = {};
    return ended;
  }

  #startFresh(): Promise<PluginInstance> {
    const starting = new AbortController();
    this.#starting = starting;
    const started: Promise<PluginInstance> = this.#start({
      onBroken: (error) => {
        if (this.#current !== started) return;
        void this.#forget(error);
        this.#onEnded(error);
      },
      signal: starting.signal,
    }).catch((error: unknown) => {
      // Whoever ended it has said why.
      throw starting.signal.aborted ? starting.signal.reason : error;
    });
    started.catch((error: unknown) => {
      if (this.#current === started) void this.#forget(error);
    });
    return started;
  }
}

// Whoever asked for the instance has its failure already.
function ignoreFailedStart(): void {}
