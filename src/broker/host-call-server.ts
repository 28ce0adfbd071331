import type { HostAnswer, HostCallRequest } from "../rpc/messages.js";
import { NEXT_PIECE, type SharedAnswers } from "../rpc/shared-answer.js";
import type { Broker, HostOperation } from "./broker.js";
import { DeniedCall, InterfaceError, MalformedCall, ReportedFailure } from "./call-errors.js";

/** The link to the worker whose calls are served. */
export interface CallerLink {
  answer(id: number, answer: HostAnswer): void;
  /** Ends the worker: it sent what our own runtime does not. */
  breakProtocol(found: string): void;
}

export interface HostCallServerOptions {
  readonly brokers: readonly Broker[];
  /** Where answers go, for a worker whose thread waits. */
  readonly shared: SharedAnswers | undefined;
  /** Aborts when the instance ends. */
  readonly signal: AbortSignal;
  /** Told of every call, before it is done. */
  readonly onCall: (operation: string, values: readonly unknown[]) => unknown;
  /** An operation failed with something that is no answer: a mistake of this package or of what the app provided. */
  readonly onFailure: (operation: string, error: unknown) => void;
}

// A guest waits for each answer, so that more than a few at once come from something else than our runtime.
const MOST_AT_ONCE = 64;

/**
 * Answers the host calls of one instance. What may be called is one `Map`, made of the brokers of what was granted; a
 * name that is not in it, or a call that is not of its form, ends the worker.
 */
export class HostCallServer {
  readonly #options: HostCallServerOptions;
  readonly #operations: ReadonlyMap<string, HostOperation>;
  #pending = 0;

  constructor(options: HostCallServerOptions) {
    this.#options = options;
    this.#operations = new Map(options.brokers.flatMap(({ operations }) => [...operations]));
  }

  /** Serves one call. @returns whether it may be made at all. */
  accept({ id, operation, arguments: values }: HostCallRequest, link: CallerLink): boolean {
    const { shared, signal } = this.#options;
    if (operation === NEXT_PIECE && shared !== undefined) {
      shared.next();
      return true;
    }
    const perform = this.#operations.get(operation);
    if (perform === undefined || this.#pending >= MOST_AT_ONCE) return false;
    this.#pending += 1;
    void this.#perform(operation, perform, values)
      .then((answer) => {
        if ("malformed" in answer) link.breakProtocol(`a host call ${JSON.stringify(operation)} that is not of its form (${answer.malformed})`);
        else if (id !== 0 && !signal.aborted) this.#answer(id, answer, link);
      })
      .finally(() => (this.#pending -= 1));
    return true;
  }

  /** @returns the answer, or what is wrong with a call that is not of its form. */
  async #perform(operation: string, perform: HostOperation, values: readonly unknown[]): Promise<HostAnswer | { readonly malformed: string }> {
    const { onCall, onFailure, signal } = this.#options;
    try {
      onCall(operation, values);
      return { kind: "ok", value: await perform(values, { signal }) };
    } catch (error) {
      if (error instanceof InterfaceError) return { kind: "err", value: error.payload };
      if (error instanceof DeniedCall) return { kind: "denied", authority: error.capability, import: error.imported };
      if (error instanceof MalformedCall) return { malformed: error.message };
      if (error instanceof ReportedFailure) return { kind: "failed", message: error.message };
      if (!signal.aborted) onFailure(operation, error);
      return { kind: "failed", message: `the page could not do ${operation}` };
    }
  }

  #answer(id: number, answer: HostAnswer, link: CallerLink): void {
    const { shared, onFailure } = this.#options;
    try {
      // Nothing is moved: what a broker answers with may be what the app keeps.
      if (shared === undefined) link.answer(id, answer);
      else shared.write(answer);
    } catch (error) {
      // What an app's own backend answered may be no value that can be passed.
      onFailure("answering", error);
      const failed: HostAnswer = { kind: "failed", message: "the page's answer could not be passed" };
      if (shared === undefined) link.answer(id, failed);
      else shared.write(failed);
    }
  }
}
