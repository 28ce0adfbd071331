import type { PluginLimits } from "../limits/plugin-limits.js";
import type { Audit } from "./audit.js";
import { indexedDbGrantStore } from "./grants/lazy-grant-store.js";
import { PluginGrants } from "./grants/plugin-grants.js";
import { notify } from "./plugin-event.js";
import type { PluginHostOptions } from "./plugin-host-options.js";

/** A host's grants, which enter every decision into its audit. */
export function createGrants({ grant = [], grantStore, onEvent }: PluginHostOptions, limits: PluginLimits, audit: Audit): PluginGrants {
  return new PluginGrants({
    policy: grant,
    store: grantStore === undefined ? indexedDbGrantStore() : grantStore,
    milliseconds: limits.grantMilliseconds,
    onEvent: (event) => {
      if (event.kind === "grant-problem") return notify(onEvent, event);
      const { pluginId, pluginVersion, ...action } = event;
      audit.enter({ id: pluginId, version: pluginVersion }, action);
    },
  });
}
