import type { World } from "../component/world.js";
import type { CallOptions } from "./call-options.js";
import type { CallHome } from "./instances/call-home.js";

/** The functions of an interface, or the methods of a resource, as generated from WIT. */
export type FunctionTable<Functions> = { readonly [Name in keyof Functions]: (...values: never[]) => unknown };

/**
 * A resource that a plugin exports and the app holds. The object itself lives in the plugin's instance.
 * It ends when it is disposed, when it is given away as an owned argument, and with its instance; after
 * that every use is a `resource-invalid` error.
 *
 * @example
 * ```ts
 * await using counter = await handle.call("new Counter", [5]);
 * await counter.call("increment", [1]);
 * ```
 */
export interface PluginResource<Methods extends FunctionTable<Methods>> extends AsyncDisposable {
  /** The resource's WIT name, such as `counter`. */
  readonly resourceName: string;
  /** Calls a method. Errors are those of `PluginHandle.call`. */
  call<Name extends keyof Methods & string>(
    name: Name,
    values: Readonly<Parameters<Methods[Name]>>,
    options?: CallOptions,
  ): Promise<Awaited<ReturnType<Methods[Name]>>>;
  /** Drops it, which runs the plugin's destructor. Disposing again, or after its instance ended, does nothing. */
  dispose(): Promise<void>;
}

/** Gives out the objects that stand for exported resources, and takes them back as arguments. */
export interface Resources {
  /** An object for the resource that the instance `home` knows by `id`. */
  adopt(id: number, resource: number, home: object): object;
  /**
   * The state of a resource that is used now, at `path` of the arguments.
   *
   * @param home - decides in which instance the call runs.
   * @param given - the resources that the same call gives away; an owned one is added.
   * @throws {PluginError} `resource-invalid` for anything that is not a live resource of this type, of this
   *   handle and of one running instance, and for one that the same call has given away already.
   */
  use(value: unknown, resource: number, home: CallHome, path: string, mode: "own" | "borrow", given: ResourceState[]): ResourceState;
}

/** What resources need of their handle. */
export interface ResourceOwner {
  readonly pluginId: string;
  readonly world: World;
  callMethod(self: object, resource: number, name: string, values: readonly unknown[], options: CallOptions | undefined): Promise<unknown>;
  drop(state: ResourceState): Promise<void>;
}

/** How the handle sees one. */
export interface ResourceState {
  readonly resource: number;
  readonly id: number;
  /** The instance it lives in. */
  readonly home: object;
  /** Given away or dropped. */
  ended: boolean;
}
