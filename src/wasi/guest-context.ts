import type { CapabilityKind } from "../capability/capability.js";
import type { GuestAuthority, GuestEvent, Outcome } from "../rpc/messages.js";
import type { Awaitable } from "./awaitable.js";
import type { HostChannel } from "./host-channel.js";

/** What the import implementations of one instance share. Made anew for every instance: nothing leaks between plugins. */
export interface GuestContext {
  /** What the instance was given: see {@link GuestAuthority}. */
  readonly authority: GuestAuthority;
  readonly grants: ReadonlySet<CapabilityKind>;
  /** Tells the host something, in order with the answers to its calls. */
  readonly emit: (event: GuestEvent) => void;
  /** The way to what was granted and lives on the page. */
  readonly channel: HostChannel;
  /** What stands in the worker for resources of the app, by their position in the world. Filled by what implements them; left out where nothing is exported. */
  readonly lentResources?: Map<number, LentResource>;
  /** Why the instance must not go on: set before a trap is thrown, because a trap's message may be lost on its way. */
  readonly fatal: Outcome | undefined;
  /** Sets {@link fatal}, unless it is set, and gives the trap to throw. */
  readonly end: (reason: Outcome) => WebAssembly.RuntimeError;
}

/** A resource type that the app implements, where the guest exports functions with values of it. */
export interface LentResource {
  /** The object that stands for the page's object `id`. */
  adopt(id: unknown): object;
  /** Its number, which may be on its way still. */
  numberOf(object: unknown): Awaitable<number>;
}

/** What is provided for one imported interface, by component-level names. What is left out is denied. */
export interface ImportImplementation {
  readonly functions: ReadonlyMap<string, (...values: never[]) => unknown>;
  /** Classes of the interface's resources, with their methods in camelCase. */
  readonly resources: ReadonlyMap<string, ResourceClass>;
}

export type ResourceClass = abstract new (...values: never[]) => object;

/**
 * Signals `err(payload)` of an imported function's own result type.
 * jco's glue takes the error value from an own member `payload` of what was thrown.
 */
export class ImportError extends Error {
  readonly payload: unknown;

  constructor(payload: unknown) {
    super("error result");
    this.payload = payload;
  }
}

/** Notes that something was denied, so that the host's audit has it even where the guest swallows the error. */
export function reportDenial(context: GuestContext, authority: string, imported: string): void {
  context.emit({ kind: "denied", authority, import: imported });
}

/**
 * Ends the instance because of a denied import that has no way to answer with an error.
 * It must be a `WebAssembly.RuntimeError`: jco's glue marks an instance as trapped for that class only, and
 * lets a guest continue in the middle of a call after any other.
 */
export function trapDenied(context: GuestContext, authority: string, imported: string): never {
  reportDenial(context, authority, imported);
  throw context.end({ kind: "denied", authority, import: imported });
}

/** What jco's glue calls when a guest drops a resource: the engine's symbol, or the registered one where it has none. */
export const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("dispose");
