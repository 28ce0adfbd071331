import { readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/bytes/sha256.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { createKeyFiles } from "../../../src/node/keygen.js";
import { encodeArchive } from "../../../src/node/package-archive.js";
import { readPublicKey, readSecretKeyFile } from "../../../src/node/read-keys.js";
import { signPackage } from "../../../src/node/sign.js";
import { verifyPluginPackage } from "../../../src/node/verify.js";
import type { Manifest } from "../../../src/package/manifest.js";
import { encodeManifest, parseManifest } from "../../../src/package/parse-manifest.js";
import { readArchive } from "../../../src/package/read-archive.js";
import { publicKeyOf } from "../../../src/trust/ed25519.js";
import { formatPublicKey } from "../../../src/trust/key-format.js";
import { dangerouslyTrustUnsigned, trustKeys } from "../../../src/trust/trust-policy.js";
import { expectRefusal, refusal } from "../package/package-fixture.js";
import { componentPath, directoryContent, packComponent, temporaryDirectory } from "./support.js";

const [PUBLISHER, REVIEWER] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const publisher = trustKeys([await publicKeyOf(PUBLISHER)]);
const reviewer = trustKeys([await publicKeyOf(REVIEWER)]);
const anyone = dangerouslyTrustUnsigned("only the content is tested");

describe("keys", () => {
  test("are written for their owner only, read again, and never overwritten", async () => {
    const path = join(await temporaryDirectory(), "keys/publisher");
    const { secretPath, publicPath, publicKeyText, keyId } = await createKeyFiles(path);
    expect((await stat(secretPath)).mode & 0o777).toBe(0o600);
    expect(await readFile(publicPath, "utf8")).toBe(`${publicKeyText}\n`);
    const fromSecret = await publicKeyOf(await readSecretKeyFile(secretPath));
    expect(formatPublicKey(fromSecret)).toBe(publicKeyText);
    expect(await (await readPublicKey(publicPath)).id()).toBe(keyId);
    const before = await readFile(secretPath, "utf8");
    await expectRefusal(() => createKeyFiles(path), "usage-invalid");
    expect(await readFile(secretPath, "utf8")).toBe(before);
  });

  test.each([".pem", ".pub"])("are not written if only %s exists, which stays alone as it was", async (extension) => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, `key${extension}`), "mine");
    await expectRefusal(() => createKeyFiles(join(directory, "key")), "usage-invalid");
    expect([...(await directoryContent(directory)).keys()]).toEqual([`key${extension}`]);
    expect(await readFile(join(directory, `key${extension}`), "utf8")).toBe("mine");
  });

  test("are not written through a link that leads nowhere yet", async () => {
    const directory = await temporaryDirectory();
    await symlink(join(directory, "elsewhere"), join(directory, "key.pem"));
    await expectRefusal(() => createKeyFiles(join(directory, "key")), "usage-invalid");
    await expect(stat(join(directory, "elsewhere"))).rejects.toThrow("ENOENT");
  });

  test("that cannot be read are refused, without a word of what is in them", async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, "key.pem"), "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n");
    const message = await refusal(() => readSecretKeyFile(join(directory, "key.pem")), "key-invalid");
    expect(message).toContain("key.pem");
    expect(message).not.toContain("c2VjcmV0");
    await expectRefusal(() => readPublicKey(join(directory, "key.pem")), "key-invalid");
    await expectRefusal(() => readPublicKey(join(directory, "absent.pub")), "source-unreachable");
    await expectRefusal(() => readPublicKey("ed25519:AAAA"), "key-invalid");
  });
});

