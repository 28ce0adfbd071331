import { toUtf8 } from "../../bytes/utf8.js";
import type { PluginErrorCode } from "../../errors/error-codes.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { GuestEvent } from "../../rpc/messages.js";
import type { ExecutorHostAnswer, ExecutorInstance, ExecutorOutcome, InstanceEnd, InstanceListeners } from "./executor.js";
import type { OutputStream } from "./guest-output.js";
import { HostCalls } from "./host-calls.js";
import type { InstanceProcess, ProcessUser } from "./instance-process.js";
import { encodeTarget, ORDER, type ProcessFrame, REPORT, type StartedMessage, type StartMessage } from "./process-frames.js";
import { FRAME_OVERHEAD_BYTES, type ProcessLimits } from "./process-limits.js";
import type { InstanceTerms } from "./start-message.js";
import { parseFailed, parseStarted, plainWords } from "./started-message.js";

/** What one instance is started with. */
export interface InstanceStart {
  readonly message: StartMessage;
  readonly terms: InstanceTerms;
  readonly limits: ProcessLimits;
  readonly listeners: InstanceListeners;
}

interface Pending<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: PluginError) => void;
}

const OUTCOMES = ["ok", "err", "trap", "resource-invalid", "host-failed"] as const;
/** What an instance ends with after such an outcome of a call. */
const ENDINGS: Readonly<Record<Exclude<(typeof OUTCOMES)[number], "ok" | "err">, PluginErrorCode>> = {
  trap: "trap", "resource-invalid": "resource-invalid", "host-failed": "host-function-failed",
};
const HIGHEST_ID = 0xffff_ffff;

/** One instance in a process of this machine. Everything from the process is checked here. */
export class LocalInstance implements ExecutorInstance, ProcessUser {
  readonly #process: InstanceProcess;
  readonly #start: InstanceStart;
  readonly #hostCalls: HostCalls;
  #starting: Pending<StartedMessage> | undefined;
  #call: (Pending<ExecutorOutcome> & { readonly id: number; readonly timer: NodeJS.Timeout }) | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #lastId = 0;
  #isOver = false;
  isStarted = false;

  constructor(process: InstanceProcess, start: InstanceStart) {
    this.#process = process;
    this.#start = start;
    this.#hostCalls = new HostCalls(start.terms.imports, start.limits.hostCalls, start.limits.messageBytes);
    process.use(this);
  }

