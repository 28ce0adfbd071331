import { BincodeProblem } from "../bincode/bincode-type.js";
import { BRIDGE_BOUNDS, isEnforcedByBridge } from "../capability/bridge-capabilities.js";
import { parseCapability } from "../capability/capability.js";
import type { WorldSide } from "../component/world.js";
import { type PluginErrorDetails, PluginError } from "../errors/plugin-error.js";
import type { Manifest } from "../package/manifest.js";
import type { PluginPackage } from "../package/plugin-package.js";
import { quotedText } from "../package/quoted-text.js";
import { bridgeFunctions } from "../runtime/bridge/bridge-functions.js";
import { libraryProblem } from "./library-platform.js";

/**
 * Checks of a package of native or Python code what can be known without running it, beyond its digests and its manifest: that its
 * values can cross a bridge, that it asks only for what a bridge can keep it to, and that its libraries are what they are said to be.
 *
 * @throws {PluginError} `manifest-invalid`, `capability-unknown`, `capability-invalid`, `manifest-mismatch`, or what reading a file throws
 */
export async function checkBridgeContent(opened: PluginPackage): Promise<void> {
  const { manifest } = opened;
  for (const side of [manifest.world.exports, manifest.world.imports]) checkValues(manifest, side);
  for (const { capability } of manifest.capabilities) {
    if (isEnforcedByBridge(parseCapability(capability, { stage: "verify", pluginId: manifest.id }))) continue;
    throw refuse(manifest, "capability-unknown", `it asks for the capability ${quotedText(capability)}, and ${BRIDGE_BOUNDS}`);
  }
  for (const { platform, path } of manifest.bridge?.libraries ?? []) {
    const problem = libraryProblem(await opened.readFile(path), platform);
    if (problem !== undefined) throw refuse(manifest, "manifest-mismatch", `its manifest says that ${path} is its library for ${platform}, and ${problem}`);
  }
}

function checkValues(manifest: Manifest, side: WorldSide): void {
  try {
    bridgeFunctions(manifest.world, side, "wit");
  } catch (cause) {
    if (!(cause instanceof BincodeProblem)) throw cause;
    throw refuse(manifest, "manifest-invalid", `a function has a type that no bridge carries: ${cause.message}`);
  }
}

function refuse({ id }: Manifest, code: PluginErrorDetails["code"], reason: string): PluginError {
  return new PluginError({ code, stage: "verify", pluginId: id, message: `Cannot accept ${id}: ${reason}` });
}
