import { setTimeout as wait } from "node:timers/promises";
import { PluginError } from "../../errors/plugin-error.js";
import type { Executor, ExecutorInstance, InstanceListeners, InstanceOrder } from "./executor.js";
import { type ExecutorLog, SILENT_LOG } from "./executor-log.js";
import type { NatsConnection, NatsServers } from "./nats-connection.js";
import { OFFER, OFFER_REPLY, SUBJECT } from "./nats-messages.js";
import { DEFAULT_PULSE, drawName, Pulse, type PulseTimes } from "./nats-pulse.js";
import { RemoteInstance } from "./nats-remote-instance.js";

export interface NatsExecutorOptions extends NatsServers {
  /** What an executor may send in one message, in bytes. @defaultValue 64 MiB and some */
  readonly messageBytes?: number;
  readonly times?: Partial<PulseTimes>;
  readonly log?: ExecutorLog;
}

export const DEFAULT_MESSAGE_BYTES = 65 * 1024 * 1024;

/** How long an executor may take to say whether it takes an order. */
const OFFER_MILLISECONDS = 1_000;
const FIRST_PAUSE_MILLISECONDS = 10;
const LONGEST_PAUSE_MILLISECONDS = 250;
/** An executor that was just started may not have the package yet that another has. */
const NOT_FOUND_TRIES = 5;

/**
 * An executor whose instances run elsewhere: each order goes over NATS to one of the executors that `runNatsExecutor` made, and what is
 * said to and by its instance between that one and here. An executor that is killed takes its own instances with it, and no others.
 *
 * @throws {PluginError} `usage-invalid`, `bridge-unreachable`
 */
export async function createNatsExecutor(options: NatsExecutorOptions): Promise<Executor> {
  // Its client is large, and few bridges need it.
  const { connectNats } = await import("./nats-connection.js");
  const onLost: (() => void)[] = [];
  const connection = await connectNats(options, () => onLost.forEach((tell) => tell()));
  const executor = new RemoteExecutor(connection, options);
  onLost.push(() => executor.lost());
  // By the first order, the server must know where answers go.
  await connection.flushed();
  return executor;
}

class RemoteExecutor implements Executor {
  readonly #connection: NatsConnection;
  readonly #messageBytes: number;
  readonly #log: ExecutorLog;
  readonly #pulse: Pulse;
  readonly #instances = new Map<string, RemoteInstance>();
  readonly #closing = new AbortController();
  #starting = 0;
  #refusedOffers = 0;
  #lostInstances = 0;
  #unsubscribe: () => void;

  constructor(connection: NatsConnection, { messageBytes = DEFAULT_MESSAGE_BYTES, times = {}, log = SILENT_LOG }: NatsExecutorOptions) {
    this.#connection = connection;
    this.#messageBytes = messageBytes;
    this.#log = log;
    this.#pulse = new Pulse(connection, "bridge", { ...DEFAULT_PULSE, ...times }, (executor) => this.#gone(executor));
    this.#unsubscribe = this.#listen();
  }

  get running(): number {
    return this.#instances.size + this.#starting;
  }

