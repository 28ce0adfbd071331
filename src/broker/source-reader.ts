import { describeValue } from "../component/describe-value.js";
import type { StreamShape } from "../component/stream-resources.js";

/** The part of both iterator protocols, and of a stream's reader, that is used here. */
interface Items {
  next(): unknown;
  /** Leaves the rest. */
  close(): unknown;
  /** Gives the source back without leaving the rest. */
  release(): void;
}

/**
 * Reads a source of the app for a plugin that holds it as a resource with `next`: one item for each call, nothing ahead.
 * It begins with the first call.
 */
export class SourceReader {
  readonly #source: object;
  readonly #shape: StreamShape;
  #items: Items | undefined;
  #isStepping = false;
  #isOver = false;

  constructor(source: object, shape: StreamShape) {
    this.#source = source;
    this.#shape = shape;
  }

  /**
   * The next item in the shape of its `option`: at once where the source has it, else as a promise.
   *
   * @throws {TypeError} if the source is none, or its items cannot be told from its end. What the source throws is passed on.
   */
  next(): unknown {
    // After a step that took too long, an item would be lost in silence.
    if (this.#isStepping) throw new TypeError("its stream is still at the item before");
    if (this.#isOver) return this.#end();
    this.#isStepping = true;
    let answer: unknown;
    try {
      this.#items ??= itemsOf(this.#source);
      answer = this.#items.next();
    } catch (error) {
      return this.#fail(error);
    }
    if (!isPromiseLike(answer)) return this.#read(answer);
    return Promise.resolve(answer).then((step) => this.#read(step), (error: unknown) => this.#fail(error));
  }

  /** The plugin dropped it. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#items?.close();
  }

  /** The app has it back. */
  release(): void {
    this.#isOver = true;
    this.#items?.release();
  }

  #read(step: unknown): unknown {
    this.#isStepping = false;
    if (typeof step !== "object" || step === null) throw new TypeError(`its stream's next answered with ${describeValue(step)}`);
    if (Reflect.get(step, "done") === true) {
      this.#isOver = true;
      return this.#end();
    }
    const value: unknown = Reflect.get(step, "value");
    if (this.#shape.isNested) return { tag: "some", val: value };
    if (value === undefined || value === null) throw new TypeError(`its stream gave ${describeValue(value)} as an item`);
    return value;
  }

  #fail(error: unknown): never {
    this.#isStepping = false;
    this.#isOver = true;
    throw error;
  }

  #end(): unknown {
    return this.#shape.isNested ? { tag: "none" } : undefined;
  }
}

function itemsOf(source: object): Items {
  // Not every engine can iterate a stream.
  const openReader: unknown = Reflect.get(source, "getReader");
  if (typeof openReader === "function") return readerItems(Reflect.apply(openReader, source, []) as ReadableStreamDefaultReader<unknown>);
  const open: unknown = Reflect.get(source, Symbol.asyncIterator) ?? Reflect.get(source, Symbol.iterator);
  if (typeof open !== "function") throw new TypeError("its stream is not iterable");
  const iterator = Reflect.apply(open, source, []) as Iterator<unknown> | AsyncIterator<unknown>;
  return { next: () => iterator.next(), close: () => iterator.return?.(), release: () => undefined };
}

function readerItems(reader: ReadableStreamDefaultReader<unknown>): Items {
  return { next: () => reader.read(), close: () => reader.cancel(), release: () => reader.releaseLock() };
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "then") === "function";
}
