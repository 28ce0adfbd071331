import { PluginError } from "../errors/plugin-error.js";
import { Deadline } from "../runtime/deadline.js";

export interface CallBounds {
  /** The call as people name it: `apply of acme.blur`. */
  readonly name: string;
  /** From now until the answer, waiting included. */
  readonly milliseconds: number;
  readonly signal: AbortSignal | undefined;
  /** The call ran out of time, or was aborted, while it was running: its instance must be ended. */
  readonly onStopped: (error: PluginError) => void;
}

interface Entry {
  readonly begin: () => void;
  readonly fail: (error: PluginError) => void;
}

/**
 * Lets one call at a time into an instance, in order. A component must not be entered while it is suspended,
 * and jco's glue does not prevent it for synchronous exports. Every call ends: with its result, its failure,
 * its deadline or its abort, whichever is first.
 */
export class CallQueue {
  readonly #waiting = new Set<Entry>();
  readonly #capacity: number;
  readonly #pluginId: string;
  #running: Entry | undefined;

  constructor(pluginId: string, capacity: number) {
    this.#pluginId = pluginId;
    this.#capacity = capacity;
  }

  run<Value>(bounds: CallBounds, work: () => Promise<Value>): Promise<Value> {
    if (this.#waiting.size >= this.#capacity) return Promise.reject(this.#busy(bounds.name));
    return new Promise((resolve, reject) => {
      const { milliseconds, signal, name } = bounds;
      const deadline = new Deadline({ milliseconds, signal, pluginId: this.#pluginId, stage: "call", doing: `The call ${name}` }, (error) => {
        const wasRunning = this.#running === entry;
        entry.fail(error);
        if (wasRunning) bounds.onStopped(error);
      });
      const finish = () => {
        deadline.dispose();
        this.#leave(entry);
      };
      const entry: Entry = {
        begin: () => void work().then(resolve, reject).finally(finish),
        fail: (error) => {
          reject(error);
          finish();
        },
      };
      if (deadline.expired !== undefined) return entry.fail(deadline.expired);
      this.#waiting.add(entry);
      this.#advance();
    });
  }

  /** Fails every call that waits. The running one is ended by whoever ends the instance. */
  failWaiting(error: PluginError): void {
    // A set may lose members while it is walked.
    for (const entry of this.#waiting) entry.fail(error);
  }

  #advance(): void {
    if (this.#running !== undefined) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#running = next;
    next.begin();
  }

  #leave(entry: Entry): void {
    this.#waiting.delete(entry);
    if (this.#running !== entry) return;
    this.#running = undefined;
    this.#advance();
  }

  #busy(name: string): PluginError {
    const message = `Cannot call ${name}: ${this.#capacity} calls are waiting for it already. Wait for some to finish, or raise the limit pendingCalls`;
    return new PluginError({ code: "busy", stage: "call", pluginId: this.#pluginId, message });
  }
}
