import type { JsonValue } from "../bytes/canonical-json.js";
import type { Manifest, ManifestMetadata } from "../package/manifest.js";
import type { VerifiedPackage } from "../trust/verify-package.js";

/** Who and what a loaded plugin is. */
export interface PluginInfo {
  readonly id: string;
  readonly version: string;
  readonly metadata: ManifestMetadata;
  /** Signed by which keys, or unsigned and why that was accepted. */
  readonly trust: VerifiedPackage["trust"];
  /** Interface hash of all exports, as the manifest says; what the app expects is compared with the types themselves. */
  readonly interfaceHash: string;
  /** What the plugin adds to the app, as its author wrote it. Opaque to Portcullis. */
  readonly contributes: JsonValue | undefined;
}

export function pluginInfo(manifest: Manifest, trust: VerifiedPackage["trust"]): PluginInfo {
  const { id, version, metadata, contributes } = manifest;
  return { id, version, metadata, trust, interfaceHash: manifest.interface.hash, contributes };
}
