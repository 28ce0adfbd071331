import type { HostActivity } from "../../broker/broker.js";
import { PluginError } from "../../errors/plugin-error.js";
import { type CallOrigin, followActivity } from "./call-chain.js";
import type { CircuitBreaker } from "./circuit-breaker.js";
import { ErrorOutput } from "./error-output.js";
import { InstanceKeeper } from "./instance-keeper.js";
import type { InstancePolicy } from "./instance-policy.js";
import type { StartInstance } from "./start-instance.js";
import { rest, type Room, type RunningInstances, type Tenant } from "./running-instances.js";

/** Starts an instance in a slot, which it is told of so that it can say what it waits for. */
export type StartInSlot = (listeners: Parameters<StartInstance>[0], slot: InstanceSlot) => ReturnType<StartInstance>;

/** A call, as far as the slot in which it runs must know it. */
export interface SlotCall {
  readonly name: string;
  /** What it was made from. */
  readonly origin: CallOrigin | undefined;
}

export interface SlotOptions {
  readonly room: Room;
  readonly policy: Required<InstancePolicy>;
  readonly running: RunningInstances;
  readonly breaker: CircuitBreaker;
  readonly start: StartInSlot;
  /** Its instance failed, or was ended with a reason. */
  readonly onEnded: (error: PluginError, home: object) => void;
}

/** A place for one instance of a plugin, with at most one call in it. */
export class InstanceSlot implements Tenant {
  readonly keeper: InstanceKeeper;
  /** Of its present instance, or the last one. */
  readonly errorOutput = new ErrorOutput();
  /** The call that runs in it. A component must not be entered while it is suspended, and jco's glue does not prevent it. */
  call: SlotCall | undefined;
  readonly #options: SlotOptions;
  readonly #waitingFor = new Map<string, number>();
  #held = 0;
  #wasCalled = false;
  #isStarting = false;
  #isWaitingForRoom = false;

  constructor(options: SlotOptions) {
    this.#options = options;
    const { running, onEnded } = options;
    let home: object = {};
    this.keeper = new InstanceKeeper((listeners) => {
      home = this.keeper.generation;
      return this.#start(listeners);
    }, {
      onEnded: (error) => onEnded(error, home),
      onGone: () => {
        this.#held = 0;
        this.#wasCalled = false;
        this.#waitingFor.clear();
        running.leave(this);
      },
    });
  }

  /** Whether a call that needs no particular instance may begin here. */
  get isFree(): boolean {
    // An instance of one call alone is not shared with another, as long as something of it is in use.
    return this.call === undefined && (this.#options.policy.mode === "persistent" || this.#held === 0);
  }

  /** Whether resources of its instance are in use. */
  get isHeld(): boolean {
    return this.#held > 0;
  }

  /** Names of the app's functions for which its instance waits. */
  get waitingFor(): readonly string[] {
    return [...this.#waitingFor.keys()];
  }

  get isReplaceable(): boolean {
    // What was never called is as it was after its start.
    return this.#options.policy.mayPutAway || !this.#wasCalled;
  }

  begin(call: SlotCall): void {
    this.call = call;
    this.#wasCalled = true;
    this.#options.running.touch(this);
  }

  /** Its call has ended. */
  finish(): void {
    this.call = undefined;
    if (this.#options.policy.mode === "per-call") this.#retireUnheld();
    this.#options.running.touch(this);
  }

  /** Its call must stop. An instance that has no room yet did nothing wrong. */
  stop(error: PluginError): void {
    if (this.#isWaitingForRoom) this.keeper.retire(error);
    else this.keeper.end(error);
  }

  /** A resource of the instance `home` is in use. One that has ended meanwhile is not held for anybody. */
  hold(home: object): void {
    if (home === this.keeper.generation) this.#held += 1;
  }

  /** One is not in use any more. */
  release(): void {
    this.#held = Math.max(0, this.#held - 1);
    if (this.#options.policy.mode === "per-call" && this.call === undefined) this.#retireUnheld();
    this.#options.running.touch(this);
  }

  putAway(): boolean {
    const isIdle = this.call === undefined && this.#held === 0 && !this.#isStarting;
    if (!isIdle || !this.isReplaceable || !this.keeper.isRunning) return false;
    this.keeper.retire(this.#retired());
    return true;
  }

  /** Follows one of the app's functions while the instance waits for it. */
  follow(functionName: string): HostActivity {
    const { pluginId } = this.#options.room;
    const { names = [], waiting = [] } = this.call?.origin ?? {};
    this.#waitingFor.set(functionName, (this.#waitingFor.get(functionName) ?? 0) + 1);
    return followActivity({ names: [...names, pluginId, functionName], waiting: [...waiting, this] }, () => {
      const left = (this.#waitingFor.get(functionName) ?? 1) - 1;
      if (left > 0) this.#waitingFor.set(functionName, left);
      else this.#waitingFor.delete(functionName);
    });
  }

  async #start(listeners: Parameters<StartInstance>[0]): ReturnType<StartInstance> {
    const { running, room, breaker, start } = this.#options;
    const { signal } = listeners;
    this.#isStarting = true;
    try {
      this.#isWaitingForRoom = true;
      if (breaker.backOff > 0) await rest(breaker.backOff, signal);
      await running.enter(this, room, signal);
      this.#isWaitingForRoom = false;
      return await running.withRoom(this, signal, () => start(listeners, this));
    } finally {
      this.#isStarting = false;
      this.#isWaitingForRoom = false;
    }
  }

  #retireUnheld(): void {
    if (this.#held === 0) this.keeper.retire(this.#retired());
  }

  #retired(): PluginError {
    const { pluginId } = this.#options.room;
    return new PluginError({ code: "closed", stage: "close", pluginId, message: `The instance of ${pluginId} was put away: nobody used it` });
  }
}
