import type { CarrierStep, SourceRequest } from "../../../rpc/messages.js";
import { NUMERIC_LISTS } from "../../../component/numeric-arrays.js";
import { carriedType, type CarrierType } from "../../../component/resource-mapping.js";

/**
 * What a future carries. Of an async function that answers with a future, glue gives a future of that: it resolves to another,
 * whose `then` it hides from the promise that resolves. Nothing that WIT has a shape for can be waited for.
 */
async function settled(value: unknown): Promise<unknown> {
  let found: unknown = await value;
  while (isThenable(found)) found = await found;
  return found;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "then") === "function";
}

/** As many bytes at once as a step of a byte stream gives at most. */
const CHUNK_BYTES = 65_536;

/** A stream of jco's glue, as far as it is used. */
interface GlueStream {
  read(count: number): Promise<{ readonly value: unknown; readonly done: boolean }>;
  return?(): unknown;
}

/** The streams and futures of WASI 0.3 between the page and the guest: only numbers and items cross. */
export class CarrierTable {
  readonly #post: (message: { readonly sourceRequest: SourceRequest }) => void;
  readonly #carriers = new Map<number, { readonly value: unknown; readonly type: CarrierType }>();
  readonly #waiting = new Map<number, (step: CarrierStep) => void>();
  #next = 1;
  /** Ends the instance: something that the app gave failed, which the guest has no way to learn. */
  onFailed: (message: string) => void = () => undefined;

  constructor(post: (message: { readonly sourceRequest: SourceRequest }) => void) {
    this.#post = post;
  }

  /** A stream or future that the guest gives: its number for the page. */
  add(value: unknown, type: CarrierType): number {
    const id = this.#next;
    this.#next += 1;
    this.#carriers.set(id, { value, type });
    return id;
  }

  /** One step of the guest's. */
  async pull(id: number): Promise<CarrierStep> {
    const carrier = this.#carriers.get(id);
    if (carrier === undefined) return { kind: "end" };
    const { value, type } = carrier;
    if (type.kind === "future") {
      this.#carriers.delete(id);
      return { kind: "item", value: await settled(value) };
    }
    const { isBytes } = carriedType(type);
    const { value: item, done } = await (value as GlueStream).read(isBytes ? CHUNK_BYTES : 1);
    // Glue gives single numbers as arrays of one.
    if (!done) return { kind: "item", value: !isBytes && NUMERIC_LISTS.has(type.element ?? "bool") && ArrayBuffer.isView(item) ? Reflect.get(item, 0) : item };
    this.#carriers.delete(id);
    return { kind: "end" };
  }

  /** The page wants no more of it. */
  leave(id: number): void {
    const carrier = this.#carriers.get(id);
    this.#carriers.delete(id);
    if (carrier?.type.kind === "stream") (carrier.value as GlueStream).return?.();
  }

  /** A stream or future of the app for the guest, as glue takes it. */
  take(source: unknown, type: CarrierType): unknown {
    if (typeof source !== "number") throw new TypeError("a stream or future of the app has no number");
    if (type.kind === "future") return this.#ask(source).then((step) => (step.kind === "item" ? step.value : undefined));
    let isOver = false;
    const iterator = {
      next: async (): Promise<IteratorResult<unknown>> => {
        const step: CarrierStep = isOver ? { kind: "end" } : await this.#ask(source);
        if (step.kind === "item") return { done: false, value: step.value };
        void iterator.return();
        return { done: true, value: undefined };
      },
      return: (): Promise<IteratorResult<unknown>> => {
        if (!isOver) this.#post({ sourceRequest: { source, wish: "leave" } });
        isOver = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  /** Takes the page's answer. */
  receive(message: unknown): void {
    // The page made it: only our own runtime's page can post here.
    const { source, step } = message as { readonly source: number; readonly step: CarrierStep };
    const settle = this.#waiting.get(source);
    this.#waiting.delete(source);
    settle?.(step);
  }

  /** Never rejects: glue hangs after a source that fails. The instance is ended instead, and this is left pending. */
  #ask(source: number): Promise<CarrierStep> {
    return new Promise((resolve) => {
      this.#waiting.set(source, (step) => {
        if (step.kind === "failed") this.onFailed(step.message);
        else resolve(step);
      });
      this.#post({ sourceRequest: { source, wish: "next" } });
    });
  }
}
