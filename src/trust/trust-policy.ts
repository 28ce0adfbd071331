import { PluginError } from "../errors/plugin-error.js";
import { parsePublicKey } from "./key-format.js";
import { PublicKey } from "./public-key.js";

declare const TRUST_POLICY: unique symbol;

/** Whose plugins an app accepts. Opaque: made by {@link trustKeys} or {@link dangerouslyTrustUnsigned}. */
export interface TrustPolicy {
  readonly [TRUST_POLICY]: true;
}

/** What a policy says. */
export interface TrustRules {
  /** Trusted keys by their key id. */
  readonly keys: ReadonlyMap<string, PublicKey>;
  /** Why packages that no trusted key signed are accepted; `undefined` if they are not. */
  readonly unsignedReason: string | undefined;
}

interface PolicyContent {
  readonly keys: readonly PublicKey[];
  readonly unsignedReason: string | undefined;
}

// The content is held here and not in the object, so an object of the same shape is no policy.
const contents = new WeakMap<TrustPolicy, PolicyContent>();

/**
 * Accepts what at least one of `keys` signed, and nothing else. No keys: nothing is accepted.
 *
 * @param keys - parsed keys, or texts as `parsePublicKey` reads them
 * @throws {PluginError} `key-invalid`
 */
export function trustKeys(keys: readonly (string | PublicKey)[]): TrustPolicy {
  return createPolicy({ keys: keys.map(parsedKey), unsignedReason: undefined });
}

/**
 * Accepts packages whoever made them: for development, and for apps whose users bring their own code
 * knowingly. A signature by a key in `alsoTrust` still counts, and still must be right.
 *
 * @param reason - why this is acceptable here; it is kept with every package so accepted
 * @throws {PluginError} `usage-invalid` for an empty reason, `key-invalid`
 */
export function dangerouslyTrustUnsigned(
  reason: string,
  options: { readonly alsoTrust?: readonly (string | PublicKey)[] } = {},
): TrustPolicy {
  if (typeof reason !== "string" || reason.trim() === "") {
    throw new PluginError({
      code: "usage-invalid",
      stage: "configure",
      message: "Cannot trust unsigned packages without a reason: dangerouslyTrustUnsigned needs a text that says why",
    });
  }
  return createPolicy({ keys: (options.alsoTrust ?? []).map(parsedKey), unsignedReason: reason });
}

/**
 * What `policy` says.
 *
 * @throws {PluginError} `usage-invalid` for anything that the factories here did not make
 */
export async function trustRules(policy: TrustPolicy): Promise<TrustRules> {
  const content = contents.get(policy);
  if (content === undefined) {
    throw new PluginError({
      code: "usage-invalid",
      stage: "configure",
      message: "Cannot use the trust policy: it was not made by trustKeys or dangerouslyTrustUnsigned",
    });
  }
  const keys = new Map<string, PublicKey>();
  for (const key of content.keys) keys.set(await key.id(), key);
  return { keys, unsignedReason: content.unsignedReason };
}

function createPolicy(content: PolicyContent): TrustPolicy {
  const policy = Object.freeze({}) as TrustPolicy;
  contents.set(policy, content);
  return policy;
}

function parsedKey(key: string | PublicKey): PublicKey {
  if (typeof key === "string") return parsePublicKey(key);
  // JavaScript callers may pass anything; raw bytes have not been checked.
  if ((key as unknown) instanceof PublicKey) return key;
  throw new PluginError({
    code: "key-invalid",
    stage: "configure",
    message: "Cannot trust the key: give it as text, or as parsePublicKey returned it",
  });
}
