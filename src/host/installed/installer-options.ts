import type { PluginError } from "../../errors/plugin-error.js";
import type { PluginLimits } from "../../limits/plugin-limits.js";
import type { TrustPolicy } from "../../trust/trust-policy.js";
import type { PluginSource } from "../plugin-source.js";
import type { InstallProgress } from "./install-context.js";
import type { InstallStore } from "./install-store.js";
import type { PluginDataPlaces } from "./plugin-data.js";
import type { ReplacementPermissions } from "./replacement-rules.js";

export interface PluginInstallerOptions {
  /** Where plugins are installed from, asked in this order. */
  readonly sources: readonly PluginSource[];
  /** Whose plugins may be installed: the hosts' policy. */
  readonly trust: TrustPolicy;
  /** Where they are kept: see `indexedDbInstallStore`. */
  readonly store: InstallStore;
  /** Where plugins leave data that uninstalling deletes, where that is not where hosts keep it by default. */
  readonly data?: PluginDataPlaces;
  /** Bounds that differ from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<PluginLimits>;
  /** Told what failed without failing an operation: a source that was passed over, leftovers that could not be removed. */
  readonly onProblem?: (problem: PluginError) => void;
}

export interface OperationOptions {
  readonly signal?: AbortSignal;
  /** Most time, in milliseconds, waiting for other tabs included. Default: five minutes. */
  readonly timeoutMs?: number;
}

export interface UpdateOptions extends OperationOptions, ReplacementPermissions {
  readonly onProgress?: (progress: InstallProgress) => void;
}

export interface InstallOptions extends UpdateOptions {
  /** An exact version. Default: the newest that the first source with the plugin has. */
  readonly version?: string;
}
