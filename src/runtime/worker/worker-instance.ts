import type { AdmittedPlugin } from "../../admission/admit-plugin.js";
import type { CapabilityKind } from "../../capability/capability.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { PluginLimits } from "../../limits/plugin-limits.js";
import { eventCost } from "../../rpc/event-cost.js";
import type { CallRequest, GuestEvent, Outcome } from "../../rpc/messages.js";
import type { WorkerLink } from "../../rpc/worker-link.js";
import { Deadline } from "../deadline.js";
import { outcomeError } from "../outcome-error.js";
import type { PreparedModule, PreparedPlugin } from "./prepare-plugin.js";
import { type SandboxChoice, type SealedWorker, startSealedWorker } from "./start-sealed-worker.js";

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
   * Starts a worker, while the plugin's modules may still be compiling, and instantiates the plugin in it,
   * within the instantiation deadline: a start function may loop for ever.
   *
   * @throws {PluginError} `compile-failed`, `sandbox-unavailable`, `instantiate-failed`, `capability-denied`, `exited`, `timeout`, `aborted`.
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
    const onEvent = permittedEvents(admitted.grants, limits.logBytes, listeners.onEvent);
    let isReady = false;
    // Until it is ready, whoever waits for it is told what failed; it is not an instance that ended.
    const onBroken = (error: PluginError): void => void (isReady && listeners.onBroken(error));
    const starting = startSealedWorker(sandbox, prepared.glue, pluginId, { onEvent, onBroken });
    const coreModules = await compiledBeside(prepared.coreModules, starting, pluginId);
    const { link, takesModules } = await starting;
    const deadline = new Deadline({
      milliseconds: limits.instantiateMilliseconds, signal, pluginId, stage: "instantiate", doing: `Instantiating ${pluginId}`,
    });
    try {
      const outcome = await deadline.race(link.start(startRequest(admitted, coreModules, takesModules, limits), []));
      if (outcome.kind !== "ok") throw outcomeError(outcome, { pluginId, stage: "instantiate", doing: `Cannot instantiate ${pluginId}` });
      isReady = true;
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

/**
 * Passes on what a worker may say: what was granted, and no more of it than the limit. The runtime in the
 * worker keeps to both by itself, but glue that got hold of its port does not.
 */
function permittedEvents(grants: readonly CapabilityKind[], bytes: number, pass: (event: GuestEvent) => void): (event: GuestEvent) => boolean {
  // The runtime's last event says that the rest was cut off, beyond the limit.
  let left = bytes + eventCost({ kind: "output-truncated" });
  return (event) => {
    const capability = event.kind === "output" ? event.stream : event.kind === "log" ? "log" : undefined;
    left -= eventCost(event);
    if (left < 0 || (capability !== undefined && !grants.includes(capability))) return false;
    pass(event);
    return true;
  };
}

/** The compiled modules. If they fail, the worker that was to have them is ended, as soon as it stands. */
async function compiledBeside(modules: PreparedPlugin["coreModules"], starting: Promise<SealedWorker>, pluginId: string): Promise<readonly PreparedModule[]> {
  // A worker that cannot start is reported by whoever awaits it next.
  starting.catch(() => undefined);
  try {
    return await modules;
  } catch (error) {
    starting.then(({ link }) => link.terminate(asPluginError(error, pluginId)), () => undefined);
    throw error;
  }
}

function startRequest(admitted: AdmittedPlugin, coreModules: readonly PreparedModule[], takesModules: boolean, limits: PluginLimits) {
  return {
    world: admitted.manifest.world,
    authorities: admitted.authorities,
    grants: admitted.grants,
    coreModules: coreModules.map(({ name, module, bytes }) => [name, takesModules ? module : bytes] as const),
    outputBytes: limits.logBytes,
  };
}

function asPluginError(error: unknown, pluginId: string): PluginError {
  if (error instanceof PluginError) return error;
  const message = `Instantiating ${pluginId} failed: ${String(error)}`;
  return new PluginError({ code: "instantiate-failed", stage: "instantiate", pluginId, message, cause: error });
}
