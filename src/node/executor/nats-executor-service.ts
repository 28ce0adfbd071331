import { setTimeout as wait } from "node:timers/promises";
import type { Executor } from "./executor.js";
import { type ExecutorLog, SILENT_LOG } from "./executor-log.js";
import type { NatsConnection, NatsServers } from "./nats-connection.js";
import { DEFAULT_MESSAGE_BYTES } from "./nats-executor.js";
import { HostedInstance } from "./nats-hosted-instance.js";
import { EXECUTORS, OFFER, OFFER_REPLY, SUBJECT } from "./nats-messages.js";
import { DEFAULT_PULSE, Pulse, type PulseTimes } from "./nats-pulse.js";

export interface NatsExecutorServiceOptions extends NatsServers {
  /** What runs the instances. It is closed with the service. */
  readonly executor: Executor;
  /** Instances at a time. Beyond them no order is taken: it goes to another executor. @defaultValue 64 */
  readonly instances?: number;
  /** What a bridge may send in one message, in bytes. @defaultValue 64 MiB and some */
  readonly messageBytes?: number;
  readonly times?: Partial<PulseTimes>;
  /** How long running calls may go on when it is to stop, in milliseconds. @defaultValue 10 seconds */
  readonly drainMilliseconds?: number;
  readonly log?: ExecutorLog;
}

/** An executor that takes orders. */
export interface NatsExecutorService {
  /** Instances that bridges have here. */
  readonly running: number;
  /** Takes no more orders, lets running calls end within their time, and closes. */
  drain(): Promise<void>;
  /** Ends everything at once. */
  close(): Promise<void>;
}

const DEFAULT_INSTANCES = 64;
const DRAIN_MILLISECONDS = 10_000;
const LOOK_MILLISECONDS = 25;
/** How long a page may be silent between two steps of a stream before an executor that stops takes it for done. */
const QUIET_MILLISECONDS = 500;

/**
 * Takes the orders of bridges over NATS, and has `executor` carry them out. There may be any number of them: each order goes to one.
 *
 * @throws {PluginError} `usage-invalid`, `bridge-unreachable`
 */
export async function runNatsExecutor(options: NatsExecutorServiceOptions): Promise<NatsExecutorService> {
  const { connectNats } = await import("./nats-connection.js");
  const onLost: (() => void)[] = [];
  const connection = await connectNats(options, () => onLost.forEach((tell) => tell()));
  const service = new OrderService(connection, options);
  onLost.push(() => service.lost());
  // Whoever is told that it takes orders may send one at once: by then the server must know of it.
  await connection.flushed();
  return service;
}

class OrderService implements NatsExecutorService {
  readonly #connection: NatsConnection;
  readonly #options: NatsExecutorServiceOptions;
  readonly #log: ExecutorLog;
  readonly #pulse: Pulse;
  readonly #hosted = new Map<string, HostedInstance>();
  #isDraining = false;
  #closed: Promise<void> | undefined;
  readonly #stopOrders: () => void;
  #stopInstances: () => void;

  constructor(connection: NatsConnection, options: NatsExecutorServiceOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#log = options.log ?? SILENT_LOG;
    this.#pulse = new Pulse(connection, "executor", { ...DEFAULT_PULSE, ...options.times }, (bridge) => this.#gone(bridge));
    this.#stopInstances = this.#listen();
    this.#stopOrders = connection.subscribe(SUBJECT.orders, EXECUTORS, (bytes, reply) => this.#offered(bytes, reply));
  }

  get running(): number {
    return this.#hosted.size;
  }

  async drain(): Promise<void> {
    const end = performance.now() + (this.#options.drainMilliseconds ?? DRAIN_MILLISECONDS);
    this.#isDraining = true;
    this.#stopOrders();
    this.#log.info("draining", { instances: this.#hosted.size });
    while (this.#hosted.size > 0 && performance.now() < end && this.#closed === undefined) {
      for (const instance of this.#hosted.values()) {
        if (instance.isQuiet(QUIET_MILLISECONDS)) instance.refuse("its executor stops");
      }
      await wait(LOOK_MILLISECONDS);
    }
    await this.close();
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  /** The connection is gone: what bridges said meanwhile is, too. They learn of it by a name that is not heard any more. */
  lost(): void {
    this.#log.warn("nats-lost", { instances: this.#hosted.size });
    this.#stopInstances();
    this.#pulse.rename();
    this.#stopInstances = this.#listen();
    for (const instance of this.#hosted.values()) instance.abandon();
  }

  async #close(): Promise<void> {
    this.#isDraining = true;
    this.#stopOrders();
    for (const instance of this.#hosted.values()) instance.refuse("its executor stops");
    await this.#options.executor.close();
    this.#pulse.stop();
    this.#stopInstances();
    await this.#connection.flushed();
    await this.#connection.close();
    this.#log.info("closed");
  }

  #listen(): () => void {
    return this.#connection.subscribe(SUBJECT.toExecutor(this.#pulse.id, "*"), undefined, (bytes, _reply, subject) => {
      this.#hosted.get(subject.slice(subject.lastIndexOf(".") + 1))?.receive(bytes);
    });
  }

  #offered(bytes: Uint8Array, reply: ((bytes: Uint8Array) => void) | undefined): void {
    const offer = OFFER.decode(bytes);
    const isName = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);
    // Whoever may write to NATS may write anything.
    if (offer === undefined || reply === undefined || !isName(offer.bridge) || !isName(offer.channel) || this.#hosted.has(offer.channel)) return this.#log.warn("offer-malformed");
    const { instances = DEFAULT_INSTANCES, executor, messageBytes = DEFAULT_MESSAGE_BYTES } = this.#options;
    if (this.#isDraining || this.#hosted.size >= instances) return reply(OFFER_REPLY.encode({ tag: "busy" }));
    const { bridge, channel } = offer;
    this.#hosted.set(channel, new HostedInstance({
      bridge, executor,
      log: this.#log,
      receivedBytes: messageBytes,
      partBytes: this.#connection.messageBytes,
      publish: (message) => this.#connection.publish(SUBJECT.toBridge(bridge, channel), message),
      onGone: () => this.#forget(channel),
    }));
    this.#pulse.watch(bridge);
    reply(OFFER_REPLY.encode({ tag: "accepted", val: { executor: this.#pulse.id } }));
  }

  #forget(channel: string): void {
    const instance = this.#hosted.get(channel);
    this.#hosted.delete(channel);
    if (instance !== undefined && ![...this.#hosted.values()].some(({ bridge }) => bridge === instance.bridge)) this.#pulse.unwatch(instance.bridge);
  }

  #gone(bridge: string): void {
    this.#log.warn("bridge-gone", { bridge });
    for (const instance of this.#hosted.values()) {
      if (instance.bridge === bridge) instance.abandon();
    }
  }
}
