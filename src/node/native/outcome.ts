import { toUtf8 } from "../../bytes/utf8.js";
import type { ExecutorOutcome } from "../executor/executor.js";
import { shorten } from "./library-fault.js";

/** In the order of the bytes that stand for them. */
const KINDS: readonly ExecutorOutcome["kind"][] = ["ok", "err", "trap", "resource-invalid", "host-failed"];

/** The payload of an answer, in two parts. */
export function outcomeParts(outcome: ExecutorOutcome): readonly Uint8Array[] {
  const body = "bytes" in outcome ? outcome.bytes : toUtf8(shorten(outcome.message));
  return [new Uint8Array([KINDS.indexOf(outcome.kind)]), body];
}

export function trap(message: string): ExecutorOutcome {
  return { kind: "trap", message };
}

export function ok(bytes: Uint8Array = new Uint8Array()): ExecutorOutcome {
  return { kind: "ok", bytes };
}

/**
 * What went wrong in a callback. A library cannot be left from within one as a component can: it is told of a failure as far as
 * fidius can tell it, and whatever it then answers, this is the outcome of the call.
 */
export class CallbackFailure {
  #outcome: ExecutorOutcome | undefined;

  /** The first that is recorded is the one that counts. */
  record(outcome: ExecutorOutcome): void {
    this.#outcome ??= outcome;
  }

  take(): ExecutorOutcome | undefined {
    const outcome = this.#outcome;
    this.#outcome = undefined;
    return outcome;
  }
}
