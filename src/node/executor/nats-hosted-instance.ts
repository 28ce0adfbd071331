import { setTimeout as wait } from "node:timers/promises";
import { PluginError } from "../../errors/plugin-error.js";
import type { GuestEvent } from "../../rpc/messages.js";
import type { Executor, ExecutorInstance, ExecutorOutcome } from "./executor.js";
import type { ExecutorLog } from "./executor-log.js";
import { NatsChannel } from "./nats-channel.js";
import { TO_BRIDGE, TO_EXECUTOR, type ToBridge, type ToExecutor, type WireFailure, type WireOrder } from "./nats-messages.js";

export interface HostedInstanceOptions {
  /** The bridge that wants it. */
  readonly bridge: string;
  readonly executor: Executor;
  readonly log: ExecutorLog;
  /** What one message of NATS may hold, in bytes. */
  readonly partBytes: number;
  /** What the bridge may send in one message, in bytes. */
  readonly receivedBytes: number;
  readonly publish: (bytes: Uint8Array) => void;
  /** Its place is free again: its process is gone. */
  readonly onGone: () => void;
}

/** How long a bridge may take to read the last that is said to it. */
const LAST_WORDS_MILLISECONDS = 5_000;
/** How long a bridge may take to send what it has asked a place for. */
const ORDER_MILLISECONDS = 5_000;

/** One instance that a bridge has here. */
export class HostedInstance {
  readonly bridge: string;
  readonly #options: HostedInstanceOptions;
  readonly #channel: NatsChannel;
  readonly #starting = new AbortController();
  readonly #orderTimer: NodeJS.Timeout;
  /** Reasons for which nothing is taken from it: the bridge's, and that of the way there. */
  readonly #paused = new Set<"bridge" | "channel">();
  #instance: ExecutorInstance | undefined;
  #calls = 0;
  #activeAt = performance.now();
  #isOrdered = false;
  #isEnded = false;

