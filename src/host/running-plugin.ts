import type { AdmittedPlugin } from "../admission/admit-plugin.js";
import type { PageSideOptions } from "../broker/plain-page-side.js";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { GuestEvent } from "../rpc/messages.js";
import { PAGE_KINDS, type PreparedPlugin } from "../runtime/worker/prepare-plugin.js";
import type { WorkerRuntime } from "../runtime/worker/worker-runtime.js";
import type { Audit } from "./audit.js";
import { InstanceKeeper } from "./instance-keeper.js";
import { notify, type PluginEventListener } from "./plugin-event.js";
import type { PluginContract } from "./plugin-contract.js";
import type { PluginInstance } from "./plugin-instance.js";
import type { RequestedAuthority } from "./requested-authority.js";

export interface RunningPluginParts {
  readonly admitted: AdmittedPlugin;
  readonly prepared: PreparedPlugin;
  readonly limits: PluginLimits;
  readonly runtime: WorkerRuntime;
  /** `undefined` for a plugin that asks for nothing. */
  readonly requested: RequestedAuthority | undefined;
  readonly contract?: PluginContract | undefined;
  /** What each instance is configured with under the contract. */
  readonly config?: unknown;
  readonly audit: Audit;
  readonly onEvent: PluginEventListener | undefined;
}

/** A plugin's instance, what it has, and what is told of it. */
export interface RunningPlugin {
  readonly keeper: InstanceKeeper;
  /** What it has now, as texts. */
  readonly grants: () => readonly string[];
  /** Sets who is told that calls which wait will not be answered. */
  onEnded(listener: (error: PluginError) => void): void;
}

/** Joins the pieces of one running plugin: its instances, its grants, the audit and the app's events. */
export function runPlugin({ admitted, prepared, limits, runtime, requested, contract, config, audit, onEvent }: RunningPluginParts): RunningPlugin {
  const { id, version } = admitted.manifest;
  const plugin = { id, version };
  let failWaiting: (error: PluginError) => void = () => undefined;
  // What is taken back before there is an instance ends none.
  const running: { keeper?: InstanceKeeper } = {};
  const live = requested?.live(admitted.grants, (lost, texts) => {
    for (const capability of texts) audit.enter(plugin, { kind: "revoked", capability });
    // What lives on the page is refused there from now on. What is in the worker can only be taken with it.
    if (lost.some(({ kind }) => !PAGE_KINDS.has(kind))) running.keeper?.end(revoked(id, texts));
  });
  const onGuestEvent = (event: GuestEvent): void => {
    if (event.kind === "denied") audit.enter(plugin, { kind: "denied", capability: event.authority, function: event.import, summary: undefined });
    notify(onEvent, { kind: "guest", pluginId: id, event });
  };
  const page = { grants: live?.list ?? (() => []), provisions: requested?.provisions() ?? {}, listeners: pageListeners(plugin, audit, onEvent) };
  const keeper = new InstanceKeeper(
    async ({ onBroken, signal }): Promise<PluginInstance> => {
      // First: a download that fails must not leave an instance to nobody.
      const starter = contract === undefined ? undefined : await import("./start-contract.js");
      const instance = await runtime.start(prepared, { limits, listeners: { onBroken, onEvent: onGuestEvent }, page, signal });
      if (contract === undefined || starter === undefined) return instance;
      return starter.startUnderContract(instance, { contract, config, manifest: admitted.manifest, limits, signal });
    },
    (error) => {
      failWaiting(error);
      notify(onEvent, { kind: "instance-ended", pluginId: id, error });
    },
  );
  running.keeper = keeper;
  return { keeper, grants: () => requested?.texts() ?? [], onEnded: (listener) => void (failWaiting = listener) };
}

function pageListeners(plugin: { readonly id: string; readonly version: string }, audit: Audit, onEvent: PluginEventListener | undefined): PageSideOptions["listeners"] {
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
