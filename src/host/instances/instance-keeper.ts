import type { PluginError } from "../../errors/plugin-error.js";
import type { PluginInstance } from "../../runtime/plugin-instance.js";
import type { StartInstance } from "./start-instance.js";

export interface KeeperListeners {
  /** The instance ended by a failure, or was ended by someone with a reason. */
  readonly onEnded: (error: PluginError) => void;
  /** There is no instance any more, for whatever reason; not even one that was starting. */
  readonly onGone?: () => void;
}

/**
 * Keeps one instance running: starts it when it is needed, forgets it when it ends, and never hands out one
 * that was ended. A poisoned instance is never used again.
 */
export class InstanceKeeper {
  readonly #start: StartInstance;
  readonly #listeners: KeeperListeners;
  #current: Promise<PluginInstance> | undefined;
  #starting = new AbortController();
  #closed: PluginError | undefined;
  #generation = {};

  constructor(start: StartInstance, listeners: KeeperListeners) {
    this.#start = start;
    this.#listeners = listeners;
  }

  /** Stands for the present instance: another object as soon as that has ended. */
  get generation(): object {
    return this.#generation;
  }

  /** Whether there is an instance, or one is being started. */
  get isRunning(): boolean {
    return this.#current !== undefined;
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
    if (ended !== undefined) this.#listeners.onEnded(error);
    terminate(ended, error);
  }

  /** Ends the running instance, which nobody uses. No failure: nobody is told. */
  retire(reason: PluginError): void {
    terminate(this.#forget(reason), reason);
  }

  /** Ends the running instance for good. */
  close(error: PluginError): void {
    this.#closed ??= error;
    this.retire(error);
  }

  #forget(error: unknown): Promise<PluginInstance> | undefined {
    const ended = this.#current;
    // A start function may run for ever: one that nobody waits for is not left to its deadline.
    this.#starting.abort(error);
    this.#current = undefined;
    if (ended !== undefined) {
      this.#generation = {};
      this.#listeners.onGone?.();
    }
    return ended;
  }

  #startFresh(): Promise<PluginInstance> {
    const starting = new AbortController();
    this.#starting = starting;
    const started: Promise<PluginInstance> = this.#start({
      onBroken: (error) => {
        if (this.#current !== started) return;
        void this.#forget(error);
        this.#listeners.onEnded(error);
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

function terminate(ended: Promise<PluginInstance> | undefined, reason: PluginError): void {
  // Whoever asked for an instance that did not start has its failure already.
  ended?.then((instance) => instance.terminate(reason), () => undefined);
}
