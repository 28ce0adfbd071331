import { PluginError } from "../../errors/plugin-error.js";
import type { CallOrigin } from "./call-chain.js";

export function busy(name: string, capacity: number, pluginId: string): PluginError {
  const message = `Cannot call ${name}: ${capacity} calls are waiting for it already. Wait for some to finish, or raise the limit pendingCalls`;
  return new PluginError({ code: "busy", stage: "call", pluginId, message });
}

export function reentrant(name: string, { names }: CallOrigin, pluginId: string): PluginError {
  const cycle = [...names, pluginId].join(" → ");
  const message = `Cannot call ${name}: ${pluginId} is waiting for the function that makes this call (${cycle}). Answer first and call afterwards, or load it with instances: { count: 2 }`;
  return new PluginError({ code: "reentrant-call", stage: "call", pluginId, message });
}

export function resourceGone(name: string, pluginId: string): PluginError {
  const message = `Cannot call ${name}: the instance that its resource lived in has ended. Get a new one from the plugin`;
  return new PluginError({ code: "resource-invalid", stage: "call", pluginId, message });
}

/**
 * The error of a call that never began, with what it waited for.
 *
 * @param functions - the app's functions for which the plugin's instances wait.
 */
export function explained(error: PluginError, functions: readonly string[], pluginId: string): PluginError {
  if (functions.length === 0 || error.code !== "timeout") return error;
  const message = `${error.message}. It waited for an instance that was itself waiting for ${functions.join(", ")}: if that function of the app calls ${pluginId}, neither can end`;
  return new PluginError({ code: "timeout", stage: "call", pluginId, message });
}
