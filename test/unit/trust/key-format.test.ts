import { execFileSync, spawnSync } from "node:child_process";
import { createHash, createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { toBase64 } from "../../../src/bytes/base64.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { generateKeyPair, publicKeyOf } from "../../../src/trust/ed25519.js";
import { formatPublicKey, formatSecretKey, keyId, parsePublicKey, parseSecretKey, PublicKey } from "../../../src/trust/key-format.js";
import { expectRefusal, outcome, refusal } from "../package/package-fixture.js";
import { SeededRandom } from "../package/seeded-random.js";

const seed = new Uint8Array(32).fill(1);
const publicKey = await publicKeyOf(seed);
const raw = publicKey.toBytes();
const text = formatPublicKey(publicKey);
const node = createPrivateKey(formatSecretKey(seed));
const x = toBase64(raw).replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
const spki = `-----BEGIN PUBLIC KEY-----\n${Buffer.from([...Buffer.from("302a300506032b6570032100", "hex"), ...raw]).toString("base64")}\n-----END PUBLIC KEY-----\n`;
const openssh = (type: string, key: Uint8Array) => {
  const part = (bytes: Uint8Array) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return `${type} ${Buffer.concat([part(toUtf8(type)), part(key)]).toString("base64")}`;
};

describe("parsePublicKey()", () => {
  test.each<[string, string]>([
    ["its own form", text],
    ["its own form with space around it", `\n ${text} \n`],
    ["SPKI PEM", spki],
    ["SPKI PEM with CRLF", spki.replaceAll("\n", "\r\n")],
    ["JWK", JSON.stringify({ kty: "OKP", crv: "Ed25519", x, use: "sig", kid: "any" })],
    ["an OpenSSH line", openssh("ssh-ed25519", raw)],
    ["an OpenSSH line with a comment", `${openssh("ssh-ed25519", raw)} someone@example.com`],
  ])("reads %s", (_what, form) => expect(formatPublicKey(parsePublicKey(form))).toBe(text));

  test.each<[string, string]>([
    ["nothing", ""],
    ["bare base64", toBase64(raw)],
    ["hexadecimal", `ed25519:${Buffer.from(raw).toString("hex")}`],
    ["a short key", `ed25519:${toBase64(raw.subarray(1))}`],
    ["a long key", `ed25519:${toBase64(Uint8Array.of(...raw, 0))}`],
    ["another algorithm", `ed448:${toBase64(raw)}`],
    ["base64 without padding", text.replace("=", "")],
    ["the URL alphabet", `ed25519:${"_".repeat(43)}=`],
    ["PEM of another kind", spki.replaceAll("PUBLIC", "RSA PUBLIC")],
    ["PEM of another algorithm", generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "pem" }).toString()],
    ["PEM of a longer key", generateKeyPairSync("ed448").publicKey.export({ type: "spki", format: "pem" }).toString()],
    ["PEM without an end", spki.replace("-----END PUBLIC KEY-----", "")],
    ["two PEM blocks", spki + spki],
    ["a JWK of another curve", JSON.stringify({ kty: "OKP", crv: "X25519", x })],
    ["a JWK with a padded x", JSON.stringify({ kty: "OKP", crv: "Ed25519", x: `${x}=` })],
    ["a JWK whose x is no text", JSON.stringify({ kty: "OKP", crv: "Ed25519", x: 1 })],
    ["a JWK with inherited members", '{"__proto__":{"kty":"OKP","crv":"Ed25519","x":"AA"}}'],
    ["a list of JWKs", `{"keys":[]}`],
    ["broken JSON", "{"],
    ["another OpenSSH type", openssh("ssh-rsa", raw)],
    ["an OpenSSH line of another type inside", openssh("ssh-ed25519", raw).replace("AAAAC", "AAAAD")],
    ["an OpenSSH line with a short key", openssh("ssh-ed25519", raw.subarray(1))],
    ["a key of small order", `ed25519:${toBase64(Uint8Array.of(1, ...new Uint8Array(31)))}`],
    ["a non-canonical key", `ed25519:${toBase64(new Uint8Array(32).fill(255))}`],
    ["a very long text", `${text}${" ".repeat(5000)}`],
  ])("refuses %s", (_what, form) => expectRefusal(() => parsePublicKey(form), "key-invalid"));

  test("refuses a secret key, says so, and does not repeat it", async () => {
    const secrets = [formatSecretKey(seed), JSON.stringify({ kty: "OKP", crv: "Ed25519", x, d: toBase64(seed) })];
    for (const secret of secrets) {
      const message = await refusal(() => parsePublicKey(secret), "key-invalid");
      expect(message).toContain("secret key");
      expect(message).not.toContain("AQEB");
    }
  });

  test("a PublicKey cannot be made from unchecked bytes", () => {
    expect((): unknown => Reflect.construct(PublicKey, [Symbol("PublicKey"), raw])).toThrow(TypeError);
    const copy = publicKey.toBytes();
    copy.fill(0);
    expect(publicKey.toBytes()).toEqual(raw);
  });
});

