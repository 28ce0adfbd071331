import type { BincodeType } from "../bincode/bincode-type.js";
import { encodeBincode } from "../bincode/encode-bincode.js";
import { defineHostInterface, type HostInterface } from "../capability/host-interface.js";
import { hostInterface } from "../capability/implement-interface.js";
import type { World } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";

/** The interface through which components of fidius pull the items that they are given. */
export const STREAM_PULL = "fidius:stream-pull/pull@0.1.0";

const WORLD: World = {
  types: [{ kind: "list", element: "u8" }, { kind: "option", value: 0 }],
  imports: {
    interfaces: [{ name: STREAM_PULL, functions: [{ name: "next", type: { async: false, parameters: [], result: 1 } }], resources: [] }],
    functions: [],
  },
  exports: { interfaces: [], functions: [] },
};

/** What an app gives to a method that takes a stream. */
export interface FidiusInput {
  readonly items: AsyncIterable<unknown> | Iterable<unknown>;
  /** Type of each item. Without it, items are bytes that are bincode already. */
  readonly type?: BincodeType;
}

/** One input while it is pulled. */
export class OpenInput {
  readonly #iterator: AsyncIterator<unknown> | Iterator<unknown>;
  readonly #type: BincodeType | undefined;
  readonly #onClosed: () => void;
  #isClosed = false;
  #failure: { readonly cause: unknown } | undefined;

  constructor({ items, type }: FidiusInput, onClosed: () => void) {
    this.#iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    this.#type = type;
    this.#onClosed = onClosed;
  }

  /** What the app's own iterable threw, or an item that is not of its type. */
  get failure(): { readonly cause: unknown } | undefined {
    return this.#failure;
  }

  /** Pulls one item: no more is ever taken from the app than the plugin wants. */
  async next(): Promise<Uint8Array | undefined> {
    try {
      const step: IteratorResult<unknown, unknown> = await this.#iterator.next();
      if (step.done === true) return undefined;
      const { value } = step;
      if (this.#type !== undefined) return encodeBincode(this.#type, value, "the item");
      if (value instanceof Uint8Array) return value;
      throw new TypeError("the item is not bytes: give the input's type, so that it can be encoded");
    } catch (cause) {
      this.#failure = { cause };
      throw cause;
    }
  }

  /** Nobody pulls any more. The app's iterable is told, so that it can clean up. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClosed();
    try {
      await this.#iterator.return?.();
    } catch {
      // The call is over, and has its answer: what the iterable's own cleaning up threw changes nothing of it.
    }
  }
}

/** The carrier of the items that one load's plugin pulls. fidius's interface names no stream, so there is one at a time. */
export class StreamPullCarrier {
  readonly hostInterface: HostInterface;
  #current: OpenInput | undefined;

  /** @param timeoutMs - how long one item of the app may take. */
  constructor(timeoutMs: number | undefined) {
    const descriptor = defineHostInterface<{ next: () => Uint8Array | undefined }>({ name: STREAM_PULL, world: WORLD });
    const next = (): Promise<Uint8Array | undefined> => {
      // fidius answers as if the stream had ended. That would make a forgotten input look like an empty one.
      if (this.#current === undefined) return Promise.reject(new Error("the plugin pulls items, and the app gave none for this call"));
      return this.#current.next();
    };
    this.hostInterface = hostInterface(descriptor, { next }, { documentation: "Pull the items that the app gives for a call", ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  }

  /** @throws {PluginError} `busy` while another input is open. */
  open(input: FidiusInput, pluginId: string): OpenInput {
    if (this.#current !== undefined) {
      const message = `Cannot give items to ${pluginId}: it is still being given those of another call, and fidius's interface cannot tell two apart. End that one first, or load the plugin a second time`;
      throw new PluginError({ code: "busy", stage: "call", pluginId, message });
    }
    const opened: OpenInput = new OpenInput(input, () => {
      if (this.#current === opened) this.#current = undefined;
    });
    this.#current = opened;
    return opened;
  }
}
