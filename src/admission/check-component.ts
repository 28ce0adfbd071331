import { decodeComponent } from "../component/decode-component.js";
import type { World } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";
import { worldDigest } from "./world-digest.js";

/**
 * Checks that a component imports and exports exactly what its manifest says, so that neither a hidden
 * import nor a claimed one gets past the people and policies that read the manifest.
 *
 * @throws {PluginError} `manifest-mismatch`, `component-invalid`, `component-unsupported`.
 */
export async function checkComponent(bytes: Uint8Array, claimed: World, pluginId: string): Promise<void> {
  const found = decodeComponent(bytes);
  if ((await worldDigest(found)) === (await worldDigest(claimed))) return;
  throw new PluginError({
    code: "manifest-mismatch",
    stage: "admit",
    pluginId,
    message:
      `Cannot load ${pluginId}: its manifest and its component disagree about what it imports and exports` +
      `${describeDifference(found, claimed)}. Pack the component again`,
  });
}

function describeDifference(found: World, claimed: World): string {
  const names = (world: World) => new Set([...world.imports.interfaces, ...world.exports.interfaces].map(({ name }) => name));
  const [inComponent, inManifest] = [names(found), names(claimed)];
  const hidden = [...inComponent].filter((name) => !inManifest.has(name));
  const invented = [...inManifest].filter((name) => !inComponent.has(name));
  const parts = [
    ...(hidden.length === 0 ? [] : [`the manifest hides ${hidden.join(", ")}`]),
    ...(invented.length === 0 ? [] : [`the component lacks ${invented.join(", ")}`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}