  figures(): ReadonlyMap<string, number> {
    return new Map([
      ["remote_instances", this.#instances.size],
      ["remote_executors", new Set([...this.#instances.values()].map(({ executor }) => executor)).size],
      ["refused_offers_total", this.#refusedOffers],
      ["lost_instances_total", this.#lostInstances],
    ]);
  }

  async start(order: InstanceOrder, listeners: InstanceListeners, signal: AbortSignal): Promise<ExecutorInstance> {
    const stop = AbortSignal.any([signal, AbortSignal.timeout(order.limits.instantiateMilliseconds), this.#closing.signal]);
    this.#starting += 1;
    try {
      return await this.#startSomewhere(order, listeners, stop);
    } catch (error) {
      if (signal.aborted) throw refusal(order.id, "aborted", "it is not wanted any more", error);
      if (this.#closing.signal.aborted) throw refusal(order.id, "closed", "the executor is closed", error);
      throw error;
    } finally {
      this.#starting -= 1;
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await Promise.all([...this.#instances.values()].map((instance) => instance.end()));
    this.#pulse.stop();
    this.#unsubscribe();
    await this.#connection.flushed();
    await this.#connection.close();
  }

  /** The connection is gone: what executors said meanwhile is, too. They learn of it by a name that is not heard any more. */
  lost(): void {
    this.#log.warn("nats-lost", { instances: this.#instances.size });
    this.#unsubscribe();
    this.#pulse.rename();
    this.#unsubscribe = this.#listen();
    for (const instance of this.#instances.values()) this.#lose(instance, "the connection to NATS was lost");
  }

  #listen(): () => void {
    return this.#connection.subscribe(SUBJECT.toBridge(this.#pulse.id, "*"), undefined, (bytes, _reply, subject) => {
      this.#instances.get(subject.slice(subject.lastIndexOf(".") + 1))?.receive(bytes);
    });
  }

  /** Tries one executor after another, until one starts it, says that it cannot be started, or the time is over. */
  async #startSomewhere(order: InstanceOrder, listeners: InstanceListeners, stop: AbortSignal): Promise<ExecutorInstance> {
    let notFound = 0;
    let last: unknown = refusal(order.id, "busy", "no executor had room for it in time. Start more of them, or try again later");
    for (let pause = FIRST_PAUSE_MILLISECONDS; ; pause = Math.min(LONGEST_PAUSE_MILLISECONDS, pause * 2)) {
      const channel = drawName();
      const executor = await untilAborted(this.#offer(channel), stop, () => last);
      if (executor !== undefined) {
        try {
          return await this.#startAt(executor, channel, order, listeners, stop);
        } catch (error) {
          if (stop.aborted || !(error instanceof PluginError)) throw error;
          if (error.code === "plugin-not-found") notFound += 1;
          // Nothing of the plugin's was asked for yet: another may take it.
          const mayHelp = error.code === "busy" || error.code === "bridge-disconnected" || (error.code === "plugin-not-found" && notFound < NOT_FOUND_TRIES);
          if (!mayHelp) throw error;
          last = error;
        }
      }
      this.#refusedOffers += 1;
      await untilAborted(wait(pause), stop, () => last);
    }
  }

  /** @returns the name of an executor that takes it; `undefined` if none does now. */
  async #offer(channel: string): Promise<string | undefined> {
    const reply = await this.#connection.request(SUBJECT.orders, OFFER.encode({ bridge: this.#pulse.id, channel }), OFFER_MILLISECONDS);
    const answer = typeof reply === "string" ? undefined : OFFER_REPLY.decode(reply);
    return answer?.tag === "accepted" && /^[0-9a-f]{32}$/.test(answer.val.executor) ? answer.val.executor : undefined;
  }

  async #startAt(executor: string, channel: string, order: InstanceOrder, listeners: InstanceListeners, stop: AbortSignal): Promise<ExecutorInstance> {
    const instance = new RemoteInstance({
      executor, listeners,
      pluginId: order.id,
      receivedBytes: this.#messageBytes,
      partBytes: this.#connection.messageBytes,
      publish: (bytes) => this.#connection.publish(SUBJECT.toExecutor(executor, channel), bytes),
      onGone: () => this.#forget(channel),
    });
    this.#instances.set(channel, instance);
    this.#pulse.watch(executor);
    try {
      await instance.begin(order, stop);
      return instance;
    } catch (error) {
      await instance.end();
      throw error;
    }
  }

  #forget(channel: string): void {
    const instance = this.#instances.get(channel);
    this.#instances.delete(channel);
    if (instance !== undefined && ![...this.#instances.values()].some(({ executor }) => executor === instance.executor)) this.#pulse.unwatch(instance.executor);
  }

  #gone(executor: string): void {
    this.#log.warn("executor-gone", { executor });
    for (const instance of this.#instances.values()) {
      if (instance.executor === executor) this.#lose(instance, "its executor gives no sign of life");
    }
  }

  #lose(instance: RemoteInstance, reason: string): void {
    this.#lostInstances += 1;
    instance.lose(reason);
  }
}

function refusal(pluginId: string, code: "aborted" | "closed" | "busy", reason: string, cause?: unknown): PluginError {
  return new PluginError({ code, stage: "instantiate", pluginId, message: `Cannot start ${pluginId}: ${reason}`, cause });
}

/** @param reason - what it failed of, where it was given up before it ended. */
function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal, reason: () => unknown): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(reason());
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
