import type { AdmittedPlugin } from "../../admission/admit-plugin.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { PluginLimits } from "../../limits/plugin-limits.js";
import type { CallRequest, GuestEvent, Outcome } from "../../rpc/messages.js";
import type { WorkerLink } from "../../rpc/worker-link.js";
import { Deadline } from "../deadline.js";
import { outcomeError } from "../outcome-error.js";
import { composePluginScript } from "./plugin-script.js";
import type { PreparedPlugin } from "./prepare-plugin.js";
import { type SandboxChoice, startSealedWorker } from "./start-sealed-worker.js";

export interface InstanceListeners {
  readonly onEvent: (event: GuestEvent) => void;
  /** The instance ended by itself. Not called for {@link WorkerInstance.terminate}. */
  readonly onBroken: (error: PluginError) => void;
}

/** One instantiated component in one worker. */
export class WorkerInstance {
  readonly #link: WorkerLink;

  private constructor(link: WorkerLink) {
    this.#link = link;
  }

  /**
   * Starts a worker and instantiates the plugin in it, within the instantiation deadline: a start function
   * may loop for ever.
   *
   * @throws {PluginError} `sandbox-unavailable`, `instantiate-failed`, `capability-denied`, `exited`, `timeout`, `aborted`.
   */
  static async start(
    prepared: PreparedPlugin,
    sandbox: SandboxChoice,
    limits: PluginLimits,
    listeners: InstanceListeners,
    signal?: AbortSignal,
  ): Promise<WorkerInstance> {
    const { admitted } = prepared;
    const pluginId = admitted.manifest.id;
    const { link, takesModules } = await startSealedWorker(sandbox, composePluginScript(prepared.glue), pluginId, listeners);
    const deadline = new Deadline({
      milliseconds: limits.instantiateMilliseconds, signal, pluginId, stage: "instantiate", doing: `Instantiating ${pluginId}`,
    });
    try {
      const outcome = await deadline.race(link.start(startRequest(admitted, prepared, takesModules, limits), []));
      if (outcome.kind !== "ok") throw outcomeError(outcome, { pluginId, stage: "instantiate", doing: `Cannot instantiate ${pluginId}` });
      return new WorkerInstance(link);
    } catch (error) {
      link.terminate(asPluginError(error, pluginId));
      throw error;
    } finally {
      deadline.dispose();
    }
  }

  call(request: CallRequest, transfer: Transferable[]): Promise<Outcome> {
    return this.#link.call(request, transfer);
  }

  drop(resource: number): Promise<Outcome> {
    return this.#link.drop(resource);
  }

  /** Ends the worker at once; everything pending fails with `reason`. */
  terminate(reason: PluginError): void {
    this.#link.terminate(reason);
  }
}

function startRequest(admitted: AdmittedPlugin, prepared: PreparedPlugin, takesModules: boolean, limits: PluginLimits) {
  return {
    world: admitted.manifest.world,
    authorities: admitted.authorities,
    grants: admitted.grants,
    coreModules: prepared.coreModules.map(({ name, module, bytes }) => [name, takesModules ? module : bytes] as const),
    outputBytes: limits.logBytes,
  };
}

function asPluginError(error: unknown, pluginId: string): PluginError {
  if (error instanceof PluginError) return error;
  const message = `Instantiating ${pluginId} failed: ${String(error)}`;
  return new PluginError({ code: "instantiate-failed", stage: "instantiate", pluginId, message, cause: error });
}
