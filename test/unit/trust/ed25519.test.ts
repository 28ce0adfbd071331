import { generateKeyPairSync, sign as nodeSign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../../src/bytes/hex.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { isStrictPoint } from "../../../src/trust/ed25519-encoding.js";
import {
  generateKeyPair, publicKeyOf, signEd25519, verifyEd25519, verifyWith, type RawVerification,
} from "../../../src/trust/ed25519.js";
import { PublicKey } from "../../../src/trust/public-key.js";
import { expectRefusal } from "../package/package-fixture.js";
import { SeededRandom } from "../package/seeded-random.js";
import { EDGE_VECTORS, SMALL_ORDER_ENCODINGS } from "./edge-vectors.js";
import { RFC_8032_VECTORS } from "./rfc-8032-vectors.js";

const bytes = (hex: string): Uint8Array => {
  const value = fromHex(hex);
  if (value === undefined) throw new Error(`not hexadecimal: ${hex}`);
  return value;
};

async function expectVerdict(vector: RawVerification, expected: boolean): Promise<void> {
  const verdicts = [await verifyWith("webcrypto", vector), await verifyWith("tweetnacl", vector)];
  expect(verdicts).toEqual([expected, expected]);
}

describe("RFC 8032 §7.1", () => {
  test.each(RFC_8032_VECTORS)("$name is signed and verified", async ({ seed, publicKey, message, signature }) => {
    expect(toHex((await publicKeyOf(bytes(seed))).toBytes())).toBe(publicKey);
    expect(toHex(await signEd25519(bytes(seed), bytes(message)))).toBe(signature);
    await expectVerdict({ publicKey: bytes(publicKey), message: bytes(message), signature: bytes(signature) }, true);
  });
});

describe("both engines, behind the same checks, give one verdict", () => {
  test.each(EDGE_VECTORS)("$name: $expected", (vector) => expectVerdict(vector, vector.expected));

  test("every small-order key and R is refused, in every encoding", async () => {
    expect(new Set(SMALL_ORDER_ENCODINGS.map(toHex)).size).toBe(14);
    const message = toUtf8("any");
    for (const point of SMALL_ORDER_ENCODINGS) {
      expect(isStrictPoint(point)).toBe(false);
      await expectRefusal(() => PublicKey.fromBytes(point), "key-invalid");
      for (const other of SMALL_ORDER_ENCODINGS) {
        const signature = new Uint8Array(64);
        signature.set(other);
        await expectVerdict({ publicKey: point, message, signature }, false);
      }
    }
  });

  test("a y of p or more is refused, one below p is not", () => {
    const key = (first: number, last: number) => Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? first : index === 31 ? last : 0xff));
    for (let first = 0xed; first <= 0xff; first += 1) {
      expect([isStrictPoint(key(first, 0x7f)), isStrictPoint(key(first, 0xff))]).toEqual([false, false]);
    }
    expect([isStrictPoint(key(0xeb, 0x7f)), isStrictPoint(key(0xff, 0x7e))]).toEqual([true, true]);
  });

  test("a key that is no point of the curve is refused", async () => {
    const vector = EDGE_VECTORS.find(({ expected }) => expected);
    if (vector === undefined) throw new Error("no vector");
    // About half of these are on the curve and half are not; none has made the signature.
    for (let y = 2; y < 40; y += 1) await expectVerdict({ ...vector, publicKey: Uint8Array.of(y, ...new Uint8Array(31)) }, false);
  });

  test("wrong lengths are refused", async () => {
    const vector = EDGE_VECTORS.at(-1);
    if (vector === undefined) throw new Error("no vector");
    await expectVerdict(vector, true);
    for (const length of [0, 1, 31, 33, 64]) {
      const publicKey = new Uint8Array(length);
      publicKey.set(vector.publicKey.subarray(0, length));
      await expectVerdict({ ...vector, publicKey }, false);
    }
    for (const length of [0, 32, 63, 65, 128]) {
      const signature = new Uint8Array(length);
      signature.set(vector.signature.subarray(0, length));
      await expectVerdict({ ...vector, signature }, false);
    }
  });

  test("fuzz: any change to key, message or signature is refused by both", async () => {
    const random = new SeededRandom(4);
    const seed = new Uint8Array(32).fill(9);
    const publicKey = (await publicKeyOf(seed)).toBytes();
    const message = toUtf8("a message of some length");
    const signature = await signEd25519(seed, message);
    await expectVerdict({ publicKey, message, signature }, true);
    for (let round = 0; round < 150; round += 1) {
      const vector = { publicKey: publicKey.slice(), message: message.slice(), signature: signature.slice() };
      const field = [vector.publicKey, vector.message, vector.signature][round % 3] ?? vector.message;
      const at = random.below(field.length);
      field[at] = (field[at] ?? 0) ^ (1 << random.below(8));
      await expectVerdict(vector, false);
    }
  });
});

describe("keys", () => {
  test("a generated pair signs what verifies, and nothing else", async () => {
    const { seed, publicKey } = await generateKeyPair();
    expect(seed).toHaveLength(32);
    const message = toUtf8("hello");
    const signature = await signEd25519(seed, message);
    expect(await verifyEd25519({ publicKey, message, signature })).toBe(true);
    expect(await verifyEd25519({ publicKey: (await generateKeyPair()).publicKey, message, signature })).toBe(false);
    expect(await verifyEd25519({ publicKey, message: toUtf8("hallo"), signature })).toBe(false);
  });

  test("signatures of another implementation verify", async () => {
    const pair = generateKeyPairSync("ed25519");
    const raw = pair.publicKey.export({ type: "spki", format: "der" }).subarray(12);
    const message = toUtf8("from elsewhere");
    const signature = new Uint8Array(nodeSign(null, message, pair.privateKey));
    await expectVerdict({ publicKey: new Uint8Array(raw), message, signature }, true);
  });

  test("a seed of another length is refused", async () => {
    for (const length of [0, 31, 33, 64]) {
      await expect(signEd25519(new Uint8Array(length), new Uint8Array())).rejects.toThrow(TypeError);
      await expect(publicKeyOf(new Uint8Array(length))).rejects.toThrow(TypeError);
    }
  });
});
