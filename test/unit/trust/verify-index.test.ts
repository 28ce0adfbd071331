import { beforeAll, describe, expect, test } from "vitest";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { encodeIndex, type RegistryIndex } from "../../../src/package/registry-index.js";
import { publicKeyOf } from "../../../src/trust/ed25519.js";
import { signIndex, signManifest } from "../../../src/trust/signature-envelope.js";
import { dangerouslyTrustUnsigned, trustKeys, type TrustPolicy } from "../../../src/trust/trust-policy.js";
import { verifyIndex, type IndexVerification } from "../../../src/trust/verify-index.js";
import { expectRefusal, outcome, refusal } from "../package/package-fixture.js";

const index: RegistryIndex = {
  schema: 1,
  sequence: 5,
  expires: "2027-01-31T00:00:00.000Z",
  plugins: [{ id: "acme.blur", version: "1.0.0", path: "plugins/acme.blur/1.0.0", manifestSha256: "a".repeat(64) }],
};
const seed = new Uint8Array(32).fill(1);
const indexBytes = encodeIndex(index);
let signatureBytes: Uint8Array;
let policy: TrustPolicy;

beforeAll(async () => {
  signatureBytes = await signIndex(indexBytes, [seed]);
  policy = trustKeys([await publicKeyOf(seed)]);
});

const verify = (changes: Partial<IndexVerification> = {}) => verifyIndex({
  indexBytes, signatureBytes, policy, now: new Date("2027-01-01"), lastSequence: undefined, limits: DEFAULT_LIMITS, ...changes,
});

describe("verifyIndex()", () => {
  test("accepts a signed, current index, and its own sequence number again", async () => {
    for (const lastSequence of [undefined, 0, 4, 5]) {
      expect(await verify({ lastSequence })).toMatchObject({ index, rejected: [], trust: { kind: "signed" } });
    }
  });

  test("refuses an older sequence number than was seen", async () => {
    expect(await refusal(() => verify({ lastSequence: 6 }), "index-rollback")).toContain("5, and 6 was seen");
  });

  test("refuses an expired index, from the very moment", async () => {
    const expiry = Date.parse(index.expires);
    expect((await verify({ now: new Date(expiry - 1) })).index.sequence).toBe(5);
    expect(await refusal(() => verify({ now: new Date(expiry) }), "index-expired")).toContain(index.expires);
    await expectRefusal(() => verify({ now: new Date(Number.NaN) }), "index-expired");
  });

  test("refuses by the same signature rules as a package", async () => {
    await expectRefusal(() => verify({ signatureBytes: null }), "signature-missing");
    await expectRefusal(() => verify({ signatureBytes: toUtf8("{}") }), "signature-invalid");
    await expectRefusal(() => verify({ policy: trustKeys([]) }), "key-untrusted");
    await expectRefusal(async () => verify({ signatureBytes: await signManifest(indexBytes, [seed]) }), "signature-invalid");
    const unsigned = dangerouslyTrustUnsigned("a local registry");
    expect((await verify({ signatureBytes: null, policy: unsigned })).trust).toEqual({ kind: "unsigned", reason: "a local registry" });
    await expectRefusal(() => verify({ signatureBytes: null, policy: unsigned, lastSequence: 6 }), "index-rollback");
  });

  test("checks the signature before it reads the content", async () => {
    await expectRefusal(() => verify({ indexBytes: toUtf8("not an index") }), "signature-invalid");
    const broken = toUtf8("not an index");
    await expectRefusal(async () => verify({ indexBytes: broken, signatureBytes: await signIndex(broken, [seed]) }), "index-invalid");
  });

  test("refuses any single changed byte of index and signature", async () => {
    for (const name of ["indexBytes", "signatureBytes"] as const) {
      const bytes = name === "indexBytes" ? indexBytes : signatureBytes;
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = bytes.map((byte, position) => (position === at ? byte ^ 1 : byte));
        expect(["signature-invalid", "key-untrusted"]).toContain(await outcome(() => verify({ [name]: changed })));
      }
    }
  });
});
