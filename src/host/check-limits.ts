import { PluginError } from "../errors/plugin-error.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../limits/plugin-limits.js";
import type { Manifest } from "../package/manifest.js";

/**
 * Refuses limits that mean nothing: a limit that is misspelt, absent or not a positive number would bound nothing.
 *
 * @throws {PluginError} `usage-invalid`.
 */
export function checkLimits(limits: PluginLimits): PluginLimits {
  for (const [name, value] of Object.entries(limits)) {
    // Timers take 31 bits; a longer one would fire at once.
    const most = name.endsWith("Milliseconds") ? 0x7fff_ffff : Number.MAX_SAFE_INTEGER;
    if (Object.hasOwn(DEFAULT_LIMITS, name) && typeof value === "number" && value > 0 && value <= most) continue;
    const names = Object.keys(DEFAULT_LIMITS).join(", ");
    const message = `Cannot make a PluginHost: the limit ${name} is ${String(value)}. Limits are numbers from above 0 to ${most}, named ${names}`;
    throw new PluginError({ code: "usage-invalid", stage: "configure", message });
  }
  return Object.freeze({ ...limits });
}

/** The host's limits, lowered where the manifest asks for less. A manifest can never raise one. */
export function lowerLimits(limits: PluginLimits, manifest: Manifest): PluginLimits {
  return {
    ...limits,
    memoryBytes: Math.min(limits.memoryBytes, manifest.limits.memoryBytes ?? limits.memoryBytes),
    callMilliseconds: Math.min(limits.callMilliseconds, manifest.limits.callMilliseconds ?? limits.callMilliseconds),
  };
}
