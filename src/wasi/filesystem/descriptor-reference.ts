import type { Awaitable } from "../awaitable.js";
import type { GuestContext } from "../guest-context.js";

/**
 * The number of one of the page's descriptors, shared by a descriptor and its streams: a guest may close a file and
 * go on with a stream of it. The last one to be dropped closes it.
 */
export class DescriptorReference {
  readonly #context: GuestContext;
  readonly #handle: number;
  /** A preopened directory is never closed: programs ask for it again. */
  readonly #isOwned: boolean;
  #users = 1;

  constructor(context: GuestContext, handle: number, isOwned: boolean) {
    this.#context = context;
    this.#handle = handle;
    this.#isOwned = isOwned;
  }

  get handle(): number {
    return this.#handle;
  }

  share(): this {
    this.#users += 1;
    return this;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0 && this.#isOwned) this.#context.channel.send("handle.drop", [this.#handle]);
  }

  /** Calls a method of the page's descriptor. Its `error-code` comes as an `ImportError`. */
  call(method: string, ...values: readonly unknown[]): Awaitable<unknown> {
    return this.#context.channel.call(`filesystem.${method}`, [this.#handle, ...values]);
  }
}
