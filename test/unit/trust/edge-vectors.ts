import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import type { RawVerification } from "../../../src/trust/ed25519.js";

/**
 * Signatures at the edges of Ed25519, made with the conditions of the twelve cases of "Taming the Many
 * EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020, table 6c), and more around them.
 */
export interface EdgeVector extends RawVerification {
  readonly name: string;
  readonly expected: boolean;
}

const { Point } = ed25519;
type EdwardsPoint = InstanceType<typeof Point>;
const L = Point.Fn.ORDER;
const P = 2n ** 255n - 19n;

// A point of order 8 and its multiples: the whole torsion subgroup.
const torsion = Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", true);
export const SMALL_ORDER_POINTS: readonly EdwardsPoint[] = Array.from({ length: 8 }, (_, index) =>
  index === 0 ? Point.ZERO : torsion.multiplyUnsafe(BigInt(index)));

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** Every encoding of a small-order point, canonical or not, whatever its sign bit. */
export const SMALL_ORDER_ENCODINGS: readonly Uint8Array[] = SMALL_ORDER_POINTS.flatMap((point) => {
  const y = point.toAffine().y;
  return [y, y + P].filter((value) => value < 2n ** 255n).flatMap((value) => [value, value + 2n ** 255n]);
}).map(littleEndian);

const join = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const messageAt = (attempt: number) => Uint8Array.from({ length: 32 }, (_, index) => (attempt >> (8 * (index % 4))) & 0xff);

const SECRET = 0x1234567890abcdef1234567890abcdefn;
const NONCE = 0xfedcba0987654321fedcba0987654321n;

interface Case {
  readonly name: string;
  readonly expected: boolean;
  /** Torsion added to the key and to R, as multiples of the point of order 8. */
  readonly keyTorsion: number;
  readonly nonceTorsion: number;
  /** Secrets of zero leave only the torsion. */
  readonly secret?: bigint;
  readonly nonce?: bigint;
  /** Whether S·B = R + k·A holds as it stands, and not only when multiplied by 8. */
  readonly cofactorless: boolean;
  readonly encodedKey?: Uint8Array;
  readonly encodedNonce?: Uint8Array;
  readonly addToS?: bigint;
}

function build(options: Case): EdgeVector {
  const secret = options.secret ?? SECRET;
  const nonce = options.nonce ?? NONCE;
  const multiple = (scalar: bigint) => (scalar === 0n ? Point.ZERO : Point.BASE.multiply(scalar));
  const pointA = multiple(secret).add(SMALL_ORDER_POINTS[options.keyTorsion] ?? Point.ZERO);
  const pointR = multiple(nonce).add(SMALL_ORDER_POINTS[options.nonceTorsion] ?? Point.ZERO);
  const publicKey = options.encodedKey ?? pointA.toBytes();
  const r = options.encodedNonce ?? pointR.toBytes();
  // Tries messages until the challenge k makes the equation hold, or fail, as the case wants.
  for (let attempt = 0; attempt < 10_000; attempt += 1) {
    const message = messageAt(attempt);
    const k = toBigInt(sha512(join(r, publicKey, message))) % L;
    const s = (nonce + k * secret) % L;
    const holds = multiple(s).equals(pointR.add(pointA.multiplyUnsafe(k)));
    if (holds !== options.cofactorless) continue;
    const signature = join(r, littleEndian(s + (options.addToS ?? 0n)));
    return { name: options.name, expected: options.expected, publicKey, message, signature };
  }
  throw new Error(`no message fits "${options.name}"`);
}

const nonCanonicalOrder2 = littleEndian(P - 1n + 2n ** 255n);
const nonCanonicalZero = littleEndian(P);

const CASES: readonly Case[] = [
  { name: "0: S = 0, A and R of small order", secret: 0n, nonce: 0n, keyTorsion: 1, nonceTorsion: 1, cofactorless: true, expected: false },
  { name: "1: A of small order, R mixed", secret: 0n, keyTorsion: 1, nonceTorsion: 1, cofactorless: true, expected: false },
  { name: "2: A mixed, R of small order", nonce: 0n, keyTorsion: 1, nonceTorsion: 1, cofactorless: true, expected: false },
  { name: "3: A and R mixed, the equation holds", keyTorsion: 1, nonceTorsion: 1, cofactorless: true, expected: true },
  { name: "4: A and R mixed, it holds only times 8", keyTorsion: 1, nonceTorsion: 1, cofactorless: false, expected: false },
  { name: "5: A mixed, R of prime order, it holds only times 8", keyTorsion: 1, nonceTorsion: 0, cofactorless: false, expected: false },
  { name: "6: S above L", keyTorsion: 0, nonceTorsion: 0, cofactorless: true, addToS: L, expected: false },
  { name: "7: S far above L", keyTorsion: 0, nonceTorsion: 0, cofactorless: true, addToS: L * 8n, expected: false },
  { name: "8: R non-canonical and of small order, it holds only times 8", nonce: 0n, keyTorsion: 1, nonceTorsion: 4, cofactorless: false, encodedNonce: nonCanonicalOrder2, expected: false },
  { name: "9: R non-canonical and of small order", nonce: 0n, keyTorsion: 1, nonceTorsion: 4, cofactorless: true, encodedNonce: nonCanonicalOrder2, expected: false },
  { name: "10: A non-canonical and of small order, it holds only times 8", secret: 0n, keyTorsion: 4, nonceTorsion: 0, cofactorless: false, encodedKey: nonCanonicalOrder2, expected: false },
  { name: "11: A non-canonical and of small order", secret: 0n, keyTorsion: 4, nonceTorsion: 0, cofactorless: true, encodedKey: nonCanonicalOrder2, expected: false },
  { name: "A mixed, the equation holds", keyTorsion: 1, nonceTorsion: 0, cofactorless: true, expected: true },
  { name: "R mixed, it holds only times 8", keyTorsion: 0, nonceTorsion: 1, cofactorless: false, expected: false },
  { name: "A of y = p", secret: 0n, keyTorsion: 2, nonceTorsion: 0, cofactorless: true, encodedKey: nonCanonicalZero, expected: false },
  { name: "A and R of prime order", keyTorsion: 0, nonceTorsion: 0, cofactorless: true, expected: true },
];

export const EDGE_VECTORS: readonly EdgeVector[] = CASES.map(build);
