import { sha256Hex } from "../bytes/sha256.js";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { Manifest, ManifestFile } from "../package/manifest.js";
import { MANIFEST_PATH, SIGNATURE_PATH } from "../package/package-path.js";
import { encodeManifest } from "../package/parse-manifest.js";
import { PluginPackage } from "../package/plugin-package.js";
import { publicKeyOf } from "../trust/ed25519.js";
import { signManifest } from "../trust/signature-envelope.js";
import { trustKeys } from "../trust/trust-policy.js";
import { verifyPackage } from "../trust/verify-package.js";
import { checkBridgeContent } from "./check-bridge-content.js";
import type { PluginDescription } from "./plugin-description.js";

/** Everything that a package is made from. */
export interface PackageParts {
  /** What is known from the code itself. Its list of files is not read. */
  readonly described: Manifest;
  readonly description: PluginDescription;
  /** All files of the package but the manifest and its signature, by path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** 32-byte secret seeds to sign with. */
  readonly signingKeys: readonly Uint8Array[];
  readonly limits: PluginLimits;
}

/**
 * Puts a package together in memory, and opens it again as a host would, so that nothing is ever written
 * that a host refuses.
 *
 * @throws {PluginError} whatever opening and verifying it throws
 */
export async function assemblePackage(parts: PackageParts): Promise<{ manifest: Manifest; files: Map<string, Uint8Array> }> {
  const { described, description, signingKeys } = parts;
  const files = new Map(parts.files);
  const manifest: Manifest = {
    ...described,
    ...(description.minimumHost === undefined ? {} : { minimumHost: description.minimumHost }),
    metadata: description.metadata,
    interface: { ...described.interface, ...description.interface },
    capabilities: description.capabilities,
    limits: description.limits,
    ...(description.config === undefined ? {} : { config: description.config }),
    ...(description.contributes === undefined ? {} : { contributes: description.contributes }),
    files: await listFiles(files),
  };
  const manifestBytes = encodeManifest(manifest);
  files.set(MANIFEST_PATH, manifestBytes);
  if (signingKeys.length > 0) files.set(SIGNATURE_PATH, await signManifest(manifestBytes, signingKeys));
  await checkAssembled(files, parts);
  return { manifest, files };
}

async function listFiles(files: ReadonlyMap<string, Uint8Array>): Promise<ManifestFile[]> {
  const listed: ManifestFile[] = [];
  for (const [path, bytes] of files) listed.push({ path, size: bytes.length, sha256: await sha256Hex(bytes) });
  return listed.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function checkAssembled(files: ReadonlyMap<string, Uint8Array>, { signingKeys, limits, description }: PackageParts): Promise<void> {
  try {
    const opened = await PluginPackage.fromArchive(files, `${description.id} ${description.version}`, limits);
    for (const output of opened.manifest.transpiled) await opened.readTranspiled(output);
    if (opened.manifest.bridge !== undefined) await checkBridgeContent(opened);
    if (signingKeys.length > 0) await verifyPackage(opened, trustKeys(await Promise.all(signingKeys.map(publicKeyOf))));
  } catch (cause) {
    if (!(cause instanceof PluginError)) throw cause;
    const message = `Cannot pack ${description.id}: a host would refuse the package. ${cause.message}`;
    throw new PluginError({ code: cause.code, stage: "pack", pluginId: description.id, message, cause });
  }
}
