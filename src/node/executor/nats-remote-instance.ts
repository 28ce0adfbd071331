import { PluginError } from "../../errors/plugin-error.js";
import type { ExecutorHostAnswer, ExecutorInstance, ExecutorOutcome, InstanceEnd, InstanceListeners, InstanceOrder } from "./executor.js";
import { NatsChannel } from "./nats-channel.js";
import { instanceEnd, TO_BRIDGE, TO_EXECUTOR, type ToBridge, type ToExecutor } from "./nats-messages.js";

export interface RemoteInstanceOptions {
  /** The executor that has it. */
  readonly executor: string;
  readonly pluginId: string;
  readonly listeners: InstanceListeners;
  /** What one message of NATS may hold, in bytes. */
  readonly partBytes: number;
  /** What the executor may send in one message, in bytes. */
  readonly receivedBytes: number;
  readonly publish: (bytes: Uint8Array) => void;
  /** Nothing more is expected of it. */
  readonly onGone: () => void;
}

interface Pending<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: PluginError) => void;
}

/** An executor keeps a call's time itself. That much later it is held against it: its word may be lost. */
const GRACE_MILLISECONDS = 5_000;

/** One instance of an executor elsewhere. What comes from there is checked as what comes from a process is. */
export class RemoteInstance implements ExecutorInstance {
  readonly executor: string;
  readonly #options: RemoteInstanceOptions;
  readonly #channel: NatsChannel;
  readonly #calls = new Map<number, Pending<ExecutorOutcome>>();
  #starting: Pending<void> | undefined;
  #ended: InstanceEnd | undefined;
  #isStarted = false;
  #lastCall = 0;