describe("signing", () => {
  test("adds signatures and keeps those that are there", async () => {
    const { directory } = await packComponent("trap", {}, { signingKeys: [PUBLISHER] });
    const { keyIds } = await signPackage({ path: directory, signingKeys: [REVIEWER] });
    expect(keyIds).toHaveLength(2);
    for (const trust of [publisher, reviewer]) expect((await verifyPluginPackage({ path: directory, trust })).trust.kind).toBe("signed");
    const before = await directoryContent(directory);
    await signPackage({ path: directory, signingKeys: [REVIEWER, PUBLISHER] });
    expect(await directoryContent(directory)).toEqual(before);
  });

  test("of an archive gives what packing with the key would have given", async () => {
    const unsigned = await packComponent("trap", {}, { formats: ["directory", "archive"] });
    const signed = await packComponent("trap", {}, { formats: ["directory", "archive"], signingKeys: [PUBLISHER] });
    await signPackage({ path: unsigned.archive ?? "", signingKeys: [PUBLISHER] });
    expect(await readFile(unsigned.archive ?? "")).toEqual(await readFile(signed.archive ?? ""));
  });

  test("is refused for a bare component, without keys, and for a changed package", async () => {
    await expectRefusal(() => signPackage({ path: componentPath("trap"), signingKeys: [PUBLISHER] }), "usage-invalid");
    const { directory } = await packComponent("trap");
    await expectRefusal(() => signPackage({ path: directory, signingKeys: [] }), "usage-invalid");
    await writeFile(join(directory, "transpiled/browser-sync/glue.js"), "alert(1)");
    await expectRefusal(() => signPackage({ path: directory, signingKeys: [PUBLISHER] }), "digest-mismatch");
    expect([...(await directoryContent(directory)).keys()]).not.toContain("manifest.sig");
  });
});

