import { fromBase64 } from "../bytes/base64.js";
import type { PluginErrorCode, PluginStage } from "../errors/error-codes.js";
import { PluginError } from "../errors/plugin-error.js";
import { verifyEd25519 } from "./ed25519.js";
import { parseEnvelope, signedMessage, type SignatureEnvelope, type SignedKind } from "./signature-envelope.js";
import { trustRules, type TrustPolicy, type TrustRules } from "./trust-policy.js";

/** Why something was accepted. */
export type Trust =
  /** At least one trusted key signed it; these did. `publisher` is the one of them that the app names first. */
  | { readonly kind: "signed"; readonly keyIds: readonly string[]; readonly publisher: string }
  /** No trusted key signed it, and the app said why that is acceptable. */
  | { readonly kind: "unsigned"; readonly reason: string };

/** A signed file and what is known about it. */
export interface SignedFile {
  readonly kind: SignedKind;
  readonly bytes: Uint8Array;
  readonly signatureBytes: Uint8Array | null;
  /** What it is, for messages, such as `acme.blur 1.0.0`. */
  readonly name: string;
  readonly pluginId?: string | undefined;
}

/**
 * Decides whether `policy` accepts a file. A wrong signature by a trusted key is refused whatever
 * else is there; signatures by unknown keys count for nothing.
 *
 * @throws {PluginError} `signature-missing`, `signature-invalid`, `key-untrusted`
 */
export async function verifySignatures(file: SignedFile, policy: TrustPolicy): Promise<Trust> {
  const rules = await trustRules(policy);
  if (file.signatureBytes === null) return acceptUnsigned(file, rules, "signature-missing", "it is not signed");
  const envelope = parseEnvelope(file.signatureBytes);
  const keyIds = await verifiedKeys(file, envelope, rules);
  // In the app's order and not the package's: whoever adds a signature must not become another publisher.
  const publisher = [...rules.keys.keys()].find((keyId) => keyIds.includes(keyId));
  if (publisher !== undefined) return { kind: "signed", keyIds, publisher };
  const found = envelope.signatures.map((signature) => signature.keyId).join(", ");
  const trusted = [...rules.keys.keys()].join(", ") || "none";
  return acceptUnsigned(file, rules, "key-untrusted", `it is signed by ${found}; trusted: ${trusted}`);
}

async function verifiedKeys(file: SignedFile, envelope: SignatureEnvelope, rules: TrustRules): Promise<string[]> {
  const message = signedMessage(file.kind, file.bytes);
  const keyIds: string[] = [];
  for (const { keyId, value } of envelope.signatures) {
    const publicKey = rules.keys.get(keyId);
    if (publicKey === undefined) continue;
    const signature = fromBase64(value);
    if (signature === undefined || !(await verifyEd25519({ publicKey, message, signature }))) {
      throw refuse(file, "signature-invalid", `the signature by the trusted key ${keyId} does not fit its content: it was changed after signing`);
    }
    keyIds.push(keyId);
  }
  return keyIds;
}

function acceptUnsigned(file: SignedFile, rules: TrustRules, code: PluginErrorCode, reason: string): Trust {
  if (rules.unsignedReason !== undefined) return { kind: "unsigned", reason: rules.unsignedReason };
  throw refuse(file, code, `${reason}; add the publisher's key to trustKeys if you trust them`);
}

function refuse(file: SignedFile, code: PluginErrorCode, reason: string): PluginError {
  const stage: PluginStage = file.kind === "index" ? "discover" : "verify";
  return new PluginError({ code, stage, message: `Cannot trust ${file.name}: ${reason}`, pluginId: file.pluginId });
}
