import type { InterfaceShape, World } from "../component/world.js";

declare const FUNCTIONS: unique symbol;

/**
 * An interface that the app may implement, as `portcullis types` writes it. `Functions` are the TypeScript types of what the
 * app must give; they exist at compile time only.
 */
export interface HostInterfaceDescriptor<Functions> {
  /** Full name with version, such as `acme:notes/store@1.0.0`. */
  readonly name: string;
  /** A world that imports it. */
  readonly world: World;
  /** @internal Never there: carries the type. */
  readonly [FUNCTIONS]?: Functions;
}

/** Gives descriptor data the types of its functions. Generated code calls this; nothing is checked here. */
export function defineHostInterface<Functions>(data: { readonly name: string; readonly world: World }): HostInterfaceDescriptor<Functions> {
  return data;
}

/** Who calls a function of the app, and under which grant. The last argument of every implementation. */
export interface HostCaller {
  readonly plugin: { readonly id: string; readonly version: string };
  /** Aborts when the plugin's instance ends, or the call's time is over. Nobody waits for the answer then. */
  readonly signal: AbortSignal;
}

/** One function of the app. It may be asynchronous. */
export type HostFunction = (...values: readonly unknown[]) => unknown;

/** One interface that the app implements: the registry's entry, from which prompts and checks are made. */
export interface HostInterface {
  readonly name: string;
  readonly world: World;
  readonly shape: InterfaceShape;
  /** What the interface lets a plugin do, in the words of a permission prompt. */
  readonly documentation: string;
  /** By component-level name: functions, constructors and static functions. A resource's methods are its object's own. */
  readonly functions: ReadonlyMap<string, HostFunction>;
  /** How long one call may take; `undefined` for the limit `hostCallMilliseconds`. */
  readonly timeoutMilliseconds: number | undefined;
}
