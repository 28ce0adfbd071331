import type { Capability, CapabilityKind } from "../capability/capability.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { HandleTable } from "./handle-table.js";

/** What one broker needs of the instance that it serves. Made anew for every instance, and ended with it. */
export interface BrokerContext {
  readonly plugin: { readonly id: string; readonly version: string };
  readonly limits: PluginLimits;
  /** What the plugin has now: asked at every call, because a grant may be revoked while the plugin runs. */
  readonly grants: () => readonly Capability[];
  readonly handles: HandleTable;
  /** Aborts when the instance ends. */
  readonly signal: AbortSignal;
  /** Enters a call that was refused for want of a grant into the audit. */
  readonly deny: (denial: Denial) => void;
  /** Tells the app of a mistake in what it provided, which the plugin must not learn. */
  readonly reportFailure: (error: unknown) => void;
  /** Follows a call of one of the app's functions, so that a call back into the plugin is found. Left out: nobody follows. */
  readonly follow?: ((functionName: string) => HostActivity) | undefined;
}

/** One of the app's functions at work for a plugin. */
export interface HostActivity {
  /** Makes the call. Plugins that it calls before it first waits are known to be called by it. */
  run<Value>(call: () => Value): Value;
  /** So are those that are called with `signal`. */
  adopt(signal: AbortSignal): void;
  /** It has answered, or nobody waits for it any more. */
  end(): void;
}

/** A call that was refused. */
export interface Denial {
  readonly capability: CapabilityKind;
  /** The WIT function, such as `wasi:http/outgoing-handler#handle`. */
  readonly function: string;
  /** The arguments in a few words, for people. */
  readonly summary: string;
}

/** What a plugin may call on the page, once it was granted: the page's end of a part of its imports. */
export interface Broker {
  /** By name. The worker can call nothing that is not in here. */
  readonly operations: ReadonlyMap<string, HostOperation>;
  /** Frees what the instance held, beyond the handle table. */
  dispose?(): void;
}

/**
 * Does one host call. `values` come from the worker and are not trusted: a call that our own runtime could not
 * have made throws `MalformedCall`.
 *
 * @returns the answer, or a promise of it: anything that can be posted.
 * @throws {InterfaceError} the imported function's own error, which the guest handles.
 * @throws {DeniedCall} for a function without an error case.
 */
export type HostOperation = (values: readonly unknown[], call: HostCall) => unknown;

export interface HostCall {
  /** Aborts when the instance ends or the call's time is over. */
  readonly signal: AbortSignal;
}