describe("verifying", () => {
  test("accepts a package and tells why, transpiled again too", async () => {
    const { directory, archive = "" } = await packComponent("types-rust", {}, { signingKeys: [PUBLISHER], formats: ["directory", "archive"] });
    for (const path of [directory, archive]) {
      const { trust, retranspiled, manifest } = await verifyPluginPackage({ path, trust: publisher, retranspile: true });
      const signer = await (await publicKeyOf(PUBLISHER)).id();
      expect(trust).toEqual({ kind: "signed", keyIds: [signer], publisher: signer });
      expect(retranspiled).toEqual(["browser-sync", "browser-jspi"]);
      expect(manifest.id).toBe("test.types-rust");
    }
  });

  test("refuses what is not signed, or by others", async () => {
    const { directory } = await packComponent("trap");
    await expectRefusal(() => verifyPluginPackage({ path: directory, trust: publisher }), "signature-missing");
    await signPackage({ path: directory, signingKeys: [REVIEWER] });
    await expectRefusal(() => verifyPluginPackage({ path: directory, trust: publisher }), "key-untrusted");
    await expectRefusal(() => verifyPluginPackage({ path: componentPath("trap"), trust: publisher }), "signature-missing");
  });

  test("refuses a changed byte of each file", async () => {
    const { directory } = await packComponent("trap", {}, { signingKeys: [PUBLISHER] });
    for (const path of (await directoryContent(directory)).keys()) {
      const file = join(directory, path);
      const original = await readFile(file);
      for (const position of [0, original.length >> 1, original.length - 1]) {
        const changed = Buffer.from(original);
        changed[position] = (changed[position] ?? 0) ^ 1;
        await writeFile(file, changed);
        await expect(verifyPluginPackage({ path: directory, trust: publisher }), `${path} at ${position}`).rejects.toMatchObject({ name: "PluginError" });
      }
      await writeFile(file, original);
    }
    await verifyPluginPackage({ path: directory, trust: publisher });
  });

  test("refuses a missing file, one too many, and a link", async () => {
    const { directory } = await packComponent("trap", {}, { signingKeys: [PUBLISHER] });
    const glue = join(directory, "transpiled/browser-sync/glue.js");
    const content = await readFile(glue);
    await rm(glue);
    await expectRefusal(() => verifyPluginPackage({ path: directory, trust: publisher }), "package-invalid");
    await writeFile(join(directory, "copy.js"), content);
    await symlink(join(directory, "copy.js"), glue);
    expect(await refusal(() => verifyPluginPackage({ path: directory, trust: publisher }), "package-invalid")).toContain("neither a plain file");
    await rm(glue);
    await writeFile(glue, content);
    expect(await refusal(() => verifyPluginPackage({ path: directory, trust: publisher }), "package-invalid")).toContain("copy.js");
  });

  test("refuses what is no package, with advice", async () => {
    const directory = await temporaryDirectory();
    expect(await refusal(() => verifyPluginPackage({ path: directory, trust: publisher }), "package-invalid")).toContain("manifest.json");
    await writeFile(join(directory, "package.toml"), "");
    expect(await refusal(() => verifyPluginPackage({ path: directory, trust: publisher }), "package-invalid")).toContain("portcullis pack");
    await expectRefusal(() => verifyPluginPackage({ path: join(directory, "package.toml"), trust: publisher }), "package-invalid");
    await expectRefusal(() => verifyPluginPackage({ path: join(directory, "absent"), trust: publisher }), "source-unreachable");
  });

  test("names the glue that does not come from the component, though its publisher signed it", async () => {
    const path = await forge("trap", async ({ files, manifest }) => {
      const glue = Buffer.concat([Buffer.from("/* extra */"), files.get("transpiled/browser-jspi/glue.js") ?? new Uint8Array()]);
      files.set("transpiled/browser-jspi/glue.js", new Uint8Array(glue));
      return manifest;
    });
    await verifyPluginPackage({ path, trust: publisher });
    const message = await refusal(() => verifyPluginPackage({ path, trust: publisher, retranspile: true }), "manifest-mismatch");
    expect(message).toContain("transpiled/browser-jspi/glue.js");
    expect(message).toContain("at byte 0");
  });

  test("names a core module that does not come from the component", async () => {
    const path = await forge("trap", async ({ files, manifest }) => {
      const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
      const sha256 = await sha256Hex(empty);
      files.set("core/other.wasm", empty);
      const transpiled = manifest.transpiled.map((output) => ({
        ...output,
        coreModules: output.coreModules.map(({ name }) => ({ name, sha256, size: empty.length, path: "core/other.wasm" })),
      }));
      return { ...manifest, transpiled };
    });
    expect(await refusal(() => verifyPluginPackage({ path, trust: publisher, retranspile: true }), "manifest-mismatch")).toContain("core module plugin.core.wasm");
  });

  test("cannot compare output of another transpiler, and says so", async () => {
    const path = await forge("trap", async ({ manifest }) => ({
      ...manifest,
      transpiled: manifest.transpiled.map((output) => ({ ...output, key: { ...output.key, transpilerVersion: "jco-0.0.1" } })),
    }));
    expect(await refusal(() => verifyPluginPackage({ path, trust: publisher, retranspile: true }), "manifest-mismatch")).toContain("jco-0.0.1");
  });

  test("refuses a manifest that hides an import or lies about the interface", async () => {
    const hidden = await forge("logger", async ({ manifest }) => ({ ...manifest, world: { ...manifest.world, imports: { interfaces: [], functions: [] } } }));
    expect(await refusal(() => verifyPluginPackage({ path: hidden, trust: anyone }), "manifest-mismatch")).toContain("hides wasi:logging");
    const lying = await forge("logger", async ({ manifest }) => ({ ...manifest, interface: { ...manifest.interface, hash: "0".repeat(64) } }));
    expect(await refusal(() => verifyPluginPackage({ path: lying, trust: anyone }), "manifest-mismatch")).toContain("interface hash");
  });
});

interface Forgery {
  readonly files: Map<string, Uint8Array>;
  readonly manifest: Manifest;
}

/** An archive whose manifest and files were changed, with digests and signature as they must be. */
async function forge(component: string, change: (forgery: Forgery) => Promise<Manifest>): Promise<string> {
  const { archive = "" } = await packComponent(component, {}, { formats: ["directory", "archive"] });
  const files = await readArchive(new Uint8Array(await readFile(archive)), DEFAULT_LIMITS);
  const manifest = await change({ files, manifest: parseManifest(files.get("manifest.json") ?? new Uint8Array(), DEFAULT_LIMITS) });
  files.delete("manifest.json");
  const listed = await Promise.all([...files].map(async ([path, bytes]) => ({ path, size: bytes.length, sha256: await sha256Hex(bytes) })));
  files.set("manifest.json", encodeManifest({ ...manifest, files: listed.sort((a, b) => (a.path < b.path ? -1 : 1)) }));
  await writeFile(archive, await encodeArchive(files));
  await signPackage({ path: archive, signingKeys: [PUBLISHER] });
  return archive;
}
