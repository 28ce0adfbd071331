import { fromHex, toHex } from "../bytes/hex.js";
import { PluginError } from "../errors/plugin-error.js";
import { KEY_LENGTH } from "./ed25519-encoding.js";
import { readPem, writePem } from "./pem.js";

// RFC 8410 §7: PrivateKeyInfo version 0, algorithm 1.3.101.112, an OCTET STRING inside an OCTET STRING.
const PKCS8_PREFIX = "302e020100300506032b657004220420";

const LABEL = "PRIVATE KEY";

/**
 * Reads an unencrypted PKCS#8 PEM Ed25519 key, as `openssl genpkey -algorithm ed25519` writes it.
 * No error repeats any part of the text.
 *
 * @returns the 32-byte seed
 * @throws {PluginError} `key-invalid`
 */
export function parseSecretKey(text: string): Uint8Array {
  const pem = readPem(text);
  if (pem === undefined) throw invalid("it is not a PEM file");
  if (pem.label === "ENCRYPTED PRIVATE KEY") {
    throw invalid("it is encrypted; decrypt it first with `openssl pkey -in key.pem -out plain.pem`");
  }
  if (pem.label !== LABEL) throw invalid(`its PEM block is not a "${LABEL}"`);
  const prefixLength = PKCS8_PREFIX.length / 2;
  if (pem.bytes.length !== prefixLength + KEY_LENGTH || toHex(pem.bytes.subarray(0, prefixLength)) !== PKCS8_PREFIX) {
    throw invalid("it is not an Ed25519 key in PKCS#8 version 1; make one with `portcullis keygen`");
  }
  return pem.bytes.slice(prefixLength);
}

/** Writes a 32-byte seed as PKCS#8 PEM, which `openssl pkey` reads. */
export function formatSecretKey(seed: Uint8Array): string {
  return writePem(LABEL, seedToPkcs8(seed));
}

/**
 * A 32-byte seed as PKCS#8 DER.
 *
 * @throws {TypeError} for a seed of another length
 */
export function seedToPkcs8(seed: Uint8Array): Uint8Array {
  if (seed.length !== KEY_LENGTH) throw new TypeError(`Cannot use the secret key: it has ${seed.length} bytes, not ${KEY_LENGTH}`);
  const prefix = fromHex(PKCS8_PREFIX) ?? new Uint8Array();
  const bytes = new Uint8Array(prefix.length + KEY_LENGTH);
  bytes.set(prefix);
  bytes.set(seed, prefix.length);
  return bytes;
}

function invalid(reason: string): PluginError {
  return new PluginError({ code: "key-invalid", stage: "configure", message: `Cannot read the secret key: ${reason}` });
}
