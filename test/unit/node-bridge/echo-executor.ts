/** Runs the plugin of `echo-plugin.ts` inside the test's process, with the contract of an executor to the letter. */
import { setTimeout as wait } from "node:timers/promises";
import { PluginError } from "../../../src/errors/plugin-error.js";
import type { Executor, ExecutorHostAnswer, ExecutorInstance, ExecutorOutcome, InstanceListeners, InstanceOrder } from "../../../src/node/executor/executor.js";
import type { PluginCatalogue } from "../../../src/node/executor/plugin-catalogue.js";
import { decodeArguments, encodeArguments, encodeResult, STORE } from "./echo-plugin.js";

export class EchoExecutor implements Executor {
  readonly instances = new Set<EchoInstance>();
  readonly orders: InstanceOrder[] = [];
  readonly #catalogue: PluginCatalogue | undefined;
  /** How many instances it has room for. */
  capacity = Number.POSITIVE_INFINITY;
  /** Delays each start. */
  startMilliseconds = 0;
  closed = false;

  constructor(catalogue?: PluginCatalogue) {
    this.#catalogue = catalogue;
  }

  get running(): number {
    return this.instances.size;
  }

  figures(): ReadonlyMap<string, number> {
    return new Map([["echoes", this.instances.size]]);
  }

  async start(order: InstanceOrder, listeners: InstanceListeners, signal: AbortSignal): Promise<ExecutorInstance> {
    this.orders.push(order);
    const instance = new EchoInstance(listeners, () => this.instances.delete(instance));
    this.instances.add(instance);
    try {
      if (this.#catalogue !== undefined && (await this.#catalogue.find(order.id, order.version, order.manifestSha256)) === undefined) {
        throw new PluginError({ code: "plugin-not-found", stage: "instantiate", pluginId: order.id, message: `Cannot start ${order.id}: it is not here` });
      }
      if (this.instances.size > this.capacity) throw new PluginError({ code: "busy", stage: "instantiate", message: `Cannot start ${order.id}: there is no room` });
      await wait(this.startMilliseconds, undefined, { signal });
      return instance;
    } catch (error) {
      this.instances.delete(instance);
      if (signal.aborted) throw new PluginError({ code: "aborted", stage: "instantiate", message: "Starting was given up", cause: error });
      throw error;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const instance of this.instances) await instance.end();
  }
}

export class EchoInstance implements ExecutorInstance {
  readonly #listeners: InstanceListeners;
  readonly #onGone: () => void;
  readonly #ended: Promise<never>;
  #rejectEnded: (error: PluginError) => void = () => undefined;
  readonly #answers = new Map<number, (answer: ExecutorHostAnswer) => void>();
  readonly #streams = new Map<number, { next: bigint; readonly count: bigint }>();
  readonly received: string[] = [];
  #isEnded = false;
  #hostCalls = 0;
  #waiting: (() => void)[] | undefined;
  pauses = 0;

