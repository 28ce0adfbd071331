import { readdir, stat } from "node:fs/promises";
import type { World } from "../component/world.js";
import { splitInterfaceName } from "../component/component-names.js";
import { PluginError } from "../errors/plugin-error.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../limits/plugin-limits.js";
import { MANIFEST_PATH } from "../package/package-path.js";
import { openPackage } from "./open-package.js";
import { PACKAGE_TOML } from "./pack-input.js";
import { unreadable } from "./read-bounded-file.js";
import { worldFromWit } from "./types/wit.js";

/**
 * The world that is at `path`: of WIT (a file or a folder), of a component, or of a package.
 *
 * @param worldName - which world; only for WIT that has several
 * @throws {PluginError} `usage-invalid`, or what opening the package throws
 */
export async function readWorld(path: string, worldName?: string, limits: PluginLimits = DEFAULT_LIMITS): Promise<World> {
  if (await isWit(path)) return worldFromWit({ path }, worldName);
  if (worldName !== undefined) {
    const message = `Cannot choose the world ${JSON.stringify(worldName)} of ${path}: it is a component or package, which has only one`;
    throw new PluginError({ code: "usage-invalid", stage: "configure", message });
  }
  return (await openPackage(path, limits)).package.manifest.world;
}

async function isWit(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isDirectory()) return path.endsWith(".wit");
    const names = await readdir(path);
    return !names.includes(MANIFEST_PATH) && !names.includes(PACKAGE_TOML);
  } catch (cause) {
    throw unreadable(path, "configure", cause);
  }
}

/** What to call the types of a world: after its first exported interface, or `plugin`. */
export function worldLabel(world: World): string {
  const [first] = world.exports.interfaces;
  return first === undefined ? "plugin" : (splitInterfaceName(first.name).base.split("/").at(-1) ?? "plugin");
}
