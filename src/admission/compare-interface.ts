import { resolveExports } from "../component/compare-exports.js";
import type { World } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";
import type { Compatibility, ExpectedInterface } from "./expected-interface.js";

/** What a plugin exports. */
export interface FoundInterface {
  /** The plugin's id. */
  readonly id: string;
  readonly world: World;
  /** Interface hash of what the app expects, as the plugin exports it; `undefined` if not all of it is there under its name. */
  readonly hash: string | undefined;
}

/**
 * Decides about a plugin whose interface hash is not the expected one.
 *
 * @returns for each interface that the app expects, the name under which the plugin exports it.
 * @throws {PluginError} `interface-mismatch`: under `strict` always, under `lenient` if something is missing or differs.
 */
export function compareInterface({ id, world, hash }: FoundInterface, expected: ExpectedInterface, compatibility: Compatibility): ReadonlyMap<string, string> {
  const { differences, interfaces } = resolveExports(expected.world, world);
  const [first, ...others] = differences;
  if (first !== undefined) {
    const more = others.length === 0 ? "" : ` (and ${others.length} more differences)`;
    throw mismatch(id, `it does not offer ${expected.name}: ${first.message}${more}. Use a version of the plugin that was built for this interface`);
  }
  if (compatibility === "lenient") return interfaces;
  throw mismatch(
    id,
    `its interface is compatible with ${expected.name} but not equal (interface hash ${hash ?? "of another version"}, wanted ${expected.hash}). ` +
      'Rebuild it against the app\'s WIT, or load it with compatibility: "lenient"',
  );
}

function mismatch(pluginId: string, reason: string): PluginError {
  return new PluginError({ code: "interface-mismatch", stage: "admit", pluginId, message: `Cannot load ${pluginId}: ${reason}` });
}
