import { streamResources } from "../component/stream-resources.js";
import { typeWords } from "../component/type-words.js";
import { PluginError } from "../errors/plugin-error.js";
import type { CallOptions } from "./call-options.js";
import type { CallHome } from "./instances/call-home.js";
import type { PluginInstance } from "../runtime/plugin-instance.js";
import type { PluginResource, ResourceOwner, Resources, ResourceState } from "./plugin-resource.js";
import { Carriers } from "./streams/carriers.js";
import { ItemIterator, readableItems } from "./streams/item-iterator.js";
import { LentResources } from "./streams/lent-resources.js";
import type { StepOptions } from "./streams/plugin-stream.js";

type AnyMethods = Record<string, (...values: never[]) => unknown>;

export interface ResourceListeners {
  /** The app lost a resource of this name without disposing it. */
  readonly onLeaked: (resourceName: string) => void;
  /** What the app gave as the argument `name` failed while the plugin read it. */
  readonly onSourceFailed: (name: string, error: unknown) => void;
}

/** Whose resource an object is, for the message when it is given to another plugin. */
const owners = new WeakMap<object, string>();

/** Gives out the objects that stand for exported resources, and takes them back as arguments. */
export class ResourceRegistry implements Resources {
  readonly #owner: ResourceOwner;
  readonly #states = new WeakMap<object, ResourceState>();
  readonly #lent: LentResources;
  readonly #carriers: Carriers;
  readonly #collected: FinalizationRegistry<ResourceState>;

  constructor(owner: ResourceOwner, { onLeaked, onSourceFailed }: ResourceListeners) {
    this.#owner = owner;
    this.#lent = new LentResources(owner.world, owner.pluginId);
    this.#carriers = new Carriers(owner, onSourceFailed);
    this.#collected = new FinalizationRegistry((state) => {
      if (state.ended || !owner.isRunning(state.home)) return;
      state.ended = true;
      onLeaked(this.#name(state.resource));
      // A destructor that fails ends the instance, which is reported.
      owner.drop(state).catch(() => undefined);
    });
  }

  adopt(id: number, resource: number, home: object): object {
    if (this.#lent.has(resource)) return this.#lent.takeBack(id, resource, home);
    const state: ResourceState = { id, resource, home, ended: false };
    const owner = this.#owner;
    const dispose = async (): Promise<void> => {
      if (state.ended) return;
      state.ended = true;
      await owner.drop(state);
    };
    const call = (name: string, values: readonly unknown[], options?: CallOptions) =>
      owner.callMethod(object, resource, name, values, options) as Promise<never>;
    const object: PluginResource<AnyMethods> = Object.freeze({
      resourceName: this.#name(resource),
      call,
      dispose,
      [Symbol.asyncDispose]: dispose,
      [Symbol.dispose]: () => void dispose().catch(() => undefined),
      ...this.#streamMembers(resource, call, dispose),
    });
    this.#states.set(object, state);
    owners.set(object, owner.pluginId);
    this.#collected.register(object, state);
    return object;
  }

  use(value: unknown, resource: number, home: CallHome, path: string, mode: "own" | "borrow", given: ResourceState[]): ResourceState {
    if (this.#lent.has(resource)) {
      const state = this.#lent.prepare(value, resource, home, path, mode);
      given.push(state);
      return state;
    }
    const state = typeof value === "object" && value !== null ? this.#states.get(value) : undefined;
    const wanted = `a live ${this.#name(resource)} of ${this.#owner.pluginId}`;
    if (state === undefined) throw this.#invalid(path, foreign(value), wanted);
    if (state.resource !== resource) throw this.#invalid(path, `a ${this.#name(state.resource)}`, wanted);
    if (state.ended) throw this.#invalid(path, "one that was dropped or given away", wanted);
    if (given.includes(state)) throw this.#invalid(path, "one that this call gives away already", wanted);
    const refusal = home.refuses(state.home);
    if (refusal !== undefined) throw this.#invalid(path, refusal, wanted);
    if (mode === "own") given.push(state);
    return state;
  }

  during<Answer extends { readonly kind: string }>(instance: PluginInstance, home: object, given: readonly ResourceState[], call: () => Promise<Answer>): Promise<Answer> {
    for (const { id, source } of given) if (source !== undefined) instance.sources?.give(id, source);
    for (const state of given) state.ended = true;
    return this.#lent.during(instance, home, given, call);
  }

  give(value: unknown, type: number, home: object, path: string, given: ResourceState[]): number {
    const state = this.#carriers.give(value, type, home, path);
    given.push(state);
    return state.id;
  }

  receive(id: number, type: number, home: object): unknown {
    return this.#carriers.receive(id, type, home);
  }

  /** A stream is iterated once: a second reader would take items from the first, and after the end there is nothing to read. */
  #streamMembers(resource: number, call: (name: string, values: readonly unknown[], options?: CallOptions) => Promise<unknown>, dispose: () => Promise<void>): object {
    const { world, pluginId } = this.#owner;
    const shape = streamResources(world, world.exports).get(resource);
    if (shape === undefined) return {};
    const name = this.#name(resource);
    let isTaken = false;
    const items = (options: StepOptions = {}): ItemIterator => {
      if (isTaken) throw this.#invalid(name, "one that was iterated already", "one that was not: a stream is read once");
      isTaken = true;
      const aborted = ({ reason }: AbortSignal): PluginError =>
        new PluginError({ code: "aborted", stage: "call", pluginId, message: `Reading ${name} of ${pluginId} was aborted by the app`, cause: reason });
      return new ItemIterator({ next: (step) => call("next", [], step), isNested: shape.isNested, dispose, aborted }, options);
    };
    return { items, [Symbol.asyncIterator]: () => items(), readable: (options?: StepOptions) => readableItems(items(options)) };
  }

  #name(resource: number): string {
    return typeWords(this.#owner.world, resource).replace("resource ", "");
  }

  #invalid(path: string, found: string, wanted: string): PluginError {
    const { pluginId } = this.#owner;
    const message = `Cannot pass ${path} to ${pluginId}: found ${found}, wanted ${wanted}. Get a new one from the plugin`;
    return new PluginError({ code: "resource-invalid", stage: "call", pluginId, message });
  }
}

function foreign(value: unknown): string {
  const owner = typeof value === "object" && value !== null ? owners.get(value) : undefined;
  return owner === undefined ? "something that is no resource of this plugin" : `a resource of ${owner}`;
}
