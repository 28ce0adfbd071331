import { beforeAll, describe, expect, test } from "vitest";
import { canonicalJson } from "../../../src/bytes/canonical-json.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { PluginPackage } from "../../../src/package/plugin-package.js";
import { publicKeyOf } from "../../../src/trust/ed25519.js";
import { formatPublicKey, type PublicKey } from "../../../src/trust/key-format.js";
import { parseEnvelope, signIndex, signManifest } from "../../../src/trust/signature-envelope.js";
import { dangerouslyTrustUnsigned, trustKeys, type TrustPolicy } from "../../../src/trust/trust-policy.js";
import { verifyPackage, VerifiedPackage } from "../../../src/trust/verify-package.js";
import { buildPackage, expectRefusal, outcome, readComponentFixture, refusal } from "../package/package-fixture.js";

const seeds = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2), new Uint8Array(32).fill(3)] as const;
let keys: PublicKey[];
let ids: string[];
let files: Map<string, Uint8Array>;
let manifestBytes: Uint8Array;

beforeAll(async () => {
  keys = await Promise.all(seeds.map(publicKeyOf));
  ids = await Promise.all(keys.map((key) => key.id()));
  ({ files } = await buildPackage());
  manifestBytes = files.get("manifest.json") ?? new Uint8Array();
});

const key = (index: number): PublicKey => {
  const found = keys[index];
  if (found === undefined) throw new Error(`no key ${index}`);
  return found;
};

async function open(signatureBytes: Uint8Array | null): Promise<PluginPackage> {
  const all = new Map(files);
  if (signatureBytes !== null) all.set("manifest.sig", signatureBytes);
  return PluginPackage.fromArchive(all, "sample", DEFAULT_LIMITS);
}

const verify = async (signatureBytes: Uint8Array | null, policy: TrustPolicy) => (await verifyPackage(await open(signatureBytes), policy)).trust;

/** The envelope of `bytes`, each of its signatures moved under the key id of the other key. */
async function crossed(): Promise<Uint8Array> {
  const [first, second] = parseEnvelope(await signManifest(manifestBytes, seeds.slice(0, 2))).signatures;
  if (first === undefined || second === undefined) throw new Error("two signatures expected");
  return toUtf8(canonicalJson({ schema: 1, signatures: [{ ...first, value: second.value }, { ...second, value: first.value }] }));
}

describe("verifyPackage() with trustKeys()", () => {
  test("accepts a signature by a trusted key, given as text or parsed", async () => {
    const signature = await signManifest(manifestBytes, [seeds[0]]);
    for (const policy of [trustKeys([key(0)]), trustKeys([formatPublicKey(key(0))]), trustKeys([key(2), key(0), key(0)])]) {
      expect(await verify(signature, policy)).toEqual({ kind: "signed", keyIds: [ids[0]], publisher: ids[0] });
    }
  });

  test("names every trusted key that signed, and ignores unknown ones", async () => {
    const signature = await signManifest(manifestBytes, seeds);
    expect(await verify(signature, trustKeys([key(0), key(1)]))).toEqual({ kind: "signed", keyIds: [ids[0] ?? "", ids[1] ?? ""].sort(), publisher: ids[0] });
  });

  test("the publisher is the first of the app's keys that signed, however many others did", async () => {
    const [one, both] = [await signManifest(manifestBytes, [seeds[1]]), await signManifest(manifestBytes, seeds)];
    for (const signature of [one, both]) {
      expect(await verify(signature, trustKeys([key(1), key(0)]))).toMatchObject({ publisher: ids[1] });
    }
    expect(await verify(both, trustKeys([key(0), key(1)]))).toMatchObject({ publisher: ids[0] });
    expect(await verify(both, trustKeys([key(1)]))).toMatchObject({ publisher: ids[1] });
  });

  test("refuses no signature, naming what to do", async () => {
    expect(await refusal(() => verify(null, trustKeys([key(0)])), "signature-missing")).toContain("acme.sample 1.2.3: it is not signed");
  });

  test("refuses only unknown keys, naming both sides", async () => {
    const message = await refusal(async () => verify(await signManifest(manifestBytes, [seeds[1]]), trustKeys([key(0)])), "key-untrusted");
    expect(message).toContain(`signed by ${ids[1]}; trusted: ${ids[0]}`);
    expect(await refusal(async () => verify(await signManifest(manifestBytes, [seeds[1]]), trustKeys([])), "key-untrusted")).toContain("trusted: none");
  });

  test("refuses a wrong signature by a trusted key, even beside a right one", async () => {
    const other = await signManifest(toUtf8("other"), [seeds[0]]);
    await expectRefusal(() => verify(other, trustKeys([key(0)])), "signature-invalid");
    const [wrong] = parseEnvelope(other).signatures;
    const [right] = parseEnvelope(await signManifest(manifestBytes, [seeds[1]])).signatures;
    if (wrong === undefined || right === undefined) throw new Error("signatures expected");
    const signatures = [wrong, right].sort((a, b) => (a.keyId < b.keyId ? -1 : 1)).map((signature) => ({ ...signature }));
    const mixed = toUtf8(canonicalJson({ schema: 1, signatures }));
    await expectRefusal(() => verify(mixed, trustKeys([key(0), key(1)])), "signature-invalid");
    expect(await verify(mixed, trustKeys([key(1)]))).toEqual({ kind: "signed", keyIds: [ids[1]], publisher: ids[1] });
  });

  test("refuses signatures under each other's key ids", async () => {
    const bytes = await crossed();
    await expectRefusal(() => verify(bytes, trustKeys([key(0), key(1)])), "signature-invalid");
    await expectRefusal(() => verify(bytes, trustKeys([key(0)])), "signature-invalid");
  });

  test("refuses a signature over the same bytes as an index, and over the bytes alone", async () => {
    await expectRefusal(async () => verify(await signIndex(manifestBytes, [seeds[0]]), trustKeys([key(0)])), "signature-invalid");
  });

  test("refuses a signature file that cannot be read, empty ones included", async () => {
    for (const bytes of [new Uint8Array(0), toUtf8("{}"), new Uint8Array(64), toUtf8('{"schema":1,"signatures":[]}')]) {
      await expectRefusal(() => verify(bytes, trustKeys([key(0)])), "signature-invalid");
    }
  });
});

