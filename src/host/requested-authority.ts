import type { AdmissionOptions } from "../admission/admit-plugin.js";
import type { CheckedImports } from "../admission/check-imports.js";
import type { GrantQuestion, GrantVerdict } from "../admission/decide-grants.js";
import { checkProvisions, offeredOf, type ProvidePolicy, type Provisions } from "../broker/provisions.js";
import { type Capability, printCapability } from "../capability/capability.js";
import { PluginError } from "../errors/plugin-error.js";
import type { Manifest } from "../package/manifest.js";
import type { Deadline } from "../runtime/deadline.js";
import { type Configuration, configure } from "./configuration.js";
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

/** What the app gives to one load alone. */
export interface GivenToLoad {
  /** Stands in place of what the host provides for every plugin. */
  readonly configuration: Configuration | undefined;
  /** Interfaces that give nothing but what the app passes to this load's own calls. */
  readonly grantedByUse: ReadonlySet<string>;
}

/** Opens what a plugin that asks for something needs. Plugins that ask for nothing never load this code. */
export function requestedAuthority(pluginId: string, grants: PluginGrants, provide: ProvidePolicy, deadline: Deadline, given: GivenToLoad): RequestedAuthority {
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
      const { manifest } = verified.package;
      const { id, version } = manifest;
      provisions = await resolveProvisions(provide, { id, version });
      // What the app configures this load with is all that the plugin sees: nothing reaches it that was not checked.
      const config = given.configuration ?? (provisions.config === undefined && requires(manifest, "config") && manifest.config !== undefined ? configure(manifest, {}, false) : undefined);
      if (config !== undefined) provisions = { ...provisions, config: config.entries };
      const decider = await grants.open(verified, {
        signal: deadline.signal,
        pause: () => deadline.pause(),
        offered: (capability) => offeredOf(capability, provisions, imports),
        describe: (capability) => documentationOf(capability, imports),
      });
      return {
        ...decider,
        async recall(question) {
          const decided = await decider.recall(question);
          // What a person refused for ever stays refused. A list that does not have it says nothing about this one load.
          return decided?.by === "store" || decided?.by === "session" ? decided : grantedByGiving(question, given) ?? decided;
        },
      };
    },
    live(granted, onLost) {
      const live = (running = new LiveGrants(pluginId, granted, remainingGrants, (lost) => onLost(lost, lost.map(printCapability))));
      follow = (revocation) => live.revoke(revocation);
      for (const revocation of early) live.revoke(revocation);
      return live;
    },
  };
}

function requires({ capabilities }: Manifest, wanted: string): boolean {
  return capabilities.some(({ capability, optional }) => capability === wanted && !optional);
}

/**
 * What the app itself passes to one load is granted by passing it: to ask whether it may see what it is being handed would be a
 * question without a meaning.
 */
function grantedByGiving({ capability }: GrantQuestion, { configuration, grantedByUse }: GivenToLoad): GrantVerdict | undefined {
  const isGiven = capability.kind === "config" ? configuration !== undefined : capability.kind === "host" && grantedByUse.has(capability.interfaceName);
  return isGiven ? { granted: [capability], decision: "once", by: "policy" } : undefined;
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
