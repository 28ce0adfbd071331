import type { PluginError } from "../errors/plugin-error.js";
import type { GuestEvent } from "../rpc/messages.js";
import type { AuditEntry } from "./audit.js";
import type { GrantProblem } from "./grants/grant-keeper.js";
import type { PluginHealth } from "./instances/circuit-breaker.js";

/** Something that happened and that no call's result tells. */
export type PluginEvent =
  /** A plugin wrote output, logged, or was denied something. */
  | { readonly kind: "guest"; readonly pluginId: string; readonly event: GuestEvent }
  /** A plugin's instance ended by a trap, a deadline or a broken sandbox. The next call starts a fresh one, unless the plugin is stopped. */
  | { readonly kind: "instance-ended"; readonly pluginId: string; readonly error: PluginError }
  /** A plugin failed, was stopped after too many failures, or is well again. */
  | { readonly kind: "health"; readonly pluginId: string; readonly health: PluginHealth }
  /** A plugin was replaced while it ran: see `PluginHandle.replace`. */
  | { readonly kind: "replaced"; readonly pluginId: string; readonly from: string; readonly to: string }
  /** The app lost a resource of this WIT name without disposing it. It was dropped on the plugin's side now. */
  | { readonly kind: "resource-leaked"; readonly pluginId: string; readonly resource: string }
  /** Something that the app provides failed while a plugin used it: `error` is what it threw. The plugin did not learn it. */
  | { readonly kind: "host-failure"; readonly pluginId: string; readonly function: string; readonly error: unknown }
  /** A decision, a denial, or another entry of the audit. */
  | { readonly kind: "audit"; readonly entry: AuditEntry }
  /** Decisions could not be kept or read, or the app's grant function failed. */
  | GrantProblem
  /** Compiled code could not be stored. The next load compiles again. */
  | { readonly kind: "cache-not-stored"; readonly pluginId: string; readonly reason: string }
  /** A source, or one entry of it, could not be read. */
  | { readonly kind: "source-problem"; readonly source: string; readonly error: PluginError };

export type PluginEventListener = (event: PluginEvent) => void;

/** Calls an app's listener so that its mistakes reach the app's error reporting and not the plugin's run. */
export function notify<Event>(listener: ((event: Event) => void) | undefined, event: Event): void {
  try {
    listener?.(event);
  } catch (error) {
    reportError(error);
  }
}
