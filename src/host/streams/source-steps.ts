import type { StreamSource } from "../../capability/stream-source.js";
import type { GivenSource } from "../../rpc/given-source.js";
import type { CarrierStep } from "../../rpc/messages.js";

/** Reads a stream of the app step by step, for a plugin of WASI 0.3 that pulls. It begins with the first step. */
export class SourceSteps implements GivenSource {
  readonly #source: StreamSource<unknown>;
  readonly #lower: (item: unknown, transfer: ArrayBuffer[]) => unknown;
  readonly #path: string;
  readonly #onFailed: (error: unknown) => void;
  #iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  #isOver = false;

  /** @param path - the argument, for the message. */
  constructor(source: StreamSource<unknown>, lower: (item: unknown, transfer: ArrayBuffer[]) => unknown, path: string, onFailed: (error: unknown) => void) {
    this.#source = source;
    this.#lower = lower;
    this.#path = path;
    this.#onFailed = onFailed;
  }

  async next(transfer: Transferable[]): Promise<CarrierStep> {
    if (this.#isOver) return { kind: "end" };
    try {
      this.#iterator ??= iteratorOf(this.#source);
      const step: IteratorResult<unknown, unknown> = await this.#iterator.next();
      if (step.done === true) {
        this.#isOver = true;
        return { kind: "end" };
      }
      const buffers: ArrayBuffer[] = [];
      const item = this.#lower(step.value, buffers);
      transfer.push(...buffers);
      return { kind: "item", value: item };
    } catch (error) {
      this.leave();
      this.#onFailed(error);
      // The app's own words stay in the app. A stream of WASI 0.3 cannot carry an error.
      return { kind: "failed", message: `what the app gave as ${this.#path} failed` };
    }
  }

  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // What fails on leaving concerns nobody any more.
    Promise.resolve().then(() => this.#iterator?.return?.()).catch(() => undefined);
  }
}

function iteratorOf(source: StreamSource<unknown>): AsyncIterator<unknown> | Iterator<unknown> {
  // Not every engine can iterate a stream.
  if ("getReader" in source) {
    const reader = source.getReader();
    return {
      next: async () => {
        const { done, value } = await reader.read();
        return done ? { done, value: undefined } : { done, value };
      },
      return: async () => {
        await reader.cancel();
        return { done: true, value: undefined };
      },
    };
  }
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}
