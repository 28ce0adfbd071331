import type { HostInterface } from "../capability/host-interface.js";
import { importRule } from "../capability/import-catalogue.js";
import type { InterfaceShape, World } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";
import type { MatchedInterface } from "./match-host-interfaces.js";

/** Per imported interface, the authority that it stands for; `null` for types without any. */
export type ImportAuthorities = readonly (readonly [interfaceName: string, authority: string | null])[];

export interface CheckedImports {
  readonly authorities: ImportAuthorities;
  readonly hostInterfaces: readonly MatchedInterface[];
}

/**
 * Checks that everything a plugin imports is known here: granted by a capability, implemented by the app, or denied by name.
 *
 * @throws {PluginError} `import-unknown` with the full list of what nobody offers; `interface-mismatch` for an interface
 *   that the app implements with other types; `component-unsupported` for one that cannot be called across the sandbox.
 */
export async function checkImports(world: World, pluginId: string, offered: readonly HostInterface[]): Promise<CheckedImports> {
  const unknown = world.imports.functions.map((named) => `the function ${named.name}`);
  const authorities: [string, string | null][] = [];
  const own: InterfaceShape[] = [];
  for (const shape of world.imports.interfaces) {
    const rule = importRule(shape.name);
    if (rule !== undefined) authorities.push([shape.name, rule.capability]);
    else own.push(shape);
  }
  // Few plugins import anything of the app's: its code is loaded for those.
  const hostInterfaces = own.length === 0 || offered.length === 0 ? [] : (await import("./match-host-interfaces.js")).matchHostInterfaces(world, own, offered, pluginId);
  const matched = new Set(hostInterfaces.map(({ shape }) => shape.name));
  for (const { name } of own) {
    if (matched.has(name)) authorities.push([name, `host:${name}`]);
    else unknown.push(name);
  }
  if (unknown.length === 0) return { authorities, hostInterfaces };
  throw new PluginError({
    code: "import-unknown",
    stage: "admit",
    pluginId,
    message:
      `Cannot load ${pluginId}: it imports ${unknown.join(", ")}, which neither the app nor a capability of this ` +
      "version offers. Use a build of the plugin without that, or a host that offers it",
  });
}
