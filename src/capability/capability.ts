import { PluginError } from "../errors/plugin-error.js";

/**
 * The capabilities that this version can grant: the ones that give a plugin no data of the user's and no
 * way out of the page. Everything else that a plugin imports is denied.
 */
export const CAPABILITY_KINDS = ["clocks", "random", "stdout", "stderr", "log"] as const;

export type CapabilityKind = (typeof CAPABILITY_KINDS)[number];

/** What each capability lets a plugin do, in the words of a permission prompt. */
export const CAPABILITY_DESCRIPTIONS: ReadonlyMap<CapabilityKind, string> = new Map([
  ["clocks", "Read the current time, measure durations and wait"],
  ["random", "Draw random numbers"],
  ["stdout", "Write text to the app's output"],
  ["stderr", "Write error text to the app's output"],
  ["log", "Write structured log messages"],
]);

const KINDS: ReadonlySet<string> = new Set(CAPABILITY_KINDS);

/** Tells whether `text` names a capability that this version can grant. */
export function isCapabilityKind(text: string): text is CapabilityKind {
  return KINDS.has(text);
}

/**
 * Reads a capability's text exactly: no trimming, no case folding, no look-alikes.
 *
 * @throws {PluginError} `capability-unknown` when it is not one that this version can enforce. An unknown
 *   request is never ignored, because what it meant to restrict would be lost.
 */
export function parseCapability(text: string, pluginId: string): CapabilityKind {
  if (isCapabilityKind(text)) return text;
  throw new PluginError({
    code: "capability-unknown",
    stage: "admit",
    pluginId,
    message:
      `Cannot load ${pluginId}: it asks for the capability ${JSON.stringify(text)}, and this version can ` +
      `grant only ${CAPABILITY_KINDS.join(", ")}. Remove the request from package.toml, or use a host that offers it`,
  });
}
