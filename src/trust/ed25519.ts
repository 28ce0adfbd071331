import { fromHex } from "../bytes/hex.js";
import { isStrictPoint, isStrictSignature, KEY_LENGTH } from "./ed25519-encoding.js";
import { PublicKey } from "./public-key.js";

/** What computes: the platform, or tweetnacl where the platform has no Ed25519 (or no secure context). */
export type Ed25519Engine = "webcrypto" | "tweetnacl";

/** A signature to verify, in raw bytes. */
export interface RawVerification {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

let chosenEngine: Promise<Ed25519Engine> | undefined;

/**
 * Verifies an Ed25519 signature (RFC 8032, without prehash): the cofactorless equation, with every
 * malleable, non-canonical or small-order input refused before an engine sees it, because engines
 * disagree about exactly those. All engines therefore give one verdict.
 */
export async function verifyEd25519(
  verification: { readonly publicKey: PublicKey; readonly message: Uint8Array; readonly signature: Uint8Array },
): Promise<boolean> {
  const { publicKey, message, signature } = verification;
  return verifyWith(await selectEngine(), { publicKey: publicKey.toBytes(), message, signature });
}

/** Verifies on a given engine, from raw bytes. For comparing engines; use {@link verifyEd25519}. */
export async function verifyWith(engine: Ed25519Engine, verification: RawVerification): Promise<boolean> {
  if (!isStrictPoint(verification.publicKey) || !isStrictSignature(verification.signature)) return false;
  return engine === "webcrypto" ? verifyOnPlatform(verification) : verifyInScript(verification);
}

async function verifyOnPlatform({ publicKey, message, signature }: RawVerification): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", buffer(publicKey), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, buffer(signature), buffer(message));
  } catch {
    // No WebCrypto here, no Ed25519 in it, or a key that is no point of the curve, for which some engines throw.
    return false;
  }
}

async function verifyInScript({ publicKey, message, signature }: RawVerification): Promise<boolean> {
  const nacl = await loadTweetnacl();
  return nacl.sign.detached.verify(message, signature, publicKey);
}

/**
 * Signs `message` with a 32-byte secret seed. The same seed and message always give the same signature.
 *
 * @throws {TypeError} for a seed of another length
 */
export async function signEd25519(seed: Uint8Array, message: Uint8Array): Promise<Uint8Array> {
  if ((await selectEngine()) === "webcrypto") {
    const { seedToPkcs8 } = await import("./secret-key.js");
    const key = await crypto.subtle.importKey("pkcs8", buffer(seedToPkcs8(seed)), "Ed25519", false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("Ed25519", key, buffer(message)));
  }
  const nacl = await loadTweetnacl();
  return nacl.sign.detached(message, nacl.sign.keyPair.fromSeed(checkedSeed(seed)).secretKey);
}

/** The public key that belongs to a 32-byte secret seed. */
export async function publicKeyOf(seed: Uint8Array): Promise<PublicKey> {
  // WebCrypto gives no public key for a private one, short of exporting both as JWK.
  const nacl = await loadTweetnacl();
  return PublicKey.fromBytes(nacl.sign.keyPair.fromSeed(checkedSeed(seed)).publicKey);
}

/** A new key pair from the platform's randomness: the secret as its 32-byte seed. */
export async function generateKeyPair(): Promise<{ seed: Uint8Array; publicKey: PublicKey }> {
  const seed = crypto.getRandomValues(new Uint8Array(KEY_LENGTH));
  return { seed, publicKey: await publicKeyOf(seed) };
}

// tweetnacl wants exactly its own realm's Uint8Array, which a subclass such as Node's Buffer also is.
function checkedSeed(seed: Uint8Array): Uint8Array {
  if (seed.length !== KEY_LENGTH) throw new TypeError(`Cannot use the secret key: it has ${seed.length} bytes, not ${KEY_LENGTH}`);
  return seed;
}

function selectEngine(): Promise<Ed25519Engine> {
  return (chosenEngine ??= probePlatform());
}

// RFC 8032 §7.1, test 2.
const PROBE = {
  publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
  message: "72",
  signature:
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
};

async function probePlatform(): Promise<Ed25519Engine> {
  const [publicKey, message, signature] = [PROBE.publicKey, PROBE.message, PROBE.signature].map(fromHex);
  if (!publicKey || !message || !signature) return "tweetnacl";
  const accepts = await verifyOnPlatform({ publicKey, message, signature });
  const refuses = !(await verifyOnPlatform({ publicKey, message: publicKey, signature }));
  return accepts && refuses ? "webcrypto" : "tweetnacl";
}

async function loadTweetnacl() {
  return (await import("./ed25519-script.js")).tweetnacl;
}

// WebCrypto's types exclude shared memory; nothing here is shared.
function buffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
