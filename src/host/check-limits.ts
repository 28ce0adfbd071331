import { PluginError } from "../errors/plugin-error.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../limits/plugin-limits.js";

/**
 * Refuses limits that mean nothing: a limit that is misspelt, absent or not a positive number would bound nothing.
 *
 * @throws {PluginError} `usage-invalid`.
 */
export function checkLimits(limits: PluginLimits): PluginLimits {
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) throw invalid(`${name} is not a limit. Limits are ${Object.keys(DEFAULT_LIMITS).join(", ")}`);
    if (typeof value !== "number" || !(value > 0)) throw invalid(`${name} is ${String(value)}, and must be a number above 0`);
    // Timers take 31 bits; a longer one would fire at once.
    if (name.endsWith("Milliseconds") && value > 0x7fff_ffff) throw invalid(`${name} is ${value}, and at most 2147483647 can be measured`);
  }
  return Object.freeze({ ...limits });
}

function invalid(reason: string): PluginError {
  return new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot make a PluginHost with these limits: ${reason}` });
}