describe("verifyPackage() with dangerouslyTrustUnsigned()", () => {
  test("accepts unsigned packages, bare components and unknown keys, and keeps the reason", async () => {
    const policy = dangerouslyTrustUnsigned("local development");
    const unsigned = { kind: "unsigned", reason: "local development" };
    expect(await verify(null, policy)).toEqual(unsigned);
    expect(await verify(await signManifest(manifestBytes, [seeds[0]]), policy)).toEqual(unsigned);
    const bare = await PluginPackage.fromComponent(await readComponentFixture(), { id: "a.b", origin: "x" }, DEFAULT_LIMITS);
    expect((await verifyPackage(bare, policy)).trust).toEqual(unsigned);
    await expectRefusal(() => verifyPackage(bare, trustKeys([key(0)])), "signature-missing");
  });

  test("a key that is also trusted still counts, and must still be right", async () => {
    const policy = dangerouslyTrustUnsigned("local development", { alsoTrust: [key(0)] });
    expect(await verify(await signManifest(manifestBytes, [seeds[0]]), policy)).toEqual({ kind: "signed", keyIds: [ids[0]], publisher: ids[0] });
    await expectRefusal(async () => verify(await signManifest(toUtf8("other"), [seeds[0]]), policy), "signature-invalid");
    await expectRefusal(() => verify(toUtf8("not an envelope"), policy), "signature-invalid");
  });

  test("needs a reason", async () => {
    for (const reason of ["", "  ", undefined, 1]) {
      await expectRefusal(() => Reflect.apply(dangerouslyTrustUnsigned, undefined, [reason]), "usage-invalid");
    }
  });
});

