import { fromBase64, toBase64 } from "../bytes/base64.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { toUtf8 } from "../bytes/utf8.js";
import type { PluginError } from "../errors/plugin-error.js";
import { KEY_LENGTH } from "./ed25519-encoding.js";
import { invalidKey, isForeignKeyText, KEY_PREFIX, notAKey, parseOwnKeyText } from "./key-text.js";
import { readPem } from "./pem.js";
import { PublicKey } from "./public-key.js";

export { PublicKey } from "./public-key.js";
export { formatSecretKey, parseSecretKey } from "./secret-key.js";

const OPENSSH = "ssh-ed25519";
// RFC 8410 §4: SubjectPublicKeyInfo with algorithm 1.3.101.112, before the 32 bytes of the key.
const SPKI_PREFIX = "302a300506032b6570032100";

/**
 * Reads a public key in any of the forms that people have: `ed25519:<base64>`, SPKI PEM
 * (`openssl pkey -pubout`), JWK (`{"kty":"OKP","crv":"Ed25519","x":…}`) or an OpenSSH line
 * (`ssh-ed25519 AAAA… comment`). No error repeats any part of the text: it may be a secret key.
 *
 * @throws {PluginError} `key-invalid`
 */
export function parsePublicKey(text: string): PublicKey {
  if (!isForeignKeyText(text)) return parseOwnKeyText(text);
  const bytes = readForeignKey(text.trim());
  if (bytes?.length !== KEY_LENGTH) throw notAKey();
  return PublicKey.fromBytes(bytes);
}

/** `key` as `ed25519:<base64>`, the form that Portcullis stores and prints. */
export function formatPublicKey(key: PublicKey): string {
  return KEY_PREFIX + toBase64(key.toBytes());
}

/** The short name of a key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes. */
export function keyId(key: PublicKey): Promise<string> {
  return key.id();
}

function readForeignKey(text: string): Uint8Array | undefined {
  if (text.startsWith("-")) return readSpki(text);
  return text.startsWith("{") ? readJwk(text) : readOpenSsh(text);
}

function readSpki(text: string): Uint8Array | undefined {
  if (/^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw secretGiven();
  const pem = readPem(text);
  const prefixLength = SPKI_PREFIX.length / 2;
  if (pem?.label !== "PUBLIC KEY" || toHex(pem.bytes.subarray(0, prefixLength)) !== SPKI_PREFIX) return undefined;
  return pem.bytes.slice(prefixLength);
}

// RFC 8037 §2.
function readJwk(text: string): Uint8Array | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const members = new Map<string, unknown>(Object.entries(value));
  if (members.has("d")) throw secretGiven();
  const x = members.get("x");
  if (members.get("kty") !== "OKP" || members.get("crv") !== "Ed25519" || typeof x !== "string") return undefined;
  if (!/^[A-Za-z0-9_-]{43}$/.test(x)) return undefined;
  return fromBase64(`${x.replaceAll("-", "+").replaceAll("_", "/")}=`);
}

// RFC 8709 §4: two strings, each after its length in four big-endian bytes.
function readOpenSsh(text: string): Uint8Array | undefined {
  const blob = fromBase64(text.split(/\s+/)[1] ?? "");
  const header = `0000000b${toHex(toUtf8(OPENSSH))}00000020`;
  const headerBytes = fromHex(header);
  if (blob === undefined || headerBytes === undefined) return undefined;
  if (toHex(blob.subarray(0, headerBytes.length)) !== header) return undefined;
  return blob.slice(headerBytes.length);
}

function secretGiven(): PluginError {
  return invalidKey("it is a secret key; give the public one, and treat the secret as seen");
}
