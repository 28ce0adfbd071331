import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/bytes/sha256.js";
import { hashExports } from "../../../src/component/interface-hash.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { inspectPackage } from "../../../src/node/inspect.js";
import { createRegistryIndex } from "../../../src/node/registry.js";
import { signPackage } from "../../../src/node/sign.js";
import { worldFromWit } from "../../../src/node/types/wit.js";
import { verifyPluginPackage } from "../../../src/node/verify.js";
import type { Manifest } from "../../../src/package/manifest.js";
import { encodeManifest, parseManifest } from "../../../src/package/parse-manifest.js";
import { publicKeyOf } from "../../../src/trust/ed25519.js";
import { signManifest } from "../../../src/trust/signature-envelope.js";
import { trustKeys } from "../../../src/trust/trust-policy.js";
import { changedWit } from "../package/bridge-fixture.js";
import { expectRefusal, refusal } from "../package/package-fixture.js";
import { packDirectory, pythonDirectory, rustDirectory } from "./bridge-support.js";
import { machHeader } from "./library-headers.js";
import { temporaryDirectory } from "./support.js";

const PUBLISHER = new Uint8Array(32).fill(1);
const trust = trustKeys([await publicKeyOf(PUBLISHER)]);
const EVERY = [["rust", rustDirectory], ["python", pythonDirectory]] as const;

/** The package with another manifest and other files, whole in itself, signed by its publisher. */
async function publish(directory: string, lie: (manifest: Manifest) => Manifest, files: Readonly<Record<string, Uint8Array>> = {}): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) await writeFile(join(directory, path), bytes);
  const manifest = parseManifest(await readFile(join(directory, "manifest.json")), DEFAULT_LIMITS);
  const listed = await Promise.all(manifest.files.map(async ({ path }) => {
    const bytes = await readFile(join(directory, path));
    return { path, size: bytes.length, sha256: await sha256Hex(bytes) };
  }));
  const bytes = encodeManifest(lie({ ...manifest, files: listed }));
  await writeFile(join(directory, "manifest.json"), bytes);
  await writeFile(join(directory, "manifest.sig"), await signManifest(bytes, [PUBLISHER]));
}

describe.each(EVERY)("a package of runtime %s", (_, source) => {
  test("is verified, inspected and signed as a directory and as an archive", async () => {
    const { directory, archive = "", manifest } = await packDirectory(await source(), { formats: ["directory", "archive"] });
    for (const path of [directory, archive]) {
      await expectRefusal(() => verifyPluginPackage({ path, trust }), "signature-missing");
      await signPackage({ path, signingKeys: [PUBLISHER] });
      const verified = await verifyPluginPackage({ path, trust, retranspile: true });
      expect(verified).toMatchObject({ retranspiled: [], trust: { kind: "signed" }, manifest });
      const inspection = await inspectPackage({ path, keys: [await publicKeyOf(PUBLISHER)] });
      expect(inspection).toMatchObject({ manifest, manifestMatches: true, transpiled: [], signatures: [{ state: "valid" }], imports: [{ status: "requested" }] });
      expect(inspection.exports).toContain("count: func(to: u32) -> count-stream;");
    }
  });

  test("is listed in a registry beside others", async () => {
    const out = await temporaryDirectory();
    await packDirectory(await source(), { out, signingKeys: [PUBLISHER] });
    const { index, refused } = await createRegistryIndex({ directory: out, signingKeys: [PUBLISHER], trust });
    expect([index.plugins.map(({ id }) => id), refused]).toEqual([["acme.greeter"], []]);
  });

  test("attack: a changed byte of its code is found", async () => {
    const { directory, manifest } = await packDirectory(await source(), { signingKeys: [PUBLISHER] });
    const path = join(directory, manifest.files[0]?.path ?? "");
    const bytes = await readFile(path);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await expectRefusal(() => verifyPluginPackage({ path: directory, trust }), "digest-mismatch");
  });

  test("attack: a file that its manifest does not list is found", async () => {
    const { directory } = await packDirectory(await source(), { signingKeys: [PUBLISHER] });
    await writeFile(join(directory, "sitecustomize.py"), "import os");
    expect(await refusal(() => verifyPluginPackage({ path: directory, trust }), "package-invalid")).toContain("sitecustomize.py");
  });

  test("attack: a request that nothing keeps it to is refused, by its publisher's signature or not", async () => {
    const { directory } = await packDirectory(await source());
    await publish(directory, (manifest) => ({ ...manifest, capabilities: [{ capability: "fs:ro:/data", reason: "To read only that.", optional: false }] }));
    expect(await refusal(() => verifyPluginPackage({ path: directory, trust }), "capability-unknown")).toContain("bounded by the bridge's isolation");
    expect((await inspectPackage({ path: directory })).manifestMatches).toBe(false);
  });

  test("attack: an interface hash of other exports is found", async () => {
    const { directory } = await packDirectory(await source());
    await publish(directory, (manifest) => ({ ...manifest, interface: { ...manifest.interface, hash: "0".repeat(64) } }));
    expect(await refusal(() => verifyPluginPackage({ path: directory, trust }), "manifest-mismatch")).toContain("interface hash");
  });

  test("attack: a type that no bridge carries is found", async () => {
    const world = await worldFromWit({ source: changedWit("zebra: func(name: string)", "flags colours { red, green } zebra: func(name: colours)") });
    const hash = await hashExports(world);
    const { directory } = await packDirectory(await source());
    await publish(directory, (manifest) => ({ ...manifest, world, interface: { ...manifest.interface, hash } }));
    expect(await refusal(() => verifyPluginPackage({ path: directory, trust }), "manifest-invalid")).toContain("is a flags");
  });
});

describe("attack: a library that is not what its manifest says", () => {
  test("is found by verifying, inspecting and indexing, though its publisher signed it", async () => {
    const out = await temporaryDirectory();
    const { directory } = await packDirectory(await rustDirectory(), { out });
    await publish(directory, (manifest) => manifest, { "native/linux-x64/libgreeter.so": machHeader() });
    expect(await refusal(() => verifyPluginPackage({ path: directory, trust }), "manifest-mismatch")).toContain("it was built for darwin-arm64");
    expect((await inspectPackage({ path: directory })).manifestMatches).toBe(false);
    const { refused } = await createRegistryIndex({ directory: out, signingKeys: [PUBLISHER] });
    expect(refused.map(({ error: { code } }) => code)).toEqual(["manifest-mismatch"]);
  });

  test("is found where it is a script", async () => {
    const { directory } = await packDirectory(await rustDirectory());
    await mkdir(join(directory, "native/win32-x64"));
    await rename(join(directory, "native/linux-x64/libgreeter.so"), join(directory, "native/win32-x64/x.dll"));
    const bytes = new TextEncoder().encode("MZ\r\n@echo off");
    await writeFile(join(directory, "native/win32-x64/x.dll"), bytes);
    const manifest = parseManifest(await readFile(join(directory, "manifest.json")), DEFAULT_LIMITS);
    const forged = { ...manifest, files: [{ path: "native/win32-x64/x.dll", size: bytes.length, sha256: await sha256Hex(bytes) }], bridge: { ...manifest.bridge, libraries: [{ platform: "win32-x64", path: "native/win32-x64/x.dll" }] } } as Manifest;
    await writeFile(join(directory, "manifest.json"), encodeManifest(forged));
    await publish(directory, (same) => same);
    expect(await refusal(() => verifyPluginPackage({ path: directory, trust }), "manifest-mismatch")).toContain("no dynamic library");
  });
});
