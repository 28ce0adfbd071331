import { isPluginError, PluginError } from "../../errors/plugin-error.js";
import { Deadline } from "../../runtime/deadline.js";
import type { CallBounds } from "./call-bounds.js";
import { type CallOrigin, originOf } from "./call-chain.js";
import { busy, explained, reentrant, resourceGone } from "./call-refusals.js";
import { CircuitBreaker, type PluginHealth } from "./circuit-breaker.js";
import type { InstancePolicy, RestartPolicy } from "./instance-policy.js";
import { InstanceSlot, type SlotCall, type StartInSlot } from "./instance-slot.js";
import type { Room, RunningInstances } from "./running-instances.js";

export interface PoolOptions {
  readonly policy: Required<InstancePolicy>;
  readonly restart: Required<RestartPolicy>;
  /** Calls that may wait. */
  readonly capacity: number;
  readonly room: Room;
  readonly running: RunningInstances;
  readonly start: StartInSlot;
  /** An instance failed, or was ended with a reason. */
  readonly onEnded: (error: PluginError, slot: InstanceSlot) => void;
  readonly onHealth: (health: PluginHealth) => void;
}

interface PendingCall extends SlotCall {
  readonly home: object | undefined;
  /** It is the one that a stopped plugin is tried with. */
  readonly isTry: boolean;
  readonly begin: (slot: InstanceSlot) => void;
  readonly fail: (error: PluginError) => void;
}

/** Failures of the plugin itself. What the app, its grants or the page did says nothing about the plugin. */
const FAILURES: ReadonlySet<string> = new Set(["trap", "timeout", "crashed", "sandbox-violation", "result-invalid", "instantiate-failed"]);

/**
 * The instances of one plugin and the calls that wait for them. One call at a time goes into an instance, in order. Every call
 * ends: with its result, its failure, its deadline or its abort, whichever is first.
 */
