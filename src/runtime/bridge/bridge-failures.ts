import { PLUGIN_ERROR_CODES, type PluginErrorCode, type PluginStage } from "../../errors/error-codes.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { FrameFailure } from "./frames.js";

const CODES: ReadonlyMap<string, PluginErrorCode> = new Map(PLUGIN_ERROR_CODES.map((code) => [code, code]));
const STAGES: ReadonlyMap<string, PluginStage> = new Map(
  (["resolve", "download", "verify", "admit", "instantiate", "call", "close", "configure"] as const).map((stage) => [stage, stage]),
);

// A message for people. What is longer is not one, and would only fill the app's logs.
const MESSAGE_LENGTH = 4_096;

/** What a bridge reports, as an error of this page. A code or stage that this version does not know becomes the general one. */
export function bridgeError({ code, stage, message }: FrameFailure, pluginId: string | undefined): PluginError {
  return new PluginError({ code: CODES.get(code) ?? "bridge-refused", stage: STAGES.get(stage) ?? "call", pluginId, message: message.slice(0, MESSAGE_LENGTH) });
}

export function unreachable(url: string, reason: string, cause?: unknown): PluginError {
  return new PluginError({ code: "bridge-unreachable", stage: "resolve", message: `Cannot reach the bridge at ${url}: ${reason}`, cause });
}

/** @param doing - the start of the message, such as `Calling apply of acme.blur failed`. */
export function disconnected(doing: string, pluginId: string, reason: string): PluginError {
  const message = `${doing}: the connection to its bridge was lost (${reason}). What it was doing may or may not have been done; the next call gets a fresh instance`;
  return new PluginError({ code: "bridge-disconnected", stage: "call", pluginId, message });
}
