import { PluginError } from "../errors/plugin-error.js";
import { isForeignKeyText, parseOwnKeyText } from "./key-text.js";
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
  /** Texts are keys in a form whose reader is not loaded yet. */
  readonly keys: readonly (string | PublicKey)[];
  readonly unsignedReason: string | undefined;
}

// The content is held here and not in the object, so an object of the same shape is no policy.
const contents = new WeakMap<TrustPolicy, PolicyContent>();

/**
 * Accepts what at least one of `keys` signed, and nothing else. No keys: nothing is accepted.
 *
 * @param keys - parsed keys, or texts: `ed25519:<base64>`, SPKI PEM, JWK or an OpenSSH line. A text that is
 *   none of these is refused here; what is inside PEM, JWK and OpenSSH when the policy is first used.
 * @throws {PluginError} `key-invalid`
 */
export function trustKeys(keys: readonly (string | PublicKey)[]): TrustPolicy {
  return createPolicy({ keys: keys.map(checkedKey), unsignedReason: undefined });
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
  return createPolicy({ keys: (options.alsoTrust ?? []).map(checkedKey), unsignedReason: reason });
}

/**
 * What `policy` says.
 *
 * @throws {PluginError} `usage-invalid` for anything that the factories here did not make; `key-invalid`
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
  for (const given of content.keys) {
    const key = typeof given === "string" ? await readForeignKey(given) : given;
    keys.set(await key.id(), key);
  }
  return { keys, unsignedReason: content.unsignedReason };
}

function createPolicy(content: PolicyContent): TrustPolicy {
  const policy = Object.freeze({}) as TrustPolicy;
  contents.set(policy, content);
  return policy;
}

/** Most apps give keys in our own form: the readers of all others are loaded when one is given. */
async function readForeignKey(text: string): Promise<PublicKey> {
  const { parsePublicKey } = await import("./key-format.js");
  return parsePublicKey(text);
}

function checkedKey(key: string | PublicKey): string | PublicKey {
  if (typeof key === "string") return isForeignKeyText(key) ? key : parseOwnKeyText(key);
  // JavaScript callers may pass anything; raw bytes have not been checked.
  if ((key as unknown) instanceof PublicKey) return key;
  throw new PluginError({
    code: "key-invalid",
    stage: "configure",
    message: "Cannot trust the key: give it as text, or as parsePublicKey returned it",
  });
}