  /** Gives the process its plugin. @throws {PluginError} why it did not start. */
  async begin(): Promise<StartedMessage> {
    this.#refuseEnded();
    const started = new Promise<StartedMessage>((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
    this.#process.send(ORDER.start, 0, toUtf8(JSON.stringify(this.#start.message)));
    return started;
  }

  async call(target: string, args: Uint8Array, milliseconds: number): Promise<ExecutorOutcome> {
    const { terms, limits } = this.#start;
    if (!terms.exports.has(target)) throw this.#refusal("function-unknown", `it exports no ${JSON.stringify(target)}`);
    if (args.length > limits.messageBytes) throw this.#refusal("argument-invalid", `the arguments have ${args.length} bytes, and at most ${limits.messageBytes} are allowed`);
    return this.#inTurn(target, ORDER.call, [encodeTarget(target), args], milliseconds);
  }

  async drop(resource: number): Promise<ExecutorOutcome> {
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, resource, true);
    return this.#inTurn("the release of a resource", ORDER.drop, [number], this.#start.limits.callMilliseconds);
  }

  answer(id: number, answer: ExecutorHostAnswer): void {
    const parts = this.#hostCalls.settle(id, answer);
    if (parts !== undefined) this.#process.send(ORDER.hostAnswer, id, ...parts);
  }

  pause(): void {
    this.#process.pause();
  }

  resume(): void {
    this.#process.resume();
  }

  get limits(): ProcessLimits {
    return this.#start.limits;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    const gone = this.#process.end();
    this.#rejectAll({ code: "closed", stage: "close", message: "it was ended" });
    await gone;
  }

  isGranted(stream: OutputStream): boolean {
    return this.#start.terms.grants.some(({ kind }) => kind === stream);
  }

  onEvent(event: GuestEvent): void {
    if (!this.#isOver) this.#start.listeners.onEvent(event);
  }

  onEnded(end: InstanceEnd): void {
    this.#rejectAll(end);
    // One that did not start has nobody who listens: its start fails.
    if (!this.isStarted) return;
    // After whoever awaits a call has its outcome.
    setImmediate(() => {
      if (!this.#isOver) this.#start.listeners.onEnded({ ...end, message: this.#words(end) });
    });
  }

  onFrame(frame: ProcessFrame): void {
    // A process that was kept ready may send as much as any plugin may. This one's plugin may send less.
    const most = this.#start.limits.messageBytes + FRAME_OVERHEAD_BYTES;
    if (frame.payload.length > most) return this.#process.violate(`sent a frame of ${frame.payload.length} bytes, and at most ${most} are allowed`);
    switch (frame.kind) {
      case REPORT.started: return this.#onStarted(frame);
      case REPORT.failed: return this.#onFailed(frame);
      case REPORT.answer: return this.#onAnswer(frame);
      case REPORT.hostCall: return this.#onHostCall(frame);
      default: return this.#process.violate(`sent a frame of kind ${frame.kind}, which there is not`);
    }
  }

  #onStarted({ payload }: ProcessFrame): void {
    if (this.#starting === undefined) return this.#process.violate("said twice that it started");
    const started = parseStarted(payload);
    if (typeof started === "string") return this.#process.violate(`started, and what it says of itself is malformed: ${started}`);
    this.isStarted = true;
    this.#starting.resolve(started);
    this.#starting = undefined;
  }

  #onFailed({ payload }: ProcessFrame): void {
    if (this.#starting === undefined) return this.#process.violate("said that it did not start after it had");
    const failed = parseFailed(payload);
    if (typeof failed === "string") this.#process.violate(`did not start, and what it says of that is malformed: ${failed}`);
    else this.#process.fail(failed);
  }

  #onAnswer({ id, payload }: ProcessFrame): void {
    const call = this.#call;
    if (call === undefined || call.id !== id) return this.#process.violate(`answered call ${id}, which nobody made or which has its answer`);
    const outcome = this.#parseOutcome(payload);
    if (outcome === undefined) return this.#process.violate("answered a call with something that is no answer");
    clearTimeout(call.timer);
    this.#call = undefined;
    call.resolve(outcome);
    // It unwound, or was led astray: what is in its memory is not what its author thinks.
    if ("message" in outcome) this.#process.fail({ code: ENDINGS[outcome.kind], stage: "call", message: outcome.message });
  }

  #parseOutcome(payload: Uint8Array): ExecutorOutcome | undefined {
    const kind = OUTCOMES[payload[0] ?? OUTCOMES.length];
    const content = payload.subarray(1);
    if (kind === undefined || content.length > this.#start.limits.messageBytes) return undefined;
    if (kind === "ok" || kind === "err") return { kind, bytes: content };
    return { kind, message: plainWords(new TextDecoder().decode(content)) };
  }

  #onHostCall(frame: ProcessFrame): void {
    const call = this.#hostCalls.accept(frame);
    if (typeof call === "string") this.#process.violate(call);
    else this.#start.listeners.onHostCall(frame.id, call.target, call.args);
  }

  /** Calls are made one after another, each with a time of its own: one that waits is not charged with those before it. */
  async #inTurn(name: string, kind: number, parts: readonly Uint8Array[], milliseconds: number): Promise<ExecutorOutcome> {
    const exchange = this.#turn.then(() => this.#exchange(name, kind, parts, milliseconds));
    this.#turn = exchange.catch(() => {});
    return exchange;
  }

  async #exchange(name: string, kind: number, parts: readonly Uint8Array[], asked: number): Promise<ExecutorOutcome> {
    this.#refuseEnded();
    const most = this.#start.limits.callMilliseconds;
    const milliseconds = asked > 0 ? Math.min(asked, most) : most;
    const id = this.#lastId === HIGHEST_ID ? 1 : this.#lastId + 1;
    this.#lastId = id;
    const outcome = new Promise<ExecutorOutcome>((resolve, reject) => {
      const timer = setTimeout(() => this.#process.fail({ code: "timeout", stage: "call", message: `${name} took longer than ${milliseconds} ms` }), milliseconds);
      this.#call = { id, resolve, reject, timer };
    });
    this.#process.send(kind, id, ...parts);
    return outcome;
  }

  #refuseEnded(): void {
    const { ended } = this.#process;
    if (ended === "wanted") throw this.#error({ code: "closed", stage: "close", message: "it was ended" });
    if (ended !== undefined) throw this.#error(ended);
  }

  #rejectAll(end: InstanceEnd): void {
    const error = this.#error(end);
    clearTimeout(this.#call?.timer);
    this.#call?.reject(error);
    this.#starting?.reject(error);
    this.#call = undefined;
    this.#starting = undefined;
  }

  #error(end: InstanceEnd): PluginError {
    return new PluginError({ code: end.code, stage: end.stage, pluginId: this.#start.message.pluginId, message: this.#words(end) });
  }

  #words({ message }: InstanceEnd): string {
    const id = this.#start.message.pluginId;
    return this.isStarted ? `The instance of ${id} ended: ${message}` : `Cannot start ${id}: ${message}`;
  }

  #refusal(code: PluginErrorCode, reason: string): PluginError {
    return new PluginError({ code, stage: "call", pluginId: this.#start.message.pluginId, message: `Cannot call ${this.#start.message.pluginId}: ${reason}` });
  }
}
