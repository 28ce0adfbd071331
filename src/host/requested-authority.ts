import type { AdmissionOptions } from "../admission/admit-plugin.js";
import type { CheckedImports } from "../admission/check-imports.js";
import { checkProvisions, offeredOf, type ProvidePolicy, type Provisions } from "../broker/provisions.js";
import { type Capability, printCapability } from "../capability/capability.js";
import { PluginError } from "../errors/plugin-error.js";
import type { Deadline } from "../runtime/deadline.js";
import type { GrantRevocation } from "./grants/grant-keeper.js";
import type { PluginGrants } from "./grants/plugin-grants.js";
import { remainingGrants } from "./grants/revoked-grants.js";
import { LiveGrants } from "./live-grants.js";

/** What a plugin that asks for something is given while it is loaded, and afterwards. */
export interface RequestedAuthority {
  readonly openGrants: AdmissionOptions["openGrants"];
  /** What the app has for this plugin. Known once its grants were opened. */
  readonly provisions: () => Provisions;
  /** What it has now, for the app. */
  readonly texts: () => readonly string[];
  /** Follows what is taken back, from the moment when it was decided. */
  live(granted: readonly Capability[], onLost: (lost: readonly Capability[], texts: readonly string[]) => void): LiveGrants;
  /** Ends the following. */
  dispose(): void;
}

/** Opens what a plugin that asks for something needs. Plugins that ask for nothing never load this code. */
export function requestedAuthority(pluginId: string, grants: PluginGrants, provide: ProvidePolicy, deadline: Deadline): RequestedAuthority {
  let provisions: Provisions = {};
  let running: LiveGrants | undefined;
  // What is taken back between the decision and the start must not be lost.
  const early: GrantRevocation[] = [];
  let follow = (revocation: GrantRevocation): void => void early.push(revocation);
  const stop = grants.onRevoked((revocation) => follow(revocation));
  return {
    provisions: () => provisions,
    texts: () => (running?.list() ?? []).map(printCapability),
    dispose: stop,
    async openGrants(verified, imports) {
      const { id, version } = verified.package.manifest;
      provisions = await resolveProvisions(provide, { id, version });
      return grants.open(verified, {
        signal: deadline.signal,
        pause: () => deadline.pause(),
        offered: (capability) => offeredOf(capability, provisions, imports),
        describe: (capability) => documentationOf(capability, imports),
      });
    },
    live(granted, onLost) {
      const live = (running = new LiveGrants(pluginId, granted, remainingGrants, (lost) => onLost(lost, lost.map(printCapability))));
      follow = (revocation) => live.revoke(revocation);
      for (const revocation of early) live.revoke(revocation);
      return live;
    },
  };
}

async function resolveProvisions(provide: ProvidePolicy, plugin: { readonly id: string; readonly version: string }): Promise<Provisions> {
  if (typeof provide !== "function") return checkProvisions(provide, plugin.id);
  let provided: Provisions;
  try {
    provided = await provide(plugin);
  } catch (cause) {
    const message = `Cannot load ${plugin.id}: the app's \`provide\` function failed. Its error is the cause of this one`;
    throw new PluginError({ code: "usage-invalid", stage: "admit", pluginId: plugin.id, message, cause });
  }
  return checkProvisions(provided, plugin.id);
}

/** A capability's words for a permission prompt, where the app has its own: those of its interface. */
function documentationOf(capability: Capability, { hostInterfaces }: CheckedImports): string | undefined {
  if (capability.kind !== "host") return undefined;
  const { interfaceName } = capability;
  return hostInterfaces.find(({ shape }) => shape.name === interfaceName)?.offered.documentation;
}
