import { toHex } from "./hex.js";

/**
 * SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
 *
 * WebCrypto where it exists (1 ms per MB). A page that is not a secure context has no WebCrypto;
 * there the audited `@noble/hashes` is loaded on first use.
 */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  return toHex(await sha256(bytes));
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  if (globalThis.crypto?.subtle !== undefined) {
    return new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  }
  const noble = await import("@noble/hashes/sha2.js");
  return noble.sha256(bytes);
}
