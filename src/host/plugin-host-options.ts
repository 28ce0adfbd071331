import type { GrantPolicy } from "../admission/decide-grants.js";
import type { Compatibility } from "../admission/expected-interface.js";
import type { ProvidePolicy } from "../broker/provisions.js";
import type { HostInterface } from "../capability/host-interface.js";
import type { CompileCache } from "../compile/compile-cache.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { LoadProgress } from "../runtime/progress.js";
import type { ModuleCache } from "../runtime/module-cache/module-cache.js";
import type { PluginRuntime } from "../runtime/plugin-runtime.js";
import type { SandboxPreference } from "../runtime/worker/sandboxes.js";
import type { TrustPolicy } from "../trust/trust-policy.js";
import type { AuditOptions } from "./audit.js";
import type { GrantStore } from "./grants/grant-store.js";
import type { InstancePolicy, RestartPolicy } from "./instances/instance-policy.js";
import type { PluginContract } from "./plugin-contract.js";
import type { PluginEventListener } from "./plugin-event.js";
import type { PluginSource } from "./plugin-source.js";

export interface PluginHostOptions {
  /** Where plugins come from, asked in this order. */
  readonly sources: readonly PluginSource[];
  /** Whose plugins may run. There is no default: see `trustKeys` and `dangerouslyTrustUnsigned`. */
  readonly trust: TrustPolicy;
  /** What plugins are granted of what they ask for. Default: nothing. */
  readonly grant?: GrantPolicy;
  /** Where decisions for ever are kept. Default: IndexedDB. `null` keeps them for the session only. */
  readonly grantStore?: GrantStore | null;
  /** What the app has behind the capabilities: variables, directories, configuration. Nothing of it is granted by being here. */
  readonly provide?: ProvidePolicy;
  /** Interfaces that the app implements, made by `hostInterface`. */
  readonly imports?: readonly HostInterface[];
  /** What is kept of who was granted, was refused and did what. */
  readonly audit?: AuditOptions;
  /** How close interfaces must match. Default: `strict`. */
  readonly compatibility?: Compatibility;
  /** Where transpiled code is kept. Default: IndexedDB. `null` keeps none. */
  readonly cache?: CompileCache | null;
  /** Keeps modules where the engine caches what it compiled of them, across page loads: `moduleCache` of `portcullis/module-cache`. Default: none. */
  readonly moduleCache?: ModuleCache;
  /** What runs native and Python plugins: `bridgeRuntime` of `portcullis/bridge`. Default: none, and such plugins are refused. */
  readonly bridge?: PluginRuntime;
  /** Bounds that differ from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<PluginLimits>;
  /** Folder of the transpiler's files, where the app's bundler does not copy them. */
  readonly transpilerUrl?: URL | string;
  /** Which sandbox to use. Default: the best that starts and proves to be sealed. */
  readonly sandbox?: SandboxPreference;
  /**
   * Where the app serves this package's `sandbox-worker.js`, with the header that the README gives: the sandbox
   * `policy-worker`, for hosts in a worker and for pages whose policy allows neither `data:` nor `blob:` workers.
   */
  readonly sandboxWorkerUrl?: URL | string;
  readonly onEvent?: PluginEventListener;
}

export interface LoadOptions {
  /** An exact version. Default: the newest that the first source with the plugin has. */
  readonly version?: string;
  /** Overrides the host's. */
  readonly compatibility?: Compatibility;
  /** How many instances it has and how long each lives. Default: one, which keeps its state between calls. */
  readonly instances?: InstancePolicy;
  /** What happens after failures. Default: the next call gets a fresh instance, until it fails ten times in a row. */
  readonly restart?: RestartPolicy;
  /**
   * What this load's plugin is configured with, checked against the schema in its manifest. It answers a request for the
   * capability `config`, and stands in place of `provide.config`. Each load has its own; they share compiled code, and no state.
   */
  readonly config?: unknown;
  /** What a plugin of another framework needs of its host, such as `fidiusContract`. */
  readonly contract?: PluginContract;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
}
