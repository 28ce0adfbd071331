import type { AdmittedPlugin } from "../admission/admit-plugin.js";
import type { BrokerContext } from "../broker/broker.js";
import type { PageSideListeners } from "../broker/plain-page-side.js";
import { addErrorOutput, PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { GuestEvent } from "../rpc/messages.js";
import type { InstanceRequest, ReadyPlugin } from "../runtime/plugin-runtime.js";
import { PAGE_KINDS } from "../runtime/worker/prepare-plugin.js";
import type { Audit } from "./audit.js";
import type { InstancePolicy, RestartPolicy } from "./instances/instance-policy.js";
import { InstancePool } from "./instances/instance-pool.js";
import type { InstanceSlot } from "./instances/instance-slot.js";
import { RunningInstances } from "./instances/running-instances.js";
import { notify, type PluginEventListener } from "./plugin-event.js";
import type { PluginContract } from "./plugin-contract.js";
import type { PluginInstance } from "../runtime/plugin-instance.js";
import type { RequestedAuthority } from "./requested-authority.js";

export interface RunningPluginParts {
  readonly admitted: AdmittedPlugin;
  readonly ready: ReadyPlugin;
  readonly limits: PluginLimits;
  readonly policy: Required<InstancePolicy>;
  readonly restart: Required<RestartPolicy>;
  /** `undefined` for a plugin that asks for nothing. */
  readonly requested: RequestedAuthority | undefined;
  readonly contract?: PluginContract | undefined;
  /** What each instance is configured with under the contract. */
  readonly config?: unknown;
  /** JSON of it, for where no import delivers it. */
  readonly configText: string | undefined;
  readonly audit: Audit;
  readonly onEvent: PluginEventListener | undefined;
}

/** A plugin's instances and what they have. */
export interface RunningPlugin {
  readonly pool: InstancePool;
  /** What it has now, as texts. */
  readonly grants: () => readonly string[];
}

// One for the page, whatever number of hosts an app makes: they share the engine's memories.
const pageInstances = new RunningInstances();

/** Joins the pieces of one running plugin: its instances, its grants, the audit and the app's events. */
export function runPlugin(parts: RunningPluginParts): RunningPlugin {
  const { admitted, ready, limits, policy, restart, requested, audit, onEvent } = parts;
  const { id, version } = admitted.manifest;
  const plugin = { id, version };
  // What is taken back before there are instances ends none.
  const running: { pool?: InstancePool } = {};
  const live = requested?.live(admitted.grants, (lost, texts) => {
    for (const capability of texts) audit.enter(plugin, { kind: "revoked", capability });
    // What lives on the page is refused there from now on. What is in the worker can only be taken with it.
    if (lost.some(({ kind }) => !PAGE_KINDS.has(kind))) running.pool?.end(revoked(id, texts));
  });
  const listeners = pageListeners(plugin, audit, onEvent);
  const page = (slot: InstanceSlot) => ({
    grants: live?.list ?? (() => []),
    provisions: requested?.provisions() ?? {},
    listeners: { ...listeners, follow: (name: string) => slot.follow(name) },
  });
  const pool = new InstancePool({
    policy, restart,
    capacity: limits.pendingCalls,
    room: { pluginId: id, memories: ready.memories, most: limits.linearMemories },
    running: pageInstances,
    start: async ({ onBroken, signal }, slot) => {
      slot.errorOutput.clear();
      const onGuestEvent = guestListener(slot, plugin, audit, onEvent);
      try {
        return await startInstance(parts, { limits, listeners: { onBroken, onEvent: onGuestEvent }, page: page(slot), signal });
      } catch (error) {
        if (error instanceof PluginError) addErrorOutput(error, slot.errorOutput.text);
        throw error;
      }
    },
    onEnded: (error, slot) => {
      addErrorOutput(error, slot.errorOutput.text);
      notify(onEvent, { kind: "instance-ended", pluginId: id, error });
    },
    onHealth: (health) => notify(onEvent, { kind: "health", pluginId: id, health }),
  });
  running.pool = pool;
  return { pool, grants: () => requested?.texts() ?? [] };
}

async function startInstance({ ready, contract, config, configText, admitted }: RunningPluginParts, request: Omit<InstanceRequest, "config"> & { readonly signal: AbortSignal }): Promise<PluginInstance> {
  // First: a download that fails must not leave an instance to nobody.
  const starter = contract === undefined ? undefined : await import("./start-contract.js");
  const instance = await ready.start({ ...request, config: configText });
  if (contract === undefined || starter === undefined) return instance;
  return starter.startUnderContract(instance, { contract, config, manifest: admitted.manifest, limits: request.limits, signal: request.signal });
}

function guestListener(slot: InstanceSlot, plugin: BrokerContext["plugin"], audit: Audit, onEvent: PluginEventListener | undefined): (event: GuestEvent) => void {
  return (event) => {
    if (event.kind === "denied") audit.enter(plugin, { kind: "denied", capability: event.authority, function: event.import, summary: undefined });
    if (event.kind === "output" && event.stream === "stderr") slot.errorOutput.add(event.text);
    notify(onEvent, { kind: "guest", pluginId: plugin.id, event });
  };
}

function pageListeners(plugin: BrokerContext["plugin"], audit: Audit, onEvent: PluginEventListener | undefined): PageSideListeners {
  const pluginId = plugin.id;
  return {
    onDenied: ({ capability, function: functionName, summary }) => {
      audit.enter(plugin, { kind: "denied", capability, function: functionName, summary });
      notify(onEvent, { kind: "guest", pluginId, event: { kind: "denied", authority: capability, import: functionName } });
    },
    onDenialsCut: () => notify(onEvent, { kind: "guest", pluginId, event: { kind: "output-truncated" } }),
    onHostCall: ({ capability, functionName, summary }) => audit.enter(plugin, { kind: "host-call", capability, function: functionName, summary }),
    onHostFailure: (functionName, error) => notify(onEvent, { kind: "host-failure", pluginId, function: functionName, error }),
    auditsHostCalls: audit.withHostCalls,
  };
}

function revoked(pluginId: string, capabilities: readonly string[]): PluginError {
  const names = capabilities.map((capability) => JSON.stringify(capability)).join(", ");
  const message = `The instance of ${pluginId} was ended: the capability ${names} was revoked. The next call gets a fresh instance without it`;
  return new PluginError({ code: "capability-revoked", stage: "call", pluginId, message });
}
