import { PluginError } from "../../errors/plugin-error.js";

/** A place in which an instance runs, or is being started. */
export interface Tenant {
  /** Ends its instance, if nobody uses it and nothing is lost with it. @returns whether it did. */
  putAway(): boolean;
  /** Whether its instance could be put away once it is idle. */
  readonly isReplaceable: boolean;
}

/** What one instance needs of a page. */
export interface Room {
  readonly pluginId: string;
  /** How many linear memories it has. */
  readonly memories: number;
  /** How many all instances of the page may have together. */
  readonly most: number;
}

// The memories of a worker that was spinning when it was ended are given back after two seconds.
const GIVEN_BACK_MILLISECONDS = 2_500;
const RETRY_MILLISECONDS = 250;

/**
 * All instances of the page. An engine has about 124 linear memories for a process, of any size, and the app may want some too;
 * so instances that nobody uses make room for others, the least recently used first.
 */
export class RunningInstances {
  /** In the order of their last use. */
  readonly #tenants = new Map<Tenant, number>();
  readonly #waiting = new Set<() => void>();
  #memories = 0;
  #lastLeft = Number.NEGATIVE_INFINITY;

  /** Linear memories of all instances. */
  get memories(): number {
    return this.#memories;
  }

  /**
   * Takes a place for an instance, waiting for one while others are in use that will be free.
   *
   * @throws {PluginError} `instances-exhausted` if no place can become free. What `signal` aborts with.
   */
  async enter(tenant: Tenant, { pluginId, memories, most }: Room, signal: AbortSignal): Promise<void> {
    while (this.#memories + memories > most) {
      signal.throwIfAborted();
      if (this.#putAwayOne(tenant)) continue;
      if (!this.#canBecomeFree(tenant)) throw exhausted(pluginId, `the instances of this page have ${this.#memories} linear memories of the ${most} that the limit linearMemories allows, and none of them may be put away`);
      await this.#change(signal);
    }
    signal.throwIfAborted();
    this.#tenants.set(tenant, memories);
    this.#memories += memories;
  }

  /** Its instance was used just now. */
  touch(tenant: Tenant): void {
    const memories = this.#tenants.get(tenant);
    if (memories === undefined) return;
    // A map iterates in insertion order: taking an entry out and in again makes it the most recent.
    this.#tenants.delete(tenant);
    this.#tenants.set(tenant, memories);
    this.#wake();
  }

  /** Its instance has ended. */
  leave(tenant: Tenant): void {
    this.#memories -= this.#tenants.get(tenant) ?? 0;
    if (this.#tenants.delete(tenant)) this.#lastLeft = performance.now();
    this.#wake();
  }

  /**
   * Does `start`, which the engine may refuse for want of memory even where the count allows it: other pages of the process, and
   * the app itself, have memories too. Then instances are put away, and it is tried again.
   */
  async withRoom<Instance>(tenant: Tenant, signal: AbortSignal, start: () => Promise<Instance>): Promise<Instance> {
    for (;;) {
      try {
        return await start();
      } catch (error) {
        if (!(error instanceof PluginError) || error.code !== "instances-exhausted") throw error;
        const isComing = this.#putAwayOne(tenant) || performance.now() - this.#lastLeft < GIVEN_BACK_MILLISECONDS;
        if (!isComing) throw error;
        await rest(RETRY_MILLISECONDS, signal);
      }
    }
  }

  #putAwayOne(except: Tenant): boolean {
    for (const tenant of this.#tenants.keys()) {
      if (tenant !== except && tenant.putAway()) return true;
    }
    return false;
  }

  #canBecomeFree(except: Tenant): boolean {
    return [...this.#tenants.keys()].some((tenant) => tenant !== except && tenant.isReplaceable);
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

/** Waits, unless nobody wants what comes after. Rejects with the signal's reason. */
export function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

function exhausted(pluginId: string, found: string): PluginError {
  const message = `Cannot start an instance of ${pluginId}: ${found}. Dispose plugins that are not needed, or load some with instances: { mayPutAway: true }`;
  return new PluginError({ code: "instances-exhausted", stage: "instantiate", pluginId, message });
}
