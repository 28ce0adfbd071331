import type { World } from "../component/world.js";
import type { CallOptions } from "./call-options.js";
import type { GivenSource } from "../rpc/given-source.js";
import type { Outcome } from "../rpc/messages.js";
import type { CallHome } from "./instances/call-home.js";
import type { PluginInstance } from "../runtime/plugin-instance.js";

/** The functions of an interface, or the methods of a resource, as generated from WIT. */
export type FunctionTable<Functions> = { readonly [Name in keyof Functions]: (...values: never[]) => unknown };

/**
 * A resource that a plugin exports and the app holds. The object itself lives in the plugin's instance.
 * It ends when it is disposed, when it is given away as an owned argument, and with its instance; after
 * that every use is a `resource-invalid` error. One that the app loses without disposing it is dropped some time after
 * the browser has collected it, and reported as the event `resource-leaked`.
 *
 * @example
 * ```ts
 * await using counter = await handle.call("new Counter", [5]);
 * await counter.call("increment", [1]);
 * ```
 */
export interface PluginResource<Methods extends FunctionTable<Methods>> extends AsyncDisposable, Disposable {
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
  /** For `using`: drops it without waiting. A destructor that fails ends the instance, which is an event. */
  [Symbol.dispose](): void;
}

/** Gives out the objects that stand for resources of the plugin, takes them back as arguments, and lends it the app's own. */
export interface Resources {
  /** An object for the resource that the instance `home` knows by `id`. */
  adopt(id: number, resource: number, home: object): object;
  /**
   * The state of a resource that is used now, at `path` of the arguments.
   *
   * @param home - decides in which instance the call runs.
   * @param given - the resources that the same call gives away; an owned one is added, and so is each object of the app.
   * @throws {PluginError} `resource-invalid` for anything that is not a live resource of this type, of this
   *   handle and of one running instance, and for one that the same call has given away already;
   *   `argument-invalid` for an object of the app that has not the methods of its type.
   */
  use(value: unknown, resource: number, home: CallHome, path: string, mode: "own" | "borrow", given: ResourceState[]): ResourceState;
  /** The number of a stream or future of the app that is an argument. It is added to `given`. */
  give(value: unknown, type: number, home: CallHome, path: string, given: ResourceState[]): number;
  /** What stands in the app for a stream or future of the instance `home`. */
  receive(id: number, type: number, home: object): unknown;
  /**
   * Makes a call for which `given` was collected: what it gives away is gone, and the app's objects are known to the
   * instance before it is entered.
   */
  during<Answer extends { readonly kind: string }>(instance: PluginInstance, home: object, given: readonly ResourceState[], call: () => Promise<Answer>): Promise<Answer>;
}

/** What resources need of their handle. */
export interface ResourceOwner {
  readonly pluginId: string;
  readonly world: World;
  /** Enters the instance `home` for something that is no call of the app's: in its turn, within a call's time. */
  enter(home: object, name: string, options: CallOptions, work: (instance: PluginInstance) => Promise<Outcome>): Promise<Outcome>;
  readonly messageBytes: number;
  callMethod(self: object, resource: number, name: string, values: readonly unknown[], options: CallOptions | undefined): Promise<unknown>;
  drop(state: ResourceState): Promise<void>;
  /** Something of the instance is in use beyond a call: it must stay until it is released as often. */
  hold(home: object): void;
  release(home: object): void;
  /** Whether the instance is still running. */
  isRunning(home: object): boolean;
}

/** How the handle sees one. */
export interface ResourceState {
  readonly resource: number;
  readonly id: number;
  /** The instance it lives in. */
  readonly home: object;
  /** Given away or dropped. */
  ended: boolean;
  /** A stream or future of the app, which the call gives to the plugin. */
  readonly source?: GivenSource;
  /** An object of the app, which the call lends or gives to the plugin. */
  readonly lent?: { readonly object: object; readonly mode: "own" | "borrow" };
}
