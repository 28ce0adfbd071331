import { isStreamSource, type StreamSource } from "../../capability/stream-source.js";
import { describeValue } from "../../component/describe-value.js";
import { carriedType, type CarrierType, compileCarrierMapping, compileResourceMapping } from "../../component/resource-mapping.js";
import { definitionAt, typeWords } from "../../component/type-words.js";
import { compileCodec, type ValueCodec } from "../../component/value-codec.js";
import { PluginError } from "../../errors/plugin-error.js";
import { parseCarrierStep } from "../../rpc/parse-message.js";
import type { ResourceOwner, ResourceState } from "../plugin-resource.js";
import { ItemIterator, readableItems } from "./item-iterator.js";
import { SourceSteps } from "./source-steps.js";
import type { PluginItems, StepOptions } from "./plugin-stream.js";

/**
 * Streams and futures of WASI 0.3 in values: the plugin's as objects of the app, and the app's as numbers for the plugin.
 * What they carry is checked like any value; it can hold no resources, streams and futures in turn.
 */
export class Carriers {
  readonly #owner: ResourceOwner;
  readonly #onFailed: (name: string, error: unknown) => void;
  readonly #codecs = new Map<number, ValueCodec>();
  #next = 1;

  /** @param onFailed - told what a stream or future of the app failed with. The plugin does not learn it. */
  constructor(owner: ResourceOwner, onFailed: (name: string, error: unknown) => void) {
    this.#owner = owner;
    this.#onFailed = onFailed;
  }

  give(value: unknown, position: number, home: object, path: string): ResourceState {
    const { world, pluginId, messageBytes } = this.#owner;
    const type = this.#type(position);
    const isStream = type.kind === "stream";
    const wanted = `${typeWords(world, position)}: ${isStream ? "something to iterate or a ReadableStream" : "a value or a promise of it"}`;
    const isGood = !isStream || (typeof value === "object" && value !== null && isStreamSource(value) && Reflect.get(value, "locked") !== true);
    if (!isGood) {
      const message = `Cannot pass ${path} to ${pluginId}: found ${describeValue(value)}, wanted ${wanted} that nothing reads yet`;
      throw new PluginError({ code: "argument-invalid", stage: "call", pluginId, message });
    }
    // A promise that is rejected before the plugin asks for it is the plugin's call's matter, and nobody's else.
    if (!isStream) Promise.resolve(value).catch(() => undefined);
    const codec = this.#codec(position, type);
    const lower = (item: unknown, transfer: ArrayBuffer[]) =>
      codec.lower(item, path, { budget: { remaining: messageBytes }, transfer, transferable: new Set(), resource: refuseResource });
    const id = this.#next;
    this.#next += 1;
    // A source of one item is a future's, too.
    const source = new SourceSteps(isStream ? (value as StreamSource<unknown>) : once(value), lower, path, (error) => this.#onFailed(path, error));
    return { id, resource: position, home, ended: false, source };
  }

  receive(id: number, position: number, home: object): unknown {
    const type = this.#type(position);
    this.#codec(position, type);
    const { hold, release } = this.#owner;
    hold(home);
    const next = (options: StepOptions) => this.#step(id, position, home, options);
    if (type.kind === "future") {
      const value = next({}).then(({ val }) => val);
      // An app that does not look at it must not be told of an unhandled rejection when the instance ends.
      value.catch(() => undefined).finally(() => release(home));
      return value;
    }
    return this.#items(id, position, home, next);
  }

  #items(id: number, position: number, home: object, next: (options: StepOptions) => Promise<unknown>): PluginItems<unknown> {
    const { pluginId, world } = this.#owner;
    const words = typeWords(world, position);
    let isOver = false;
    const dispose = async (): Promise<void> => {
      if (isOver) return;
      isOver = true;
      try {
        if (this.#owner.isRunning(home)) await this.#owner.enter(home, `leaving of a ${words}`, {}, (instance) => instance.leave?.(id) ?? done());
      } finally {
        this.#owner.release(home);
      }
    };
    const failure = (code: "aborted" | "resource-invalid", what: string, cause?: unknown) =>
      new PluginError({ code, stage: "call", pluginId, message: `Cannot read the ${words} of ${pluginId}: ${what}`, cause });
    let isTaken = false;
    const items = (options: StepOptions = {}): ItemIterator => {
      if (isTaken) throw failure("resource-invalid", "it was iterated already, and a stream is read once");
      isTaken = true;
      return new ItemIterator({ next, isNested: true, dispose, aborted: ({ reason }) => failure("aborted", "it was aborted by the app", reason) }, options);
    };
    return Object.freeze({
      items,
      [Symbol.asyncIterator]: () => items(),
      readable: (options?: StepOptions) => readableItems(items(options)),
      dispose,
      [Symbol.asyncDispose]: dispose,
    });
  }

  /** One step of the plugin's stream or future, checked: the worker is not trusted. */
  async #step(id: number, position: number, home: object, options: StepOptions): Promise<{ readonly tag: "some" | "none"; readonly val?: unknown }> {
    const { world, messageBytes, pluginId } = this.#owner;
    const type = this.#type(position);
    const words = typeWords(world, position);
    const outcome = await this.#owner.enter(home, `step of a ${words}`, options, async (instance) => {
      const answered = (await instance.pull?.(id)) ?? { kind: "trap", message: "it has no streams" };
      if (answered.kind !== "ok") return answered;
      const step = parseCarrierStep(answered.value);
      if (step === undefined || (step.kind === "end" && type.kind === "future")) return { kind: "trap", message: "its worker answered with no step" };
      return { kind: "ok", value: step.kind === "end" ? { tag: "none" } : { tag: "some", val: step.value } };
    });
    const step = (outcome.kind === "ok" ? outcome.value : undefined) as { readonly tag: "some" | "none"; readonly val?: unknown };
    if (step.tag === "none") return step;
    const context = { budget: { remaining: messageBytes }, resource: refuseResource };
    try {
      return { tag: "some", val: this.#codec(position, type).lift(step.val, `an item of ${words}`, context) };
    } catch (error) {
      // It broke its types: nothing that it holds can be relied on.
      await this.#owner.enter(home, `item of a ${words}`, {}, () => Promise.resolve({ kind: "trap", message: `it gave an item that is none of ${pluginId}'s interface` })).catch(() => undefined);
      throw error;
    }
  }

  #codec(position: number, type: CarrierType): ValueCodec {
    const { item, isBytes } = carriedType(type);
    const { types } = this.#owner.world;
    if (compileResourceMapping({ types }, item) !== null || compileCarrierMapping({ types }, item) !== null) throw unsupported(typeWords({ types }, position));
    // A chunk of bytes is a list of them.
    const codec = this.#codecs.get(position) ?? (isBytes ? compileCodec({ types: [{ kind: "list", element: "u8" }] }, 0) : compileCodec({ types }, item));
    this.#codecs.set(position, codec);
    return codec;
  }

  #type(position: number): CarrierType {
    const type = definitionAt(this.#owner.world, position);
    if (type.kind !== "stream" && type.kind !== "future") throw new RangeError(`type ${position} is no stream or future`);
    return type;
  }
}

const done = () => Promise.resolve({ kind: "ok", value: undefined } as const);

async function* once(value: unknown): AsyncGenerator {
  yield await value;
}

function refuseResource(): never {
  throw new TypeError("what a stream or future carries has no resources");
}

function unsupported(words: string): PluginError {
  const message = `Cannot pass a ${words}: resources, streams and futures cannot be items of another stream or future. Use functions that take or return them`;
  return new PluginError({ code: "component-unsupported", stage: "call", message });
}
