import type { OpenedDescriptor } from "../../rpc/messages.js";
import type { Awaitable } from "../awaitable.js";
import type { GuestContext } from "../guest-context.js";

/**
 * The number of one of the page's descriptors, shared by a descriptor and its streams: a guest may close a file and
 * go on with a stream of it. The last one to be dropped closes it.
 */
export class DescriptorReference {
  readonly #context: GuestContext;
  readonly #opened: OpenedDescriptor;
  /** A preopened directory is never closed: programs ask for it again. */
  readonly #isOwned: boolean;
  #users = 1;

  constructor(context: GuestContext, opened: OpenedDescriptor, isOwned: boolean) {
    this.#context = context;
    this.#opened = opened;
    this.#isOwned = isOwned;
  }

  get handle(): number {
    return this.#opened.handle;
  }
  get type(): string {
    return this.#opened.type;
  }
  get flags(): Readonly<Record<string, boolean>> {
    return { ...this.#opened.flags };
  }

  share(): this {
    this.#users += 1;
    return this;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0 && this.#isOwned) this.#context.channel.send("handle.drop", [this.handle]);
  }

  /** Calls a method of the page's descriptor. Its `error-code` comes as an `ImportError`. */
  call(method: string, ...values: readonly unknown[]): Awaitable<unknown> {
    return this.#context.channel.call(`filesystem.${method}`, [this.handle, ...values]);
  }
}