export class InstancePool {
  readonly breaker: CircuitBreaker;
  readonly #options: PoolOptions;
  readonly #slots: InstanceSlot[] = [];
  readonly #waiting = new Set<PendingCall>();
  #closed: PluginError | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.breaker = new CircuitBreaker(options.room.pluginId, options.restart, options.onHealth);
  }

  /** Calls that run, calls that wait, and instances that there are. */
  get load(): { readonly running: number; readonly waiting: number; readonly instances: number } {
    return {
      running: this.#slots.filter(({ call }) => call !== undefined).length,
      waiting: this.#waiting.size,
      instances: this.#slots.filter(({ keeper }) => keeper.isRunning).length,
    };
  }

  /** The slot whose present instance is `home`. */
  slotOf(home: object): InstanceSlot | undefined {
    return this.#slots.find(({ keeper }) => keeper.generation === home);
  }

  /** Starts the first instance, before anything is called. */
  async startFirst(): Promise<void> {
    await (this.#slots[0] ?? this.#addSlot()).keeper.current();
  }

  run<Value>(bounds: CallBounds, work: (slot: InstanceSlot) => Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const { name, milliseconds, signal, home } = bounds;
      const { pluginId } = this.#options.room;
      const origin = originOf(signal);
      const isTry = this.#check(bounds, origin);
      let slot: InstanceSlot | undefined;
      const deadline = new Deadline({ milliseconds, signal, pluginId, stage: "call", doing: `The call ${name}` }, (error) => {
        // Ended first: whatever begins next must find a fresh instance.
        slot?.stop(error);
        call.fail(slot === undefined ? explained(error, this.#slots.flatMap(({ waitingFor }) => waitingFor), pluginId) : error);
      });
      const finish = once(() => {
        deadline.dispose();
        this.#leave(call, slot);
      });
      const call: PendingCall = {
        name, home, origin, isTry,
        begin: (given) => {
          slot = given;
          given.begin(call);
          // Finished before the app goes on: its next call finds the instance free.
          work(given).then(
            (value) => {
              this.#end(finish, true);
              resolve(value);
            },
            (error: unknown) => {
              // A typed error is an answer.
              this.#end(finish, isPluginError(error, "plugin-error"));
              reject(error instanceof Error ? error : new Error(String(error)));
            },
          );
        },
        fail: (error) => {
          reject(error);
          finish();
        },
      };
      if (deadline.expired !== undefined) return call.fail(deadline.expired);
      this.#waiting.add(call);
      this.#advance();
    });
  }

  #end(finish: () => void, isAnswered: boolean): void {
    if (isAnswered) this.breaker.succeeded();
    finish();
  }

  /** Ends every instance. Calls that run fail with `error`, calls that wait are tried again with fresh ones. */
  end(error: PluginError): void {
    for (const { keeper } of this.#slots) keeper.end(error);
  }

  /** Ends all for good. */
  close(error: PluginError): void {
    this.#closed ??= error;
    for (const { keeper } of this.#slots) keeper.close(error);
    this.#failWaiting(error);
    this.#onIdle?.();
  }

  /** Settles when no call runs or waits and no resource is in use, or when it was closed. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = () => {
        const isBusy = this.#waiting.size > 0 || this.#slots.some(({ call, isHeld }) => call !== undefined || isHeld);
        if (!isBusy || this.#closed !== undefined) resolve();
      };
      this.#onIdle();
    });
  }

  /** A resource of the instance `home` is not in use any more. */
  release(home: object): void {
    this.slotOf(home)?.release();
    this.#advance();
    this.#onIdle?.();
  }

  /**
   * @returns whether it is the call that a stopped plugin is tried with.
   * @throws {PluginError} why a call cannot even wait.
   */
  #check({ name, home }: CallBounds, origin: CallOrigin | undefined): boolean {
    const { capacity, room } = this.#options;
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#waiting.size >= capacity) throw busy(name, capacity, room.pluginId);
    if (origin !== undefined && this.#isCycle(home, origin)) throw reentrant(name, origin, room.pluginId);
    return this.breaker.check();
  }

  /** Whether every instance that could take the call waits for an answer for which this call is needed. */
  #isCycle(home: object | undefined, { waiting }: CallOrigin): boolean {
    if (home === undefined) return this.#slots.length >= this.#options.policy.count && this.#slots.every((slot) => waiting.includes(slot));
    const slot = this.slotOf(home);
    return slot !== undefined && waiting.includes(slot);
  }

  #advance(): void {
    for (const call of this.#waiting) {
      if (this.#slots.length >= this.#options.policy.count && this.#slots.every((slot) => slot.call !== undefined)) return;
      const slot = call.home === undefined ? this.#freeSlot() : this.slotOf(call.home);
      if (slot === undefined && call.home !== undefined) call.fail(resourceGone(call.name, this.#options.room.pluginId));
      if (slot === undefined || slot.call !== undefined) continue;
      this.#waiting.delete(call);
      call.begin(slot);
    }
  }

  /** The instance that costs least: one that runs, an empty place, a new place. */
  #freeSlot(): InstanceSlot | undefined {
    const free = this.#slots.filter(({ isFree }) => isFree);
    const found = free.find(({ keeper }) => keeper.isRunning) ?? free[0];
    return found ?? (this.#slots.length < this.#options.policy.count ? this.#addSlot() : undefined);
  }

  #addSlot(): InstanceSlot {
    const { room, policy, running, start } = this.#options;
    const slot: InstanceSlot = new InstanceSlot({
      room, policy, running, breaker: this.breaker,
      start: async (listeners, given) => {
        try {
          return await start(listeners, given);
        } catch (error) {
          if (!listeners.signal.aborted && error instanceof PluginError) this.#count(error);
          throw error;
        }
      },
      onEnded: (error, home) => {
        this.#options.onEnded(error, slot);
        this.#count(error);
        this.#failBound(error, home);
      },
    });
    this.#slots.push(slot);
    return slot;
  }

  /** What waits for an instance that has ended: all calls, if it was the only one and had a state; else those with resources of it. */
  #failBound(error: PluginError, home: object): void {
    const { mode, count } = this.#options.policy;
    const isState = mode === "persistent" && count === 1;
    for (const call of this.#waiting) {
      if (isState || call.home === home) call.fail(error);
    }
  }

  #failWaiting(error: PluginError): void {
    // A set may lose members while it is walked.
    for (const call of this.#waiting) call.fail(error);
  }

  #count(error: PluginError): void {
    if (!FAILURES.has(error.code)) return;
    this.breaker.failed(error);
    if (this.breaker.health.state === "stopped") this.#failWaiting(error);
  }

  #leave(call: PendingCall, slot: InstanceSlot | undefined): void {
    if (call.isTry) this.breaker.giveUpTrying();
    this.#waiting.delete(call);
    if (slot === undefined || slot.call !== call) return;
    slot.finish();
    this.#advance();
    this.#onIdle?.();
  }
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