  constructor(listeners: InstanceListeners, onGone: () => void) {
    this.#listeners = listeners;
    this.#onGone = onGone;
    this.#ended = new Promise((_resolve, reject) => (this.#rejectEnded = reject));
    this.#ended.catch(() => undefined);
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  async call(called: string, args: Uint8Array, milliseconds: number): Promise<ExecutorOutcome> {
    const name = called.slice(called.indexOf("#") + 1);
    this.received.push(name);
    const timer = new AbortController();
    try {
      const late = wait(milliseconds, undefined, { signal: timer.signal }).then(() => {
        throw new PluginError({ code: "timeout", stage: "call", message: `The call of ${name} did not end within its ${milliseconds} ms` });
      });
      late.catch(() => undefined);
      const outcome = await Promise.race([this.#perform(name, args), late, this.#ended]);
      if (outcome.kind !== "ok" && outcome.kind !== "err") await this.end();
      return outcome;
    } catch (error) {
      await this.end();
      throw error;
    } finally {
      timer.abort();
    }
  }

  async drop(resource: number): Promise<ExecutorOutcome> {
    return this.#streams.delete(resource) ? { kind: "ok", bytes: new Uint8Array() } : { kind: "resource-invalid", message: `there is no resource ${resource}` };
  }

  answer(id: number, answer: ExecutorHostAnswer): void {
    const settle = this.#answers.get(id);
    this.#answers.delete(id);
    settle?.(answer);
  }

  pause(): void {
    this.pauses += 1;
    this.#waiting ??= [];
  }

  resume(): void {
    for (const go of this.#waiting?.splice(0) ?? []) go();
    this.#waiting = undefined;
  }

  async end(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#rejectEnded(new PluginError({ code: "closed", stage: "call", message: "The instance was ended" }));
    this.#onGone();
  }

  /** It ends by itself, as a process that crashes. */
  crash(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onGone();
    const end = { code: "crashed", stage: "call", message: "The instance has ended: its process was killed by SIGSEGV" } as const;
    this.#rejectEnded(new PluginError(end));
    this.#listeners.onEnded(end);
  }

  /** Asks the app, with any number and any bytes. */
  hostCall(id: number, called: string, args: Uint8Array): Promise<ExecutorHostAnswer> {
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#listeners.onHostCall(id, called, args);
    });
  }

  async #perform(name: string, args: Uint8Array): Promise<ExecutorOutcome> {
    const [value] = decodeArguments(name, args);
    const ok = (result: unknown): ExecutorOutcome => ({ kind: "ok", bytes: encodeResult(name, "ok", result) });
    switch (name) {
      case "echo": return ok(value);
      case "check": return String(value).startsWith("!") ? { kind: "err", bytes: encodeResult(name, "err", value) } : ok(value);
      case "rest": return wait(Number(value)).then(() => ok(value));
      case "explode": return { kind: "trap", message: "it exploded" };
      case "die": return new Promise(() => this.crash());
      case "print": return this.#print(String(value)).then(() => ok(1));
      case "flood": return this.#flood(Number(value)).then(ok);
      case "ask": return this.#ask("read", value);
      case "tell": return this.#ask("label", value);
      case "ticks": return ok(this.#openStream(value as bigint));
      default: return this.#step(Number(value));
    }
  }

  async #print(text: string): Promise<void> {
    if (this.#waiting !== undefined) await new Promise<void>((resolve) => this.#waiting?.push(resolve));
    this.#listeners.onEvent({ kind: "output", stream: "stdout", text });
    this.#listeners.onEvent({ kind: "output", stream: "stderr", text });
    this.#listeners.onEvent({ kind: "log", level: "info", context: "echo", message: text });
  }

  async #flood(times: number): Promise<number> {
    for (let index = 0; index < times; index += 1) {
      await this.#print("x".repeat(64 * 1024));
      // So that pausing it is noticed.
      if (index % 16 === 15) await wait(0);
    }
    return times;
  }

  async #ask(imported: "read" | "label", path: unknown): Promise<ExecutorOutcome> {
    this.#hostCalls += 1;
    const answer = await this.hostCall(this.#hostCalls, `${STORE}#${imported}`, encodeArguments(imported, path));
    if ("bytes" in answer) return answer;
    return { kind: "host-failed", message: answer.kind === "denied" ? `${answer.import} was denied` : answer.message };
  }

  #openStream(count: bigint): number {
    const number = this.#streams.size + 1;
    this.#streams.set(number, { next: 0n, count });
    return number;
  }

  #step(resource: number): ExecutorOutcome {
    const stream = this.#streams.get(resource);
    if (stream === undefined) return { kind: "resource-invalid", message: `there is no stream ${resource}` };
    const item = stream.next < stream.count ? stream.next : undefined;
    stream.next += 1n;
    return { kind: "ok", bytes: encodeResult("[method]ticks-stream.next", "ok", item) };
  }
}
