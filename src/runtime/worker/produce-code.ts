import type { AdmittedPlugin } from "../../admission/admit-plugin.js";
import { checkComponent } from "../../admission/check-component.js";
import { worldDigest } from "../../admission/world-digest.js";
import { sha256Hex } from "../../bytes/sha256.js";
import { toUtf8 } from "../../bytes/utf8.js";
import type { CachedComponent } from "../../compile/compile-cache.js";
import type { CompileKey, CompileTarget } from "../../compile/compile-key.js";
import type { TranspiledOutput } from "../../package/manifest.js";
import type { PrepareOptions } from "../plugin-runtime.js";
import type { PrepareSurroundings } from "./preparation.js";

/** What code is wanted. */
export interface WantedCode {
  readonly key: CompileKey;
  readonly target: CompileTarget;
  /** The package's own output under this key, if it may be used. */
  readonly packaged: TranspiledOutput | undefined;
  /** The component's bytes, on their way. */
  readonly component: Promise<Uint8Array>;
}

/**
 * Gets a plugin's code when the cache has none: from the package, or by transpiling its component. Either way the
 * component is fetched, and must import and export what the manifest says.
 *
 * @throws {PluginError} `digest-mismatch`, `manifest-mismatch`, `component-invalid`, `transpile-failed`, `source-unreachable`.
 */
export async function produceCode(
  admitted: AdmittedPlugin,
  { key, target, packaged, component }: WantedCode,
  surroundings: PrepareSurroundings,
  { signal, onProgress }: PrepareOptions,
): Promise<CachedComponent> {
  const { manifest, verified } = admitted;
  const bytes = await component;
  onProgress({ phase: "verify" });
  await checkComponent(bytes, manifest.world, manifest.id);
  if (packaged === undefined) onProgress({ phase: "transpile" });
  const files = packaged === undefined
    ? await surroundings.transpile(bytes, manifest, target, signal)
    : await verified.package.readTranspiled(packaged, signal);
  return {
    key,
    glue: files.glue,
    glueSha256: await sha256Hex(toUtf8(files.glue)),
    coreModules: await Promise.all(files.coreModules.map(async ({ name, bytes: core }) => ({ name, bytes: core, sha256: await sha256Hex(core) }))),
    worldDigest: await worldDigest(manifest.world),
  };
}
