import type { AdmittedPlugin } from "../admission/admit-plugin.js";
import type { PageSideOptions } from "../broker/plain-page-side.js";
import type { CompileTarget } from "../compile/compile-key.js";
import type { CoreModuleBounds } from "../component/core-module-limits.js";
import type { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { GuestEvent } from "../rpc/messages.js";
import type { ModuleOrigin } from "./module-cache/module-cache.js";
import type { PluginInstance } from "./plugin-instance.js";
import type { CacheResult, CodeOrigin, LoadProgress } from "./progress.js";
import type { SandboxKind } from "./worker/sandbox-realm.js";

/** What the app wants of getting a plugin ready. */
export interface PrepareOptions {
  readonly signal: AbortSignal;
  /** Bounds of its memories and tables. */
  readonly bounds: CoreModuleBounds;
  readonly onProgress: (progress: LoadProgress) => void;
  /** The code could not be stored. The load goes on. */
  readonly onNotStored: (reason: string) => void;
}

export interface InstanceListeners {
  readonly onEvent: (event: GuestEvent) => void;
  /** The instance ended by itself. Not called when it was terminated. */
  readonly onBroken: (error: PluginError) => void;
}

/** What one instance is started with. */
export interface InstanceRequest {
  readonly limits: PluginLimits;
  readonly listeners: InstanceListeners;
  readonly page: Pick<PageSideOptions, "grants" | "provisions" | "listeners">;
  readonly signal?: AbortSignal | undefined;
  /** JSON of the load's configuration, for where it is not delivered by an import. */
  readonly config: string | undefined;
}

/** What a load's report says of where the plugin runs. `bridge` stands for what a page does not have of one that runs behind a bridge. */
export interface RuntimeReport {
  /** Whether the compile cache had the code, or why not. */
  readonly cache: CacheResult;
  /** Where the code that runs came from. */
  readonly code: CodeOrigin;
  readonly target: CompileTarget | "bridge";
  readonly sandbox: SandboxKind | "bridge";
  /** Where the engine had each core module from. Only with the host's `moduleCache`. */
  readonly engineCache?: readonly ({ readonly name: string } & ModuleOrigin)[];
}

/** A plugin that is ready for instances. They share what was prepared. */
export interface ReadyPlugin {
  /** How many of the page's linear memories an instance has. */
  readonly memories: number;
  /** Settles when everything that an instance needs is there. An instance may be started before; it waits for it by itself. */
  readonly complete: Promise<unknown>;
  start(request: InstanceRequest): Promise<PluginInstance>;
  /** Known once an instance was started. */
  report(): Promise<RuntimeReport>;
}

/** What gets admitted plugins ready and runs them. */
export interface PluginRuntime {
  /** @throws {PluginError} why it cannot be run here. */
  prepare(admitted: AdmittedPlugin, options: PrepareOptions): Promise<ReadyPlugin>;
}
