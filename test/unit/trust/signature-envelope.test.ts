import { beforeAll, describe, expect, test } from "vitest";
import { toBase64 } from "../../../src/bytes/base64.js";
import { canonicalJson, type JsonValue } from "../../../src/bytes/canonical-json.js";
import { fromUtf8, toUtf8 } from "../../../src/bytes/utf8.js";
import {
  addSignature, encodeEnvelope, parseEnvelope, signedMessage, signIndex, signManifest, type SignatureEnvelope,
} from "../../../src/trust/signature-envelope.js";
import { expectRefusal, outcome } from "../package/package-fixture.js";
import { SeededRandom } from "../package/seeded-random.js";

const manifest = toUtf8('{"id":"acme.sample"}');
const seeds = [1, 2, 3].map((value) => new Uint8Array(32).fill(value));
let bytes: Uint8Array;
let envelope: SignatureEnvelope;

beforeAll(async () => {
  bytes = await signManifest(manifest, seeds);
  envelope = parseEnvelope(bytes);
});

const parse = (value: unknown) => parseEnvelope(toUtf8(canonicalJson(value as JsonValue)));

describe("parseEnvelope()", () => {
  test("reads what signManifest wrote, sorted by key id", () => {
    expect(envelope.signatures).toHaveLength(3);
    expect(envelope.signatures.map(({ keyId }) => keyId)).toEqual(envelope.signatures.map(({ keyId }) => keyId).sort());
    expect(encodeEnvelope(envelope)).toEqual(bytes);
  });

  test.each<[string, (envelope: SignatureEnvelope) => unknown]>([
    ["another schema", (value) => ({ ...value, schema: 2 })],
    ["an unknown member", (value) => ({ ...value, note: "x" })],
    ["no signatures", (value) => ({ ...value, signatures: [] })],
    ["signatures out of order", (value) => ({ ...value, signatures: [...value.signatures].reverse() })],
    ["one key twice", (value) => ({ ...value, signatures: [value.signatures[0], value.signatures[0]] })],
    ["another algorithm", (value) => ({ ...value, signatures: [{ ...value.signatures[0], algorithm: "none" }] })],
    ["an unknown member of a signature", (value) => ({ ...value, signatures: [{ ...value.signatures[0], constructor: 1 }] })],
    ["a long key id", (value) => ({ ...value, signatures: [{ ...value.signatures[0], keyId: "0".repeat(17) }] })],
    ["an upper-case key id", (value) => ({ ...value, signatures: [{ ...value.signatures[0], keyId: "ABCDEF0123456789" }] })],
    ["a short signature", (value) => ({ ...value, signatures: [{ ...value.signatures[0], value: toBase64(new Uint8Array(63)) }] })],
    ["a long signature", (value) => ({ ...value, signatures: [{ ...value.signatures[0], value: toBase64(new Uint8Array(65)) }] })],
    ["stray bits in its base64", (value) => ({ ...value, signatures: [{ ...value.signatures[0], value: `${"A".repeat(85)}B==` }] })],
    ["17 signatures", (value) => ({
      ...value,
      signatures: Array.from({ length: 17 }, (_, index) => ({ ...value.signatures[0], keyId: index.toString(16).padStart(16, "0") })),
    })],
  ])("refuses %s", (_what, change) => expectRefusal(() => parse(change(envelope)), "signature-invalid"));

  test("accepts 16 signatures", () => {
    const signatures = Array.from({ length: 16 }, (_, index) => ({ ...envelope.signatures[0], keyId: index.toString(16).padStart(16, "0") }));
    expect(parse({ ...envelope, signatures }).signatures).toHaveLength(16);
  });

  test.each<[string, (text: string) => string]>([
    ["white space", (text) => `${text}\n`],
    ["a repeated member", (text) => text.replace("{", '{"schema":1,')],
    ["another order", (text) => text.replace(/^\{"schema":1,(.*)\}$/, '{$1,"schema":1}')],
    ["an escape", (text) => text.replace("ed25519", "\\u0065d25519")],
    ["a __proto__ member", (text) => text.replace("{", '{"__proto__":{},')],
    ["more than 8 KiB", (text) => text + " ".repeat(9000)],
  ])("refuses %s", async (_what, change) => {
    const changed = change(fromUtf8(bytes) ?? "");
    expect(changed).not.toBe(fromUtf8(bytes));
    await expectRefusal(() => parseEnvelope(toUtf8(changed)), "signature-invalid");
  });

  test("fuzz: any bytes are an envelope of that spelling, or refused with a code", async () => {
    const random = new SeededRandom(7);
    for (let round = 0; round < 3000; round += 1) {
      const mutated = random.mutate(bytes);
      const code = await outcome(() => parseEnvelope(mutated));
      expect([undefined, "signature-invalid"]).toContain(code);
      if (code === undefined) expect(encodeEnvelope(parseEnvelope(mutated))).toEqual(mutated);
    }
  });
});

describe("signing", () => {
  test("is repeatable and does not depend on the order of keys", async () => {
    expect(await signManifest(manifest, [...seeds].reverse())).toEqual(bytes);
  });

  test("addSignature gives what signing with all keys gives, and replaces the same key's", async () => {
    const [first = manifest, second = manifest, third = manifest] = seeds;
    const two = await addSignature(await signManifest(manifest, [third]), manifest, first);
    expect(await addSignature(two, manifest, second)).toEqual(bytes);
    expect(await addSignature(bytes, manifest, second)).toEqual(bytes);
    expect(await addSignature(await signManifest(toUtf8("other"), [first]), manifest, first)).toEqual(await signManifest(manifest, [first]));
  });

  test("keeps a manifest and an index apart", async () => {
    expect(await signIndex(manifest, seeds)).not.toEqual(bytes);
    expect(fromUtf8(signedMessage("manifest", manifest))).toBe('portcullis manifest v1\0{"id":"acme.sample"}');
    expect(fromUtf8(signedMessage("index", manifest))).toBe('portcullis index v1\0{"id":"acme.sample"}');
  });

  test("needs 1 to 16 keys", async () => {
    await expectRefusal(() => signManifest(manifest, []), "usage-invalid");
    const many = Array.from({ length: 17 }, (_, value) => new Uint8Array(32).fill(value + 1));
    await expectRefusal(() => signManifest(manifest, many), "usage-invalid");
  });
});
