import type { PluginErrorCode } from "../errors/error-codes.js";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import { parseIndex, type ParsedIndex } from "../package/registry-index.js";
import type { TrustPolicy } from "./trust-policy.js";
import { verifySignatures, type Trust } from "./verify-signatures.js";

/** A registry's index and the state that it is judged by. */
export interface IndexVerification {
  readonly indexBytes: Uint8Array;
  /** The index's signature file, or `null` if there is none. */
  readonly signatureBytes: Uint8Array | null;
  readonly policy: TrustPolicy;
  readonly now: Date;
  /** The highest sequence number accepted from this registry so far, if any. */
  readonly lastSequence: number | undefined;
  readonly limits: PluginLimits;
}

/** An index that was accepted, with the entries in it that could not be read. */
export interface VerifiedIndex extends ParsedIndex {
  readonly trust: Trust;
}

/**
 * Checks a registry's index: signatures first, by the same rules as a package's; then that it is not
 * older than one already seen, and has not expired, so that nobody can hold clients at an old state.
 *
 * @throws {PluginError} `signature-missing`, `signature-invalid`, `key-untrusted`, `index-invalid`,
 * `index-rollback`, `index-expired`
 */
export async function verifyIndex(verification: IndexVerification): Promise<VerifiedIndex> {
  const { indexBytes, signatureBytes, policy, now, lastSequence, limits } = verification;
  const trust = await verifySignatures(
    { kind: "index", bytes: indexBytes, signatureBytes, name: "the registry's index" },
    policy,
  );
  const parsed = parseIndex(indexBytes, limits);
  const { sequence, expires } = parsed.index;
  if (lastSequence !== undefined && sequence < lastSequence) {
    throw refuse("index-rollback", `its sequence number is ${sequence}, and ${lastSequence} was seen before`);
  }
  // Written so that a clock that gives no time counts as expired.
  if (!(now.getTime() < Date.parse(expires))) {
    throw refuse("index-expired", `it was valid until ${expires}; the registry must publish a new one`);
  }
  return { ...parsed, trust };
}

function refuse(code: PluginErrorCode, reason: string): PluginError {
  return new PluginError({ code, stage: "discover", message: `Cannot use the registry's index: ${reason}` });
}
