import { usesAsynchronousTypes } from "../../compile/supported-targets.js";
import type { PageSide } from "../../broker/plain-page-side.js";
import type { CapabilityKind } from "../../capability/capability.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { PluginLimits } from "../../limits/plugin-limits.js";
import { eventCost } from "../../rpc/event-cost.js";
import type { CallRequest, GuestEvent, HostCallRequest, Outcome, SourceRequest, StartRequest } from "../../rpc/messages.js";
import type { WorkerLink } from "../../rpc/worker-link.js";
import { Deadline } from "../deadline.js";
import { outcomeError } from "../outcome-error.js";
import type { PluginInstance } from "../plugin-instance.js";
import type { InstanceListeners } from "../plugin-runtime.js";
import type { PreparedModule } from "./compile-modules.js";
import { GivenSources } from "./given-sources.js";
import type { PreparedPlugin } from "./prepare-plugin.js";
import { type SandboxChoice, type SealedWorker, startSealedWorker } from "./start-sealed-worker.js";

/** What one instance is started with. */
export interface InstanceOptions {
  readonly limits: PluginLimits;
  readonly listeners: InstanceListeners;
  /** What it was granted, as the page has it. The instance owns it. */
  readonly page: PageSide;
  readonly signal?: AbortSignal | undefined;
}

/** One instantiated component in one worker. */
export class WorkerInstance implements PluginInstance {
  readonly #link: WorkerLink;
  readonly #page: PageSide;
  /** What the app gives it to read: see {@link GivenSources}. */
  readonly sources: GivenSources;

  private constructor(link: WorkerLink, page: PageSide, sources: GivenSources) {
    this.#link = link;
    this.#page = page;
    this.sources = sources;
  }

  /**
   * Starts a worker, while the plugin's modules may still be compiling, and instantiates the plugin in it,
   * within the instantiation deadline: a start function may loop for ever.
   *
   * @throws {PluginError} `compile-failed`, `sandbox-unavailable`, `instantiate-failed`, `capability-denied`, `exited`, `timeout`, `aborted`.
   */
  static async start(prepared: PreparedPlugin, sandbox: SandboxChoice, options: InstanceOptions): Promise<WorkerInstance> {
    const { page, limits, signal } = options;
    const pluginId = prepared.admitted.manifest.id;
    let sealed: SealedWorker | undefined;
    const sources = new GivenSources((source, step, transfer) => sealed?.link.answerSource(source, step, transfer));
    try {
      const readiness = { isReady: false };
      const starting = startSealedWorker(sandbox, codeOf(prepared, page), pluginId, {
        ...linkListeners(options, readiness, sources, () => sealed?.link),
        actsBetweenCalls: usesAsynchronousTypes(prepared.admitted.manifest.world),
      });
      const coreModules = await compiledBeside(prepared.coreModules, starting, pluginId);
      sealed = await starting;
      const deadline = new Deadline({
        milliseconds: limits.instantiateMilliseconds, signal, pluginId, stage: "instantiate", doing: `Instantiating ${pluginId}`,
      });
      try {
        const outcome = await deadline.race(sealed.link.start(startRequest(prepared, coreModules, sealed.takesModules, options), []));
        if (outcome.kind !== "ok") throw outcomeError(outcome, { pluginId, stage: "instantiate", doing: `Cannot instantiate ${pluginId}` });
      } finally {
        deadline.dispose();
      }
      readiness.isReady = true;
      return new WorkerInstance(sealed.link, page, sources);
    } catch (error) {
      page.dispose();
      sealed?.link.terminate(asPluginError(error, pluginId));
      throw error;
    }
  }

  call(request: CallRequest, transfer: Transferable[]): Promise<Outcome> {
    return this.#link.call(request, transfer);
  }

  pull(carrier: number): Promise<Outcome> {
    return this.#link.pull(carrier);
  }

  leave(carrier: number): Promise<Outcome> {
    return this.#link.leave(carrier);
  }

  drop(resource: number): Promise<Outcome> {
    return this.#link.drop(resource);
  }

  /** The way of the app's objects into the plugin. */
  get objects(): PageSide["objects"] {
    return this.#page.objects;
  }

  /** Ends the worker at once; everything pending fails with `reason`. */
  terminate(reason: PluginError): void {
    this.#link.terminate(reason);
    this.#page.dispose();
    this.sources.close();
  }
}

function codeOf({ glue }: PreparedPlugin, { transport }: PageSide): { glue: string; runtime: "plain" | "page" } {
  return { glue, runtime: transport === null ? "plain" : "page" };
}

/** What the link to the worker reports. Host calls are served from the moment when it starts: instantiation may make some. */
function linkListeners({ page, limits, listeners }: InstanceOptions, readiness: { readonly isReady: boolean }, sources: GivenSources, link: () => WorkerLink | undefined) {
  return {
    onEvent: permittedEvents(page.authority.grants, limits.logBytes, listeners.onEvent),
    // Until it is ready, whoever waits for it is told what failed; it is not an instance that ended.
    onBroken: (error: PluginError): void => {
      page.dispose();
      sources.close();
      if (readiness.isReady) listeners.onBroken(error);
    },
    onSourceRequest: (request: SourceRequest): boolean => sources.accept(request),
    onHostCall: (request: HostCallRequest): boolean => {
      const caller = link();
      // Before it was told what it has, our runtime calls nothing.
      return caller !== undefined && page.serve(request, caller);
    },
  };
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

function startRequest({ admitted }: PreparedPlugin, coreModules: readonly PreparedModule[], takesModules: boolean, { page, limits }: InstanceOptions): StartRequest {
  return {
    world: admitted.manifest.world,
    authorities: admitted.imports.authorities,
    authority: page.authority,
    transport: page.transport,
    coreModules: coreModules.map(({ name, module, bytes, hasStorage }) => [name, takesModules ? module : bytes, hasStorage] as const),
    messageBytes: limits.messageBytes,
    outputBytes: limits.logBytes,
  };
}

function asPluginError(error: unknown, pluginId: string): PluginError {
  if (error instanceof PluginError) return error;
  const message = `Instantiating ${pluginId} failed: ${String(error)}`;
  return new PluginError({ code: "instantiate-failed", stage: "instantiate", pluginId, message, cause: error });
}
