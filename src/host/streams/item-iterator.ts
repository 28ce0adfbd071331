import type { StepOptions } from "./plugin-stream.js";

/** What iterating needs of the resource that it reads. */
export interface StreamSteps {
  /** Calls `next` of the resource: the answer in the shape of its `option`. */
  readonly next: (options: StepOptions) => Promise<unknown>;
  /** The item is an option itself, and comes with tags. */
  readonly isNested: boolean;
  readonly dispose: () => Promise<void>;
  /** The error for an iteration that `signal` ends. */
  readonly aborted: (signal: AbortSignal) => Error;
}

const OVER: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

/**
 * Reads a stream resource, one step at a time: a second `next` waits for the first. Whatever ends the iteration drops
 * the resource once.
 */
export class ItemIterator implements AsyncIterableIterator<unknown>, AsyncDisposable {
  readonly #steps: StreamSteps;
  readonly #options: StepOptions;
  #last: Promise<unknown> = Promise.resolve();
  #isOver = false;
  #failure: Error | undefined;
  #isStepping = false;
  readonly #abort = (): void => {
    const { signal } = this.#options;
    // A step that is running is ended by its call.
    if (this.#isOver || this.#isStepping || signal === undefined) return;
    this.#failure = this.#steps.aborted(signal);
    this.#end().catch(ignoreFailedDrop);
  };

  constructor(steps: StreamSteps, options: StepOptions) {
    this.#steps = steps;
    this.#options = options;
    const { signal } = options;
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (signal?.aborted === true) this.#abort();
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const step = this.#last.then(() => this.#step());
    this.#last = step.catch(() => undefined);
    return step;
  }

  /** Leaves the stream. A step that is under way is not waited for, but the drop comes after it. */
  async return(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#isOver) await this.#end();
    return OVER;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #step(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      throw failure;
    }
    if (this.#isOver) return OVER;
    this.#isStepping = true;
    let answer: unknown;
    try {
      answer = await this.#steps.next(this.#options);
    } catch (error) {
      await this.#end().catch(ignoreFailedDrop);
      throw error;
    } finally {
      this.#isStepping = false;
    }
    const item = this.#read(answer);
    if (item === undefined) {
      await this.#end();
      return OVER;
    }
    // It came in spite of an abort that its call could not see any more: the next step fails.
    if (this.#options.signal?.aborted === true) this.#abort();
    return item;
  }

  #read(answer: unknown): IteratorYieldResult<unknown> | undefined {
    if (!this.#steps.isNested) return answer === undefined ? undefined : { done: false, value: answer };
    // The codec has checked it: a nested option has one of two tags.
    const { tag, val } = answer as { readonly tag: "some" | "none"; readonly val?: unknown };
    return tag === "none" ? undefined : { done: false, value: val };
  }

  #end(): Promise<void> {
    this.#isOver = true;
    this.#options.signal?.removeEventListener("abort", this.#abort);
    return this.#steps.dispose();
  }
}

/** The same items as a stream of the platform, which asks for one when its reader does. */
export function readableItems(items: ItemIterator): ReadableStream<unknown> {
  let isCancelled = false;
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        const { done, value } = await items.next();
        if (isCancelled) return;
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        isCancelled = true;
        await items.return();
      },
    },
    // Above 0, the platform would read ahead before anyone asked.
    { highWaterMark: 0 },
  );
}

// What ended the stream is the error to be told. A destructor that fails ends the instance, which has its own event.
function ignoreFailedDrop(): void {}
