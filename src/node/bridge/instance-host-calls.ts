import type { HostAnswerFrame, ServerFrame } from "../../runtime/bridge/frames.js";
import type { ExecutorHostAnswer, ExecutorInstance } from "../executor/executor.js";
import type { BridgeMetrics } from "./bridge-metrics.js";
import type { HostCallGate } from "./host-call-gate.js";

export interface InstanceHostCallsOptions {
  readonly instance: number;
  readonly gate: HostCallGate;
  readonly metrics: BridgeMetrics;
  /** How many may be without an answer. */
  readonly most: number;
  readonly send: (frame: ServerFrame) => void;
  /** Host calls that wait for the page have become more or fewer. */
  readonly weigh: (hostCalls: number) => void;
  /** The process did what our runtimes do not. */
  readonly onViolation: (reason: string) => void;
}

interface Denial {
  readonly authority: string;
  readonly import: string;
}

/** What one instance asks of its page. */
export class InstanceHostCalls {
  readonly #options: InstanceHostCallsOptions;
  /** The process's numbers by ours: a process may give one twice, and the page must not learn what it does with them. */
  readonly #pending = new Map<number, number>();
  readonly #early: { readonly id: number; readonly answer: ExecutorHostAnswer }[] = [];
  #executor: ExecutorInstance | undefined;
  #last = 0;
  #denial: Denial | undefined;

  constructor(options: InstanceHostCallsOptions) {
    this.#options = options;
  }

  /** The instance stands: what was answered before goes to it now. */
  attach(executor: ExecutorInstance): void {
    this.#executor = executor;
    for (const { id, answer } of this.#early.splice(0)) executor.answer(id, answer);
  }

  /** The plugin calls a function of the app. */
  receive(executorId: number, target: string, bytes: Uint8Array): void {
    const { gate, metrics, most, send, weigh, onViolation, instance } = this.#options;
    metrics.hostCalls += 1;
    if (this.#pending.size >= most) return onViolation(`more than ${most} calls of its app at once`);
    const verdict = gate.judge(target, bytes);
    if (verdict.kind === "malformed") return onViolation(verdict.reason);
    if (verdict.kind === "denied") {
      metrics.denials += 1;
      if (verdict.answer.kind === "denied") this.#denial = { authority: verdict.authority, import: verdict.import };
      return this.#answer(executorId, verdict.answer);
    }
    const id = this.#nextNumber();
    this.#pending.set(id, executorId);
    weigh(1);
    send({ tag: "host-call", val: { instance, id, target, arguments: bytes } });
  }

  /** @returns whether there is such a call. */
  settle(id: number, answer: HostAnswerFrame): boolean {
    const executorId = this.#pending.get(id);
    if (executorId === undefined) return false;
    this.#pending.delete(id);
    this.#options.weigh(-1);
    if (answer.tag === "denied") {
      this.#options.metrics.denials += 1;
      this.#denial = answer.val;
    }
    this.#answer(executorId, executorAnswer(answer));
    return true;
  }

  /** What was denied last, for the call that fails of it. */
  takeDenial(): Denial | undefined {
    const denial = this.#denial;
    this.#denial = undefined;
    return denial;
  }

  /** Nobody waits for answers any more. */
  end(): void {
    this.#options.weigh(-this.#pending.size);
    this.#pending.clear();
    this.#executor = undefined;
  }

  #answer(id: number, answer: ExecutorHostAnswer): void {
    if (this.#executor === undefined) this.#early.push({ id, answer });
    else this.#executor.answer(id, answer);
  }

  #nextNumber(): number {
    do this.#last = (this.#last + 1) % 0xffff_ffff;
    while (this.#pending.has(this.#last));
    return this.#last;
  }
}

function executorAnswer(answer: HostAnswerFrame): ExecutorHostAnswer {
  switch (answer.tag) {
    case "ok":
    case "err":
      return { kind: answer.tag, bytes: answer.val };
    case "denied":
      return { kind: "denied", ...answer.val };
    case "failed":
      return { kind: "failed", message: answer.val };
  }
}
