import { join } from "node:path";
import { PluginError } from "../errors/plugin-error.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../limits/plugin-limits.js";
import { MANIFEST_PATH, SIGNATURE_PATH } from "../package/package-path.js";
import type { PluginPackage } from "../package/plugin-package.js";
import { addSignature, parseEnvelope, signManifest } from "../trust/signature-envelope.js";
import { openPackage } from "./open-package.js";
import { encodeArchive } from "./package-archive.js";
import { writeWholeFile } from "./write-package.js";

export interface SignOptions {
  /** The package: a directory or a `.tar.gz`. */
  readonly path: string;
  /** 32-byte secret seeds. */
  readonly signingKeys: readonly Uint8Array[];
  readonly limits?: PluginLimits;
}

/** A package that was signed, with the ids of all keys whose signatures it now has. */
export interface SignResult {
  readonly id: string;
  readonly version: string;
  readonly keyIds: readonly string[];
}

/**
 * Adds signatures to a package, after checking that its files are what its manifest says. Signatures by
 * other keys stay; one by the same key is replaced.
 *
 * @throws {PluginError} `usage-invalid` for a bare component or no keys, `signature-invalid` for a signature
 * file that cannot be read, or what {@link openPackage} throws
 */
export async function signPackage({ path, signingKeys, limits = DEFAULT_LIMITS }: SignOptions): Promise<SignResult> {
  const { package: opened, form } = await openPackage(path, limits);
  if (form === "component") {
    const message = `Cannot sign ${path}: it is a bare component, and only a package's manifest is signed. Run \`portcullis pack\` on it`;
    throw new PluginError({ code: "usage-invalid", stage: "pack", message });
  }
  const signature = await signAgain(opened, signingKeys);
  if (form === "directory") await writeWholeFile(join(path, SIGNATURE_PATH), signature);
  else await writeWholeFile(path, await encodeArchive(await allFiles(opened, signature)));
  const { id, version } = opened.manifest;
  return { id, version, keyIds: parseEnvelope(signature).signatures.map(({ keyId }) => keyId) };
}

async function signAgain({ signatureBytes, manifestBytes }: PluginPackage, seeds: readonly Uint8Array[]): Promise<Uint8Array> {
  if (signatureBytes === null) return signManifest(manifestBytes, seeds);
  let envelope = signatureBytes;
  for (const seed of seeds) envelope = await addSignature(envelope, manifestBytes, seed);
  return envelope;
}

async function allFiles(opened: PluginPackage, signature: Uint8Array): Promise<Map<string, Uint8Array>> {
  const files = new Map([[MANIFEST_PATH, opened.manifestBytes], [SIGNATURE_PATH, signature]]);
  for (const { path } of opened.manifest.files) files.set(path, await opened.readFile(path));
  return files;
}