  constructor(options: RemoteInstanceOptions) {
    const { publish, partBytes, receivedBytes } = options;
    this.executor = options.executor;
    this.#options = options;
    this.#channel = new NatsChannel({
      publish, messageBytes: partBytes, receivedBytes,
      onMessage: (bytes) => this.#message(bytes),
      onBroken: (reason) => this.lose(`its executor sent ${reason}`),
      onEnd: () => this.lose("its executor gave it up"),
    });
  }

  /** Has it started. @throws {PluginError} why it was not; `bridge-disconnected` if its executor is gone. */
  async begin({ grants, ...order }: InstanceOrder, stop: AbortSignal): Promise<void> {
    const late = (): void => this.#finish({ code: "timeout", stage: "instantiate", message: `Cannot start ${order.id}: its executor did not start it within ${order.limits.instantiateMilliseconds} ms` });
    stop.addEventListener("abort", late, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        this.#starting = { resolve, reject };
        this.#send({ tag: "start", val: { ...order, grants: [...grants] } });
        if (stop.aborted) late();
      });
    } finally {
      stop.removeEventListener("abort", late);
    }
  }

  call(target: string, args: Uint8Array, milliseconds: number): Promise<ExecutorOutcome> {
    return this.#ask(milliseconds, (call) => ({ tag: "call", val: { call, target, arguments: args, milliseconds: Math.min(0xffff_ffff, Math.max(1, Math.ceil(milliseconds))) } }));
  }

  drop(resource: number): Promise<ExecutorOutcome> {
    return this.#ask(undefined, (call) => ({ tag: "drop", val: { call, resource } }));
  }

  answer(id: number, answer: ExecutorHostAnswer): void {
    const wire = answer.kind === "denied"
      ? { tag: answer.kind, val: { authority: answer.authority, import: answer.import } }
      : answer.kind === "failed" ? { tag: answer.kind, val: answer.message } : { tag: answer.kind, val: answer.bytes };
    this.#send({ tag: "host-answer", val: { id, answer: wire } });
  }

  pause(): void {
    this.#send({ tag: "pause" });
  }

  resume(): void {
    this.#send({ tag: "resume" });
  }

  end(): Promise<void> {
    this.#finish({ code: "closed", stage: "close", message: `The instance of ${this.#options.pluginId} was ended` });
    return Promise.resolve();
  }

  /** Its executor cannot be believed, or heard, any more. */
  lose(reason: string): void {
    this.#endedByItself({ code: "bridge-disconnected", stage: "call", message: `The instance of ${this.#options.pluginId} has ended: ${reason}. What it was doing may or may not have been done` });
  }

  /** A message of NATS of its executor. */
  receive(bytes: Uint8Array): void {
    if (this.#ended === undefined) this.#channel.receive(bytes);
  }

  #ask(milliseconds: number | undefined, message: (call: number) => ToExecutor): Promise<ExecutorOutcome> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#error(this.#ended));
      this.#lastCall = (this.#lastCall + 1) >>> 0;
      const call = this.#lastCall;
      const timer = milliseconds === undefined ? undefined : setTimeout(() => this.#late(milliseconds), milliseconds + GRACE_MILLISECONDS);
      const settled = <Value>(settle: (value: Value) => void) => (value: Value): void => {
        clearTimeout(timer);
        settle(value);
      };
      this.#calls.set(call, { resolve: settled(resolve), reject: settled(reject) });
      this.#send(message(call));
    });
  }

  #late(milliseconds: number): void {
    this.#endedByItself({ code: "timeout", stage: "call", message: `The call of ${this.#options.pluginId} did not end within its ${milliseconds} ms, and its executor did not say so` });
  }

  #send(message: ToExecutor): void {
    if (this.#ended === undefined) this.#channel.send(TO_EXECUTOR.encode(message));
  }

  #message(bytes: Uint8Array): void {
    const message = TO_BRIDGE.decode(bytes);
    if (message === undefined) return this.lose("its executor sent something of no known form");
    if (this.#ended !== undefined) return;
    switch (message.tag) {
      case "started": return this.#started();
      case "ended": return this.#endedByItself(instanceEnd(message.val));
      case "answer": return this.#answer(message.val);
      case "host-call": return this.#options.listeners.onHostCall(message.val.id, message.val.target, message.val.arguments);
      case "event": return this.#event(message.val);
    }
  }

  #started(): void {
    if (this.#isStarted || this.#starting === undefined) return this.lose("its executor started it twice");
    this.#isStarted = true;
    this.#starting.resolve();
  }

  #answer({ call, outcome }: Extract<ToBridge, { readonly tag: "answer" }>["val"]): void {
    const pending = this.#calls.get(call);
    if (pending === undefined) return this.lose("its executor answered a call that was not made");
    this.#calls.delete(call);
    if (outcome.tag === "ok" || outcome.tag === "err") return pending.resolve({ kind: outcome.tag, bytes: outcome.val });
    if (outcome.tag === "failed") pending.reject(this.#error(instanceEnd(outcome.val)));
    else pending.resolve({ kind: outcome.tag, message: outcome.val });
    // After anything but those two it is no more.
    void this.end();
  }

  #event(event: Extract<ToBridge, { readonly tag: "event" }>["val"]): void {
    const { onEvent } = this.#options.listeners;
    switch (event.tag) {
      case "output": return onEvent({ kind: event.tag, ...event.val });
      case "log": return onEvent({ kind: event.tag, ...event.val });
      case "denied": return onEvent({ kind: event.tag, ...event.val });
      case "output-truncated": return onEvent({ kind: event.tag });
    }
  }

  #endedByItself(end: InstanceEnd): void {
    if (this.#ended !== undefined) return;
    this.#finish(end);
    if (this.#isStarted) this.#options.listeners.onEnded(end);
  }

  #finish(end: InstanceEnd): void {
    if (this.#ended !== undefined) return;
    this.#ended = end;
    this.#channel.end();
    const error = this.#error(end);
    this.#starting?.reject(error);
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
    this.#options.onGone();
  }

  #error({ code, stage, message }: InstanceEnd): PluginError {
    return new PluginError({ code, stage, pluginId: this.#options.pluginId, message });
  }
}
