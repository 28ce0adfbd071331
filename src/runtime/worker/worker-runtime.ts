import type { AdmittedPlugin } from "../../admission/admit-plugin.js";
import type { CompileCache } from "../../compile/compile-cache.js";
import type { TranspilerAssets } from "../../compile/transpiler-assets.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { PluginLimits } from "../../limits/plugin-limits.js";
import type { SandboxWorker } from "../../rpc/sandbox-worker.js";
import { ModuleTable } from "./module-table.js";
import { PolicyFrameRealm } from "./policy-frame.js";
import { type PreparedPlugin, preparePlugin, type PrepareOptions } from "./prepare-plugin.js";
import type { SandboxKind, SandboxRealm } from "./sandbox-realm.js";
import { SandboxChoice } from "./start-sealed-worker.js";
import { type InstanceListeners, WorkerInstance } from "./worker-instance.js";

/** `auto` takes the first of the kinds that starts and proves to be sealed. */
export type SandboxPreference = "auto" | SandboxKind;

export interface WorkerRuntimeOptions {
  readonly cache: CompileCache | null;
  readonly assets: TranspilerAssets;
  readonly sandbox: SandboxPreference;
}

/** Prepares and runs components in sandboxed workers of this page. */
export interface WorkerRuntime {
  prepare(admitted: AdmittedPlugin, options: PrepareOptions): Promise<PreparedPlugin>;
  start(prepared: PreparedPlugin, limits: PluginLimits, listeners: InstanceListeners): Promise<WorkerInstance>;
  /** Keeps the sandbox frame standing between the steps of a load; the result gives it up. */
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

export function createWorkerRuntime({ cache, assets, sandbox }: WorkerRuntimeOptions): WorkerRuntime {
  const policyFrame = new PolicyFrameRealm();
  const realms = [policyFrame, sandboxedFrame].filter(({ kind }) => sandbox === "auto" || sandbox === kind);
  const choice = new SandboxChoice(realms);
  return {
    hold: () => policyFrame.hold(),
    get sandbox() {
      return choice.kind ?? "policy-frame";
    },
    prepare: (admitted, options) =>
      preparePlugin(
        admitted,
        {
          cache,
          modules,
          transpile: async (component, manifest, target, signal) => {
            const { transpileInWorker } = await import("../../compile/transpile-in-worker.js");
            return transpileInWorker({
              startWorker: (script) => startFirst(choice, script, manifest.id),
              assets, component, world: manifest.world, target, signal,
            });
          },
        },
        options,
      ),
    start: (prepared, limits, listeners) => WorkerInstance.start(prepared, choice, limits, listeners),
  };
}

/** Starts a script of our own in the first realm that takes it: the transpiler needs the walls, not the proof. */
async function startFirst(choice: SandboxChoice, script: string, pluginId: string): Promise<SandboxWorker> {
  const refusals: string[] = [];
  for (const realm of choice.candidates) {
    try {
      return await realm.start(script);
    } catch (error) {
      refusals.push(`${realm.kind}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const message = `Cannot transpile ${pluginId}: no sandbox could be started (${refusals.join("; ")})`;
  throw new PluginError({ code: "sandbox-unavailable", stage: "transpile", pluginId, message });
}
