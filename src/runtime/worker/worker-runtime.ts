import type { AdmittedPlugin } from "../../admission/admit-plugin.js";
import type { CompileCache } from "../../compile/compile-cache.js";
import type { PluginLimits } from "../../limits/plugin-limits.js";
import { ModuleTable } from "./module-table.js";
import { preloadRuntime } from "./plugin-script.js";
import { PolicyFrameRealm } from "./policy-frame.js";
import type { PrepareOptions } from "./preparation.js";
import { type PreparedPlugin, preparePlugin } from "./prepare-plugin.js";
import type { SandboxKind, SandboxRealm } from "./sandbox-realm.js";
import { beginProof, provenRealm, SandboxChoice } from "./start-sealed-worker.js";
import { type InstanceListeners, WorkerInstance } from "./worker-instance.js";

/** `auto` takes the first of the kinds that starts and proves to be sealed. */
export type SandboxPreference = "auto" | SandboxKind;

export interface WorkerRuntimeOptions {
  readonly cache: CompileCache | null;
  /** Folder of the transpiler's files, if it is not beside this package's own. */
  readonly transpilerUrl: URL | string | undefined;
  readonly sandbox: SandboxPreference;
}

/** Prepares and runs components in sandboxed workers of this page. */
export interface WorkerRuntime {
  prepare(admitted: AdmittedPlugin, options: PrepareOptions): Promise<PreparedPlugin>;
  start(prepared: PreparedPlugin, limits: PluginLimits, listeners: InstanceListeners, signal?: AbortSignal): Promise<WorkerInstance>;
  /**
   * Puts up the sandbox's frame while a load still waits for the network, and keeps it standing between the load's
   * steps. No worker starts before a plugin is admitted. The result gives it up.
   */
  hold(): () => void;
  /** The sandbox in use. Known once an instance was started. */
  readonly sandbox: SandboxKind;
}

// One for the page, whatever number of hosts an app makes: compiled modules are immutable and hold no state.
const modules = new ModuleTable();

// The fallback's code is loaded where the default cannot start, and nowhere else.
const sandboxedFrame: SandboxRealm = {
  kind: "sandboxed-frame",
  start: async (script) => (await import("./sandboxed-frame.js")).startInSandboxedFrame(script),
};

export function createWorkerRuntime({ cache, transpilerUrl, sandbox }: WorkerRuntimeOptions): WorkerRuntime {
  const policyFrame = new PolicyFrameRealm();
  const realms = [policyFrame, sandboxedFrame].filter(({ kind }) => sandbox === "auto" || sandbox === kind);
  const choice = new SandboxChoice(realms);
  return {
    hold: () => {
      const release = sandbox === "sandboxed-frame" ? () => undefined : policyFrame.hold();
      preloadRuntime();
      return release;
    },
    get sandbox() {
      return choice.proven?.kind ?? "policy-frame";
    },
    prepare: (admitted, options) => {
      beginProof(choice);
      return preparePlugin(
        admitted,
        {
          cache,
          modules,
          transpile: async (component, manifest, target, signal) => {
            const { transpileInWorker, transpilerAssets } = await import("../../compile/transpile-in-worker.js");
            return transpileInWorker({
              startWorker: async (script) => (await provenRealm(choice, manifest.id)).start(script),
              assets: transpilerAssets(transpilerUrl), component, world: manifest.world, target, signal,
            });
          },
        },
        options,
      );
    },
    start: (prepared, limits, listeners, signal) => WorkerInstance.start(prepared, choice, limits, listeners, signal),
  };
}
