import type { TypeDefinition } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";
import type { CallOptions } from "./call-options.js";
import type { CallHome } from "./instances/call-home.js";
import type { PluginResource, ResourceOwner, Resources, ResourceState } from "./plugin-resource.js";

type AnyMethods = Record<string, (...values: never[]) => unknown>;

/** Gives out the objects that stand for exported resources, and takes them back as arguments. */
export class ResourceRegistry implements Resources {
  readonly #owner: ResourceOwner;
  readonly #states = new WeakMap<object, ResourceState>();

  constructor(owner: ResourceOwner) {
    this.#owner = owner;
  }

  adopt(id: number, resource: number, home: object): PluginResource<AnyMethods> {
    const state: ResourceState = { id, resource, home, ended: false };
    const owner = this.#owner;
    const dispose = async (): Promise<void> => {
      if (state.ended) return;
      state.ended = true;
      await owner.drop(state);
    };
    const object: PluginResource<AnyMethods> = Object.freeze({
      resourceName: this.#name(resource),
      call: (name: string, values: readonly unknown[], options?: CallOptions) =>
        owner.callMethod(object, resource, name, values, options) as Promise<never>,
      dispose,
      [Symbol.asyncDispose]: dispose,
    });
    this.#states.set(object, state);
    return object;
  }

  use(value: unknown, resource: number, home: CallHome, path: string, mode: "own" | "borrow", given: ResourceState[]): ResourceState {
    const state = typeof value === "object" && value !== null ? this.#states.get(value) : undefined;
    const wanted = `a live ${this.#name(resource)} of ${this.#owner.pluginId}`;
    if (state === undefined) throw this.#invalid(path, "something that is no resource of this plugin", wanted);
    if (state.resource !== resource) throw this.#invalid(path, `a ${this.#name(state.resource)}`, wanted);
    if (state.ended) throw this.#invalid(path, "one that was dropped or given away", wanted);
    if (given.includes(state)) throw this.#invalid(path, "one that this call gives away already", wanted);
    const refusal = home.refuses(state.home);
    if (refusal !== undefined) throw this.#invalid(path, refusal, wanted);
    if (mode === "own") given.push(state);
    return state;
  }

  #name(resource: number): string {
    const definition: TypeDefinition | undefined = this.#owner.world.types[resource];
    return definition?.kind === "resource" ? definition.name : "resource";
  }

  #invalid(path: string, found: string, wanted: string): PluginError {
    const { pluginId } = this.#owner;
    const message = `Cannot pass ${path} to ${pluginId}: found ${found}, wanted ${wanted}. Get a new one from the plugin`;
    return new PluginError({ code: "resource-invalid", stage: "call", pluginId, message });
  }
}
