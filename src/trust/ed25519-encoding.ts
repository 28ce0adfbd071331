import { toHex } from "../bytes/hex.js";

/** Ed25519's group order L (RFC 8032 §5.1). */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

// The points of order 1, 2, 4 and 8 by their y coordinate, little-endian. Each stands for both signs
// of x, which covers all eight points and the two malformed spellings of x = 0 with the sign bit set.
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
]);

/** Length of a public key, a secret seed, and of each half of a signature, in bytes. */
export const KEY_LENGTH = 32;
/** Length of a signature in bytes. */
export const SIGNATURE_LENGTH = 64;

/**
 * Tells whether `bytes` may be a public key or a signature's R: 32 bytes, y below the field's prime
 * (RFC 8032 §5.1.3 step 1), and not of small order, for which one signature would fit many messages.
 * Whether the point is on the curve is left to the engine: there all agree.
 */
export function isStrictPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== KEY_LENGTH) return false;
  const y = bytes.slice();
  y[31] = (y[31] ?? 0) & 0x7f;
  const isCanonical = (y[0] ?? 0) < 0xed || y[31] !== 0x7f || y.subarray(1, 31).some((byte) => byte !== 0xff);
  return isCanonical && !SMALL_ORDER_Y.has(toHex(y));
}

/** Tells whether `bytes` may be a signature: 64 bytes, R strict, S below L (RFC 8032 §5.1.7 step 1). */
export function isStrictSignature(bytes: Uint8Array): boolean {
  if (bytes.length !== SIGNATURE_LENGTH) return false;
  // A larger S that is equal modulo L would be a second signature for the same message.
  return isStrictPoint(bytes.subarray(0, KEY_LENGTH)) && littleEndian(bytes.subarray(KEY_LENGTH)) < GROUP_ORDER;
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.slice().reverse())}`);
}
