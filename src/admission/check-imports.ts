import { importRule } from "../capability/import-catalogue.js";
import type { World } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";

/** Per imported interface, the authority that it stands for; `null` for types without any. */
export type ImportAuthorities = readonly (readonly [interfaceName: string, authority: string | null])[];

/**
 * Checks that everything a plugin imports is known here: granted by a capability, or denied by name.
 *
 * @throws {PluginError} `import-unknown` with the full list of what nobody offers.
 */
export function checkImports(world: World, pluginId: string): ImportAuthorities {
  const unknown = world.imports.functions.map((named) => `the function ${named.name}`);
  const authorities: [string, string | null][] = [];
  for (const shape of world.imports.interfaces) {
    const rule = importRule(shape.name);
    if (rule === undefined) unknown.push(shape.name);
    else authorities.push([shape.name, rule.capability]);
  }
  if (unknown.length === 0) return authorities;
  throw new PluginError({
    code: "import-unknown",
    stage: "admit",
    pluginId,
    message:
      `Cannot load ${pluginId}: it imports ${unknown.join(", ")}, which neither the app nor a capability of this ` +
      "version offers. Use a build of the plugin without that, or a host that offers it",
  });
}