test("keyId() is the start of the SHA-256 of the key's bytes", async () => {
  expect(await keyId(publicKey)).toBe(createHash("sha256").update(raw).digest("hex").slice(0, 16));
});

describe("parseSecretKey()", () => {
  test("reads what formatSecretKey wrote", async () => {
    const pair = await generateKeyPair();
    expect(parseSecretKey(formatSecretKey(pair.seed))).toEqual(pair.seed);
  });

  test("agrees with Node's own key reader and writer", () => {
    expect(node.export({ type: "pkcs8", format: "pem" })).toBe(formatSecretKey(seed));
    expect(node.asymmetricKeyType).toBe("ed25519");
    const other = generateKeyPairSync("ed25519").privateKey;
    const pem = other.export({ type: "pkcs8", format: "pem" }).toString();
    expect(formatSecretKey(parseSecretKey(pem))).toBe(pem);
  });

  test("refuses everything else without repeating any of it", async () => {
    const pem = formatSecretKey(seed);
    const body = pem.split("\n")[1] ?? "";
    const wrong = [
      "", body, pem.replaceAll("PRIVATE", "OPENSSH PRIVATE"), pem.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"), pem.replace(body, `${body}AAAA`),
      pem.replace(body, body.slice(4)), pem.replace("-----END", "----END"), `${pem}${pem}`, spki, pem.replace("MC4C", "MC4D"),
      generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    ];
    for (const candidate of wrong) {
      const message = await refusal(() => parseSecretKey(candidate), "key-invalid");
      expect(message).not.toContain("AQEB");
    }
  });

  test("formatSecretKey refuses a seed of another length", () => {
    expect(() => formatSecretKey(new Uint8Array(64))).toThrow(TypeError);
  });
});

test("fuzz: any text is a key or refused with a code, and never repeated", async () => {
  const random = new SeededRandom(6);
  const forms = [text, spki, formatSecretKey(seed), openssh("ssh-ed25519", raw), JSON.stringify({ kty: "OKP", crv: "Ed25519", x })];
  for (let round = 0; round < 4000; round += 1) {
    const mutated = Buffer.from(random.mutate(toUtf8(forms[round % forms.length] ?? ""))).toString("latin1");
    expect([undefined, "key-invalid"]).toContain(await outcome(() => parsePublicKey(mutated)));
    expect([undefined, "key-invalid"]).toContain(await outcome(() => parseSecretKey(mutated)));
  }
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!hasOpenssl)("with the system's openssl (skipped where there is none)", () => {
  test("it reads our secret keys, and we read its public and secret ones", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "portcullis-keys-"));
    try {
      const file = path.join(directory, "key.pem");
      await writeFile(file, formatSecretKey(seed), { mode: 0o600 });
      const exported = execFileSync("openssl", ["pkey", "-in", file, "-pubout"], { encoding: "utf8" });
      expect(formatPublicKey(parsePublicKey(exported))).toBe(text);
      execFileSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", file]);
      const theirs = await publicKeyOf(parseSecretKey(await readFile(file, "utf8")));
      expect(formatPublicKey(theirs)).toBe(formatPublicKey(parsePublicKey(execFileSync("openssl", ["pkey", "-in", file, "-pubout"], { encoding: "utf8" }))));
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

const hasKeygen = spawnSync("ssh-keygen", ["-?"]).error === undefined;

describe.skipIf(!hasKeygen)("with the system's ssh-keygen (skipped where there is none)", () => {
  test("its public keys are read", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "portcullis-keys-"));
    try {
      const file = path.join(directory, "id");
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", file]);
      expect(parsePublicKey(await readFile(`${file}.pub`, "utf8")).toBytes()).toHaveLength(32);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
