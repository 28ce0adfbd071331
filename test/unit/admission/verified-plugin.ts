import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import type { CapabilityRequest, Manifest } from "../../../src/package/manifest.js";
import { encodeManifest } from "../../../src/package/parse-manifest.js";
import { PluginPackage } from "../../../src/package/plugin-package.js";
import { publicKeyOf } from "../../../src/trust/ed25519.js";
import { signManifest } from "../../../src/trust/signature-envelope.js";
import { dangerouslyTrustUnsigned } from "../../../src/trust/trust-policy.js";
import { verifyPackage, type VerifiedPackage } from "../../../src/trust/verify-package.js";
import { buildPackage } from "../package/package-fixture.js";

export interface VerifiedPluginOptions {
  readonly capabilities: readonly (string | Partial<CapabilityRequest>)[];
  readonly manifest?: Partial<Manifest>;
  /** Which of three trusted publishers sign it. Default: nobody. */
  readonly signers?: readonly (1 | 2 | 3)[];
}

const seed = (signer: number): Uint8Array => new Uint8Array(32).fill(signer);

let content: ReturnType<typeof buildPackage> | undefined;

/** A package that went the whole way to here: parsed, and verified under a policy that trusts three publishers and nobody at all. */
export async function verifiedPlugin({ capabilities, manifest = {}, signers = [] }: VerifiedPluginOptions): Promise<VerifiedPackage> {
  const built = await (content ??= buildPackage());
  const requests = capabilities.map((one) => ({ capability: "clocks", reason: "To test it", optional: false, ...(typeof one === "string" ? { capability: one } : one) }));
  const manifestBytes = encodeManifest({ ...built.manifest, capabilities: requests, ...manifest });
  const signatureBytes = signers.length === 0 ? null : await signManifest(manifestBytes, signers.map(seed));
  const readFile = async (path: string): Promise<Uint8Array> => built.files.get(path) ?? new Uint8Array();
  const opened = PluginPackage.open({ origin: "a test", manifestBytes, signatureBytes, readFile }, DEFAULT_LIMITS);
  return verifyPackage(opened, dangerouslyTrustUnsigned("it is a test's own", { alsoTrust: await Promise.all([1, 2, 3].map((signer) => publicKeyOf(seed(signer)))) }));
}
