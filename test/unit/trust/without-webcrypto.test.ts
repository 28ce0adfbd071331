import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fromHex, toHex } from "../../../src/bytes/hex.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { RFC_8032_VECTORS } from "./rfc-8032-vectors.js";

const realCrypto = globalThis.crypto;

beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllGlobals());

// A page that is no secure context has a `crypto` without `subtle`; older engines have one without Ed25519.
test.each<[string, object]>([
  ["no WebCrypto", {}],
  ["WebCrypto without Ed25519", {
    subtle: { importKey: () => Promise.reject(new Error("Unrecognized name")), digest: realCrypto.subtle.digest.bind(realCrypto.subtle) },
  }],
  ["WebCrypto whose Ed25519 accepts anything", {
    subtle: { importKey: async () => ({}), verify: async () => true, digest: realCrypto.subtle.digest.bind(realCrypto.subtle) },
  }],
])("with %s, keys, signatures and verdicts are the same", async (_what, crypto) => {
  vi.stubGlobal("crypto", { ...crypto, getRandomValues: realCrypto.getRandomValues.bind(realCrypto) });
  const { generateKeyPair, publicKeyOf, signEd25519, verifyEd25519 } = await import("../../../src/trust/ed25519.js");
  for (const vector of RFC_8032_VECTORS) {
    const [seed, message] = [fromHex(vector.seed), fromHex(vector.message)];
    if (seed === undefined || message === undefined) throw new Error("not hexadecimal");
    const signature = await signEd25519(seed, message);
    expect(toHex(signature)).toBe(vector.signature);
    const publicKey = await publicKeyOf(seed);
    expect(await verifyEd25519({ publicKey, message, signature })).toBe(true);
    expect(await verifyEd25519({ publicKey, message: toUtf8("other"), signature })).toBe(false);
  }
  const { seed, publicKey } = await generateKeyPair();
  const signature = await signEd25519(seed, toUtf8("x"));
  expect(await verifyEd25519({ publicKey, message: toUtf8("x"), signature })).toBe(true);
  expect(await publicKey.id()).toMatch(/^[0-9a-f]{16}$/);
});
