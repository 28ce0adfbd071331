import type { PluginPackage } from "../package/plugin-package.js";
import type { TrustPolicy } from "./trust-policy.js";
import { verifySignatures, type Trust } from "./verify-signatures.js";

// Only this module has it, so a VerifiedPackage exists only where verifyPackage made it.
const CONSTRUCT = Symbol("VerifiedPackage");
let construct: (source: PluginPackage, trust: Trust) => VerifiedPackage;

/** A package that a trust policy accepted: the second stage of the way to a running plugin. */
export class VerifiedPackage {
  readonly package: PluginPackage;
  /** Why it was accepted. */
  readonly trust: Trust;

  static {
    construct = (source, trust) => new VerifiedPackage(CONSTRUCT, source, trust);
  }

  private constructor(token: symbol, source: PluginPackage, trust: Trust) {
    if (token !== CONSTRUCT) throw new TypeError("Cannot construct a VerifiedPackage: use verifyPackage");
    this.package = source;
    this.trust = trust;
    Object.freeze(this);
  }
}

/**
 * Checks who made a package. The manifest is what is signed; it has the digest of every other file,
 * and {@link PluginPackage} checks each when it is read.
 *
 * @throws {PluginError} `signature-missing` if it is not signed and the policy wants signatures;
 * `signature-invalid` if a trusted key's signature does not fit, or the signature file cannot be
 * read; `key-untrusted` if only unknown keys signed it
 */
export async function verifyPackage(source: PluginPackage, policy: TrustPolicy): Promise<VerifiedPackage> {
  const { id, version } = source.manifest;
  const trust = await verifySignatures({
    kind: "manifest",
    bytes: source.manifestBytes,
    signatureBytes: source.signatureBytes,
    name: `${id} ${version}`,
    pluginId: id,
  }, policy);
  return construct(source, trust);
}