describe("stages", () => {
  test("skipping one does not compile", () => {
    const neverCalled = (source: PluginPackage): unknown => [
      // @ts-expect-error a package is verified by verifyPackage only
      new VerifiedPackage(source, { kind: "signed", keyIds: [], publisher: "" }),
      // @ts-expect-error a package is opened by its factories only
      new PluginPackage({}, DEFAULT_LIMITS),
      // @ts-expect-error raw bytes are not a parsed key
      trustKeys([new Uint8Array(32)]),
      // @ts-expect-error an object is not a policy
      verifyPackage(source, {}),
    ];
    expect(neverCalled).toBeTypeOf("function");
  });

  test("a policy of the right shape that nobody made is refused", async () => {
    for (const policy of [{}, { keys: [], unsignedReason: "x" }, { ...trustKeys([key(0)]) }]) {
      await expectRefusal(() => verify(null, policy as TrustPolicy), "usage-invalid");
    }
  });

  test("a VerifiedPackage cannot be constructed elsewhere, nor changed", async () => {
    const source = await open(null);
    expect((): unknown => Reflect.construct(VerifiedPackage, [Symbol("VerifiedPackage"), source, { kind: "signed", keyIds: [], publisher: "" }])).toThrow(TypeError);
    const verified = await verifyPackage(source, dangerouslyTrustUnsigned("test"));
    expect(Reflect.set(verified, "trust", { kind: "signed", keyIds: [], publisher: "" })).toBe(false);
  });

  test("trustKeys takes keys in PEM, as JWK and of OpenSSH, and refuses malformed ones at the first use", async () => {
    const raw = key(0).toBytes();
    const base64 = (bytes: Iterable<number>) => Buffer.from([...bytes]).toString("base64");
    const spki = base64([...Buffer.from("302a300506032b6570032100", "hex"), ...raw]);
    const openssh = base64([0, 0, 0, 11, ...Buffer.from("ssh-ed25519"), 0, 0, 0, 32, ...raw]);
    const x = Buffer.from(raw).toString("base64url");
    const texts = [
      `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`,
      JSON.stringify({ kty: "OKP", crv: "Ed25519", x }),
      `ssh-ed25519 ${openssh} someone`,
    ];
    const signature = await signManifest(manifestBytes, [seeds[0]]);
    for (const text of texts) {
      expect(await verify(signature, trustKeys([text]))).toEqual({ kind: "signed", keyIds: [ids[0]], publisher: ids[0] });
      const malformed = text.replace(/[A-Za-z0-9]{8}(?=[^A-Za-z0-9]*(?:-----END|"\}|\ssomeone))/, "");
      expect(malformed).not.toBe(text);
      await expectRefusal(() => verify(signature, trustKeys([key(0), malformed])), "key-invalid");
      await expectRefusal(() => verify(null, dangerouslyTrustUnsigned("test", { alsoTrust: [malformed] })), "key-invalid");
    }
    const secret = JSON.stringify({ kty: "OKP", crv: "Ed25519", x, d: base64(seeds[0]) });
    expect(await refusal(() => verify(signature, trustKeys([secret])), "key-invalid")).toContain("secret key");
  });

  test("trustKeys refuses what is no key when the policy is made", async () => {
    for (const text of ["", "AAAA", "ssh-rsa AAAA", `${formatPublicKey(key(0))}A`, `-----BEGIN ${"x".repeat(5000)}`]) {
      expect(() => trustKeys([text])).toThrow("Cannot read the public key");
    }
    await expectRefusal(() => trustKeys(["ed25519:AAAA"]), "key-invalid");
    for (const wrong of [key(0).toBytes(), {}, null, 1]) {
      await expectRefusal(() => Reflect.apply(trustKeys, undefined, [[wrong]]), "key-invalid");
    }
  });
});

test("any single changed byte of any file of a signed package is refused", async () => {
  const policy = trustKeys([key(0)]);
  const signed = new Map([...files, ["manifest.sig", await signManifest(manifestBytes, [seeds[0]])]]);
  const codes = new Map<string, Set<string | undefined>>();
  for (const [path, bytes] of signed) {
    const seen = new Set<string | undefined>();
    codes.set(path, seen);
    for (let at = 0; at < bytes.length; at += 1) {
      for (const change of [0x01, 0x20, 0x80]) {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ change;
        const altered = new Map([...signed, [path, changed]]);
        seen.add(await outcome(async () => verifyPackage(await PluginPackage.fromArchive(altered, "sample", DEFAULT_LIMITS), policy)));
      }
    }
  }
  const expected = new Set(["manifest-invalid", "protocol-unsupported", "package-invalid", "package-too-large", "digest-mismatch", "signature-invalid"]);
  const { "manifest.json": manifest, "manifest.sig": signature, ...others } = Object.fromEntries(codes);
  expect([...(manifest ?? [])].filter((code) => code === undefined || !expected.has(code))).toEqual([]);
  expect(signature).toEqual(new Set(["key-untrusted", "signature-invalid"]));
  expect(Object.keys(others)).toHaveLength(3);
  for (const seen of Object.values(others)) expect([...seen]).toEqual(["digest-mismatch"]);
});

test("any single changed byte of a file that is fetched later is refused when it is read", async () => {
  const policy = trustKeys([key(0)]);
  const signatureBytes = await signManifest(manifestBytes, [seeds[0]]);
  let disturb: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  const source = () => PluginPackage.open({
    origin: "https://example.com/",
    manifestBytes,
    signatureBytes,
    readFile: async (path) => disturb(files.get(path) ?? new Uint8Array()),
  }, DEFAULT_LIMITS);
  const verified = await verifyPackage(source(), policy);
  for (const { path, size } of verified.package.manifest.files) {
    disturb = (bytes) => bytes;
    expect(await verified.package.readFile(path)).toHaveLength(size);
    for (let at = 0; at < size; at += 7) {
      disturb = (bytes) => bytes.map((byte, index) => (index === at ? byte ^ 0x10 : byte));
      await expectRefusal(() => source().readFile(path), "digest-mismatch");
    }
  }
});
