const BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/** FNV-1a with 64 bits, which fidius hashes interfaces with. It tells accidents apart, and protects from nobody. */
export function fnv1a64(bytes: Uint8Array): bigint {
  let hash = BASIS;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME);
  return hash;
}
