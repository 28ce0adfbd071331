import { PluginError } from "../../errors/plugin-error.js";
import type { AnswerFrame, FrameFailure } from "../../runtime/bridge/frames.js";
import type { ExecutorInstance, ExecutorOutcome } from "../executor/executor.js";
import type { BridgeMetrics } from "./bridge-metrics.js";

/** One call of a page, or its dropping of a resource. */
export interface CallOrder {
  /** The page's number for it. */
  readonly call: number;
  /** What its arguments take. */
  readonly bytes: number;
  readonly milliseconds: number;
  readonly perform: (instance: ExecutorInstance, milliseconds: number) => Promise<ExecutorOutcome>;
}

export interface InstanceCallsOptions {
  readonly pluginId: string;
  readonly metrics: BridgeMetrics;
  readonly answer: (call: number, outcome: AnswerFrame) => void;
  /** Calls and bytes that are under way have become more or fewer. */
  readonly weigh: (calls: number, bytes: number) => void;
  /** What of the page's functions was denied while the call ran; forgotten by asking. */
  readonly takeDenial: () => { readonly authority: string; readonly import: string } | undefined;
  /** A call failed in a way after which the instance cannot be used. It was answered. */
  readonly onFailed: (failure: FrameFailure) => void;
}

interface PendingCall extends CallOrder {
  readonly receivedAt: number;
}

/** The calls of one instance, one after another, each answered once. */
export class InstanceCalls {
  readonly #instance: ExecutorInstance;
  readonly #options: InstanceCallsOptions;
  readonly #pending = new Map<number, PendingCall>();
  #isRunning = false;
  #isHeld = false;
  #isEnded = false;

  constructor(instance: ExecutorInstance, options: InstanceCallsOptions) {
    this.#instance = instance;
    this.#options = options;
  }

  has(call: number): boolean {
    return this.#pending.has(call);
  }

  add(order: CallOrder): void {
    this.#pending.set(order.call, { ...order, receivedAt: performance.now() });
    this.#options.weigh(1, order.bytes);
    this.#next();
  }

  /** The page cannot take what it has asked for already: nothing more is begun. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#next();
  }

  /** @param failure - what the calls are answered with that have no answer yet; `undefined` if nobody waits for them any more. */
  end(failure: FrameFailure | undefined): void {
    this.#isEnded = true;
    for (const pending of this.#pending.values()) {
      if (failure === undefined) this.#forget(pending, "abandoned");
      else this.#answer(pending, { tag: "failed", val: failure });
    }
  }

  #next(): void {
    // In the order in which they came.
    const [pending] = this.#pending.values();
    if (pending === undefined || this.#isRunning || this.#isHeld || this.#isEnded) return;
    this.#isRunning = true;
    this.#run(pending).catch((error: unknown) => this.#options.onFailed(failureFrame(error, this.#options.pluginId)));
  }

  async #run(pending: PendingCall): Promise<void> {
    const outcome = await this.#perform(pending);
    this.#isRunning = false;
    // It was answered when the instance ended.
    if (!this.#pending.has(pending.call)) return;
    const failure = failureOf(outcome, this.#options.pluginId);
    this.#answer(pending, outcome);
    if (failure === undefined) this.#next();
    else this.#options.onFailed(failure);
  }

  async #perform({ perform, milliseconds, receivedAt }: PendingCall): Promise<AnswerFrame> {
    const { pluginId, takeDenial } = this.#options;
    const left = Math.floor(milliseconds - (performance.now() - receivedAt));
    takeDenial();
    try {
      if (left <= 0) throw new PluginError({ code: "timeout", stage: "call", pluginId, message: `The call of ${pluginId} did not begin within its ${milliseconds} ms: calls before it, or a page that reads too slowly, were in its way` });
      return answerFrame(await perform(this.#instance, left), takeDenial());
    } catch (error) {
      return { tag: "failed", val: failureFrame(error, pluginId) };
    }
  }

  #answer(pending: PendingCall, outcome: AnswerFrame): void {
    this.#forget(pending, outcome.tag);
    this.#options.answer(pending.call, outcome);
  }

  #forget({ call, bytes, receivedAt }: PendingCall, outcome: AnswerFrame["tag"] | "abandoned"): void {
    this.#pending.delete(call);
    this.#options.weigh(-1, -bytes);
    this.#options.metrics.callEnded(outcome, (performance.now() - receivedAt) / 1000);
  }
}

/** A process tells only that its app failed it: that it was a denial is known here. */
function answerFrame(outcome: ExecutorOutcome, denial: { readonly authority: string; readonly import: string } | undefined): AnswerFrame {
  switch (outcome.kind) {
    case "ok":
    case "err":
      return { tag: outcome.kind, val: outcome.bytes };
    case "host-failed":
      return denial === undefined ? { tag: outcome.kind, val: outcome.message } : { tag: "denied", val: denial };
    default:
      return { tag: outcome.kind, val: outcome.message };
  }
}

/** What an instance ended with that answered so; `undefined` if it goes on. */
function failureOf(answer: AnswerFrame, pluginId: string): FrameFailure | undefined {
  const because = (code: "trap" | "resource-invalid" | "host-function-failed" | "capability-denied", reason: string): FrameFailure => ({ code, stage: "call", message: `The instance of ${pluginId} has ended: ${reason}` });
  switch (answer.tag) {
    case "ok":
    case "err":
      return undefined;
    case "failed":
      return answer.val;
    case "denied":
      return because("capability-denied", `${answer.val.import} was denied to it`);
    case "host-failed":
      return because("host-function-failed", answer.val);
    default:
      return because(answer.tag, answer.val);
  }
}

/** What a page is told of an error. What is no error of ours is nobody's business but the operator's. */
export function failureFrame(error: unknown, pluginId: string): FrameFailure {
  if (error instanceof PluginError) return { code: error.code, stage: error.stage, message: error.message };
  return { code: "crashed", stage: "call", message: `The instance of ${pluginId} has ended: the bridge failed. Its log says how` };
}
