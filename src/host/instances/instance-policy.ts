import { PluginError } from "../../errors/plugin-error.js";

/** How a plugin's instances are used. */
export interface InstancePolicy {
  /**
   * `persistent`: an instance lives on between calls and keeps its state. `per-call`: each call gets an instance that has
   * answered no other, and that is ended after it, or when the last resource that it gave out is dropped. Default: `persistent`.
   */
  readonly mode?: "persistent" | "per-call";
  /**
   * How many may run at a time; a call takes any that is free. With more than one the app says that calls need no
   * state of earlier ones. Default: 1.
   */
  readonly count?: number;
  /**
   * Whether an instance that was called may be put away while it is idle, when the page needs room for another: its state is
   * lost, and the next call gets a fresh one. Default: no for one persistent instance, whose state counts; else yes.
   */
  readonly mayPutAway?: boolean;
}

/** What happens after an instance ended by a failure. */
export interface RestartPolicy {
  /** Whether the next call gets a fresh instance. If not, calls fail until the app says `restart()`. Default: true. */
  readonly automatic?: boolean;
  /** After so many failures in a row, no call between them answered, calls fail at once. Default: 10. */
  readonly failures?: number;
  /** For how long they do, in milliseconds, before one call is let through to try. Doubles with each try that fails. Default: 10,000. */
  readonly coolDownMs?: number;
}

const MOST_INSTANCES = 64;
const LONGEST_TIMER = 0x7fff_ffff;

/**
 * @returns the policy with its defaults.
 * @throws {PluginError} `usage-invalid` for what means nothing.
 */
export function checkInstancePolicy({ mode = "persistent", count = 1, mayPutAway }: InstancePolicy, pluginId: string): Required<InstancePolicy> {
  if (mode !== "persistent" && mode !== "per-call") throw invalid(pluginId, `instances.mode is ${JSON.stringify(mode)}; it is "persistent" or "per-call"`);
  if (!Number.isInteger(count) || count < 1 || count > MOST_INSTANCES) {
    throw invalid(pluginId, `instances.count is ${String(count)}; it is a whole number from 1 to ${MOST_INSTANCES}`);
  }
  return { mode, count, mayPutAway: mayPutAway ?? (mode === "per-call" || count > 1) };
}

/**
 * @returns the policy with its defaults.
 * @throws {PluginError} `usage-invalid` for what means nothing.
 */
export function checkRestartPolicy({ automatic = true, failures = 10, coolDownMs = 10_000 }: RestartPolicy, pluginId: string): Required<RestartPolicy> {
  if (!Number.isInteger(failures) || failures < 1) throw invalid(pluginId, `restart.failures is ${String(failures)}; it is a whole number from 1`);
  if (!(coolDownMs > 0 && coolDownMs <= LONGEST_TIMER)) throw invalid(pluginId, `restart.coolDownMs is ${String(coolDownMs)}; it is a number of milliseconds above 0`);
  return { automatic, failures, coolDownMs };
}

function invalid(pluginId: string, found: string): PluginError {
  return new PluginError({ code: "usage-invalid", stage: "configure", pluginId, message: `Cannot load ${pluginId}: ${found}` });
}
