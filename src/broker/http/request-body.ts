import type { HostHandle } from "../handle-table.js";
import { type ExchangeFailure, internalError, requestBodyTooLarge } from "./error-code.js";

const BLOCK_BYTES = 65_536;

/** The bytes of all request bodies that one instance is making. */
export class BodyBudget {
  readonly most: number;
  used = 0;

  constructor(most: number) {
    this.most = most;
  }
}

/**
 * A request's body as the guest writes it. It is held until it is whole: `fetch` streams a body only over HTTP/2, cannot
 * tell beforehand whether the server speaks it, and cannot start again without it once it has begun.
 */
export class RequestBody implements HostHandle {
  readonly #budget: BodyBudget;
  #blocks: Uint8Array<ArrayBuffer>[] = [];
  #roomInLast = 0;
  #size = 0;
  #isFinished = false;
  #failure: ExchangeFailure | undefined;
  #isSent = false;
  #settle: () => void = () => undefined;
  readonly #settled = new Promise<void>((resolve) => (this.#settle = resolve));

  constructor(budget: BodyBudget) {
    this.#budget = budget;
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** @throws {ExchangeFailure} `HTTP-request-body-size`, or what this body failed with before. */
  write(bytes: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isFinished) throw internalError("the request's body was finished before");
    if (this.#budget.used + bytes.length > this.#budget.most) {
      const failure = requestBodyTooLarge(this.#size + bytes.length, `request bodies of this plugin may have ${this.#budget.most} bytes at a time`);
      this.fail(failure);
      throw failure;
    }
    this.#budget.used += bytes.length;
    this.#size += bytes.length;
    this.#append(bytes);
  }

  /** Copies into blocks, so that a guest which writes byte by byte takes no more memory than its bytes. */
  #append(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#roomInLast === 0) {
        this.#blocks.push(new Uint8Array(BLOCK_BYTES));
        this.#roomInLast = BLOCK_BYTES;
      }
      const piece = rest.subarray(0, this.#roomInLast);
      this.#blocks.at(-1)?.set(piece, BLOCK_BYTES - this.#roomInLast);
      this.#roomInLast -= piece.length;
      rest = rest.subarray(piece.length);
    }
  }

  /** The guest is done with it. @throws {ExchangeFailure} what it failed with before. */
  finish(): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#isFinished = true;
    this.#settle();
  }

  /** Gives it to a request. @returns `false` if one has it already. */
  claim(): boolean {
    if (this.#isSent) return false;
    this.#isSent = true;
    return true;
  }

  /** All of it, once it is finished; `undefined` if it is empty. Rejects with what it failed with. */
  async whole(): Promise<Blob | undefined> {
    await this.#settled;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#size === 0) return undefined;
    const last = this.#blocks.pop();
    if (last !== undefined) this.#blocks.push(last.subarray(0, BLOCK_BYTES - this.#roomInLast));
    // The browser keeps a Blob's bytes outside the page's own memory.
    return new Blob(this.#blocks);
  }

  /** Nothing will come of it any more: what is written from now on fails with this. */
  fail(failure: ExchangeFailure): void {
    this.free();
    this.#failure ??= failure;
    this.#settle();
  }

  /** Gives its memory back. */
  free(): void {
    this.#budget.used -= this.#blocks.length === 0 ? 0 : this.#size;
    this.#blocks = [];
    this.#roomInLast = 0;
  }

  dispose(): void {
    if (!this.#isFinished) this.fail(internalError("the request's body was dropped before it was finished"));
    else if (!this.#isSent) this.free();
  }
}