  constructor(options: HostedInstanceOptions) {
    const { publish, partBytes, receivedBytes } = options;
    this.bridge = options.bridge;
    this.#options = options;
    this.#channel = new NatsChannel({
      publish, messageBytes: partBytes, receivedBytes,
      onMessage: (bytes) => this.#message(bytes),
      onBroken: (reason) => this.#violate(reason),
      onEnd: () => this.abandon(),
      onPressure: (isHigh) => this.#hold("channel", isHigh),
    });
    this.#orderTimer = setTimeout(() => this.abandon(), ORDER_MILLISECONDS);
  }

  /** Whether nothing of it is under way, or has been for `milliseconds`. */
  isQuiet(milliseconds: number): boolean {
    return this.#instance !== undefined && this.#calls === 0 && performance.now() - this.#activeAt >= milliseconds;
  }

  /** A message of NATS of its bridge. */
  receive(bytes: Uint8Array): void {
    this.#channel.receive(bytes);
  }

  /** Its bridge does not want it any more, or is gone. */
  abandon(): void {
    this.#finish(undefined);
  }

  /** It cannot go on here. */
  refuse(reason: string): void {
    this.#finish({ code: "bridge-disconnected", stage: "call", message: `The instance has ended: ${reason}` });
  }

  #message(bytes: Uint8Array): void {
    const message = TO_EXECUTOR.decode(bytes);
    if (message === undefined) return this.#violate("something of no known form");
    if (this.#isEnded) return;
    if (message.tag === "start") return this.#isOrdered ? this.#violate("a second order") : void this.#start(message.val);
    if (this.#instance === undefined) return this.#violate(`${message.tag} before it was started`);
    this.#perform(message, this.#instance);
  }

  #perform(message: Exclude<ToExecutor, { readonly tag: "start" }>, instance: ExecutorInstance): void {
    switch (message.tag) {
      case "call": {
        const { call, target, arguments: args, milliseconds } = message.val;
        return void this.#answer(call, instance.call(target, args, milliseconds));
      }
      case "drop": return void this.#answer(message.val.call, instance.drop(message.val.resource));
      case "host-answer": {
        const { id, answer } = message.val;
        if (answer.tag === "denied") return instance.answer(id, { kind: answer.tag, ...answer.val });
        return instance.answer(id, answer.tag === "failed" ? { kind: answer.tag, message: answer.val } : { kind: answer.tag, bytes: answer.val });
      }
      case "pause": return this.#hold("bridge", true);
      case "resume": return this.#hold("bridge", false);
    }
  }

  async #start({ limits, ...order }: WireOrder): Promise<void> {
    clearTimeout(this.#orderTimer);
    this.#isOrdered = true;
    try {
      const instance = await this.#options.executor.start({ ...order, limits: boundedLimits(limits) }, {
        onHostCall: (id, target, args) => this.#send({ tag: "host-call", val: { id, target, arguments: args } }),
        onEvent: (event) => this.#send({ tag: "event", val: wireEvent(event) }),
        onEnded: ({ code, stage, message }) => this.#finish({ code, stage, message }),
      }, this.#starting.signal);
      if (this.#isEnded) return await instance.end();
      this.#instance = instance;
      if (this.#paused.size > 0) instance.pause?.();
      this.#send({ tag: "started" });
    } catch (error) {
      this.#finish(failureOf(error, "instantiate"));
    }
  }

  async #answer(call: number, outcome: Promise<ExecutorOutcome>): Promise<void> {
    this.#calls += 1;
    const answer = await outcome.then(wireOutcome, (error: unknown) => ({ tag: "failed" as const, val: failureOf(error, "call") }));
    this.#calls -= 1;
    this.#activeAt = performance.now();
    this.#send({ tag: "answer", val: { call, outcome: answer } });
  }

  #hold(reason: "bridge" | "channel", isHeld: boolean): void {
    const wasHeld = this.#paused.size > 0;
    if (isHeld) this.#paused.add(reason);
    else this.#paused.delete(reason);
    if (this.#paused.size > 0 === wasHeld) return;
    if (wasHeld) this.#instance?.resume?.();
    else this.#instance?.pause?.();
  }

  #send(message: ToBridge): void {
    if (!this.#isEnded) this.#channel.send(TO_BRIDGE.encode(message));
  }

  #violate(found: string): void {
    this.#options.log.warn("bridge-violation", { reason: found });
    this.refuse(`its bridge sent ${found}`);
  }

  /** @param failure - what the bridge is told; `undefined` where it has said so itself, or is gone. */
  #finish(failure: WireFailure | undefined): void {
    if (this.#isEnded) return;
    if (failure !== undefined) this.#send({ tag: "ended", val: failure });
    this.#isEnded = true;
    clearTimeout(this.#orderTimer);
    this.#starting.abort();
    void this.#leave(failure !== undefined);
  }

  /** Ends what runs, and waits until the bridge has been told: what was said before is still on its way. */
  async #leave(isTold: boolean): Promise<void> {
    try {
      await this.#instance?.end();
    } catch (error) {
      this.#options.log.error("end-failed", { reason: error instanceof Error ? error.message : String(error) });
    }
    if (isTold) await Promise.race([this.#channel.emptied(), wait(LAST_WORDS_MILLISECONDS, undefined, { ref: false })]);
    this.#options.onGone();
  }
}

/** Numbers of the wire, as numbers that bounds can be compared with: a bound that is none would bound nothing. */
function boundedLimits(limits: WireOrder["limits"]): WireOrder["limits"] {
  const bound = (value: number): number => (value >= 1 && value <= Number.MAX_SAFE_INTEGER ? Math.floor(value) : 1);
  const { instantiateMilliseconds, callMilliseconds, memoryBytes, messageBytes, logBytes } = limits;
  return {
    instantiateMilliseconds: bound(instantiateMilliseconds), callMilliseconds: bound(callMilliseconds),
    memoryBytes: bound(memoryBytes), messageBytes: bound(messageBytes), logBytes: bound(logBytes),
  };
}

function wireOutcome(outcome: ExecutorOutcome): Extract<ToBridge, { readonly tag: "answer" }>["val"]["outcome"] {
  return "bytes" in outcome ? { tag: outcome.kind, val: outcome.bytes } : { tag: outcome.kind, val: outcome.message };
}

function wireEvent(event: GuestEvent): Extract<ToBridge, { readonly tag: "event" }>["val"] {
  switch (event.kind) {
    case "output": return { tag: event.kind, val: { stream: event.stream, text: event.text } };
    case "log": return { tag: event.kind, val: { level: event.level, context: event.context, message: event.message } };
    case "denied": return { tag: event.kind, val: { authority: event.authority, import: event.import } };
    case "output-truncated": return { tag: event.kind };
  }
}

function failureOf(error: unknown, stage: "instantiate" | "call"): WireFailure {
  if (error instanceof PluginError) return { code: error.code, stage: error.stage, message: error.message };
  return { code: stage === "call" ? "crashed" : "instantiate-failed", stage, message: "The executor failed. Its log says how" };
}
