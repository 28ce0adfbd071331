import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { createRegistryIndex, type RegistryIndexOptions } from "../../../src/node/registry.js";
import { signPackage } from "../../../src/node/sign.js";
import { publicKeyOf } from "../../../src/trust/ed25519.js";
import { trustKeys } from "../../../src/trust/trust-policy.js";
import { verifyIndex } from "../../../src/trust/verify-index.js";
import { expectRefusal, refusal } from "../package/package-fixture.js";
import { directoryContent, packComponent, temporaryDirectory } from "./support.js";

const [REGISTRY, PUBLISHER] = [new Uint8Array(32).fill(3), new Uint8Array(32).fill(1)];
const NOW = new Date("2026-11-20T12:00:00.000Z");
let registryTrust: ReturnType<typeof trustKeys>;
beforeAll(async () => {
  registryTrust = trustKeys([await publicKeyOf(REGISTRY)]);
});

/** A directory with trap 1.0.0, trap 1.10.0, trap 1.9.0 and loop 1.0.0. */
async function registry(): Promise<string> {
  const out = await temporaryDirectory();
  for (const version of ["1.0.0", "1.10.0", "1.9.0"]) await packComponent("trap", { version, metadata: { title: "Trap" } }, { out, signingKeys: [PUBLISHER] });
  await packComponent("loop", {}, { out, signingKeys: [PUBLISHER] });
  return out;
}

function index(directory: string, options: Partial<RegistryIndexOptions> = {}) {
  return createRegistryIndex({ directory, signingKeys: [REGISTRY], now: NOW, ...options });
}

async function verified(directory: string, now = NOW) {
  const [indexBytes, signatureBytes] = await Promise.all(["index.json", "index.sig"].map(async (name) => new Uint8Array(await readFile(join(directory, name)))));
  if (indexBytes === undefined || signatureBytes === undefined) throw new Error("no index");
  return verifyIndex({ indexBytes, signatureBytes, policy: registryTrust, now, lastSequence: undefined, limits: DEFAULT_LIMITS });
}

describe("the registry's index", () => {
  test("lists every package, sorted, signed, and copies nothing", async () => {
    const directory = await registry();
    const before = await directoryContent(directory);
    const result = await index(directory);
    expect(result).toMatchObject({ changed: true, refused: [], unsigned: [] });
    expect(result.index.plugins.map(({ id, version, path }) => [id, version, path])).toEqual([
      ["test.loop", "1.0.0", "test.loop/1.0.0"],
      ["test.trap", "1.0.0", "test.trap/1.0.0"],
      ["test.trap", "1.9.0", "test.trap/1.9.0"],
      ["test.trap", "1.10.0", "test.trap/1.10.0"],
    ]);
    expect(result.index.plugins[1]?.title).toBe("Trap");
    expect(result.index.expires).toBe("2027-02-18T12:00:00.000Z");
    expect((await verified(directory)).index).toEqual(result.index);
    const after = await directoryContent(directory);
    expect([...after.keys()].filter((path) => !before.has(path))).toEqual(["index.json", "index.sig"]);
  });

  test("has a sequence that grows with each change and only then", async () => {
    const directory = await registry();
    expect((await index(directory)).index.sequence).toBe(1);
    const later = await index(directory, { now: new Date("2026-12-01T00:00:00.000Z"), expiresDays: 1 });
    expect(later).toMatchObject({ changed: false, index: { sequence: 1, expires: "2026-12-02T00:00:00.000Z" } });
    await rm(join(directory, "test.loop"), { recursive: true });
    expect(await index(directory)).toMatchObject({ changed: true, index: { sequence: 2 } });
    await packComponent("loop", {}, { out: directory });
    expect(await index(directory)).toMatchObject({ changed: true, index: { sequence: 3 } });
    // A package that was packed anew, under the same id and version.
    await packComponent("recursion", { id: "test.loop" }, { out: directory });
    expect(await index(directory)).toMatchObject({ changed: true, index: { sequence: 4 } });
    expect((await verified(directory)).index.sequence).toBe(4);
  });

  test("leaves out bad packages, with the reason, and lists the others", async () => {
    const directory = await registry();
    await writeFile(join(directory, "test.trap/1.9.0/transpiled/browser-sync/glue.js"), "alert(1)");
    await writeFile(join(directory, "test.trap/1.10.0/manifest.sig"), "{}");
    await mkdir(join(directory, "broken"));
    await writeFile(join(directory, "broken/manifest.json"), "{}");
    await cp(join(directory, "test.loop/1.0.0"), join(directory, "zz-copy"), { recursive: true });
    await cp(join(directory, "test.loop/1.0.0"), join(directory, "with space"), { recursive: true });
    const { index: { plugins }, refused } = await index(directory);
    expect(plugins.map(({ path }) => path)).toEqual(["test.loop/1.0.0", "test.trap/1.0.0"]);
    expect(refused.map(({ path, error }) => [path, error.code])).toEqual([
      ["broken", "manifest-invalid"],
      ["test.trap/1.10.0", "signature-invalid"],
      ["test.trap/1.9.0", "digest-mismatch"],
      ["with space", "package-invalid"],
      ["zz-copy", "package-invalid"],
    ]);
  });

  test("lists only packages of trusted publishers where that is asked, and tells of unsigned ones", async () => {
    const directory = await registry();
    const { directory: unsigned } = await packComponent("recursion", {}, { out: directory });
    expect((await index(directory)).unsigned).toEqual(["test.recursion/1.0.0"]);
    const trust = trustKeys([await publicKeyOf(PUBLISHER)]);
    const { refused, index: { plugins } } = await index(directory, { trust });
    expect(refused.map(({ error }) => error.code)).toEqual(["signature-missing"]);
    expect(plugins).toHaveLength(4);
    await signPackage({ path: unsigned, signingKeys: [REGISTRY] });
    expect((await index(directory, { trust })).refused.map(({ error }) => error.code)).toEqual(["key-untrusted"]);
  });

  test("passes over links, hidden and unfinished directories, archives and other files", async () => {
    const directory = await registry();
    const elsewhere = await packComponent("recursion", {}, { formats: ["directory", "archive"] });
    await symlink(elsewhere.directory, join(directory, "linked"));
    await cp(elsewhere.directory, join(directory, ".portcullis-draft"), { recursive: true });
    await cp(elsewhere.archive ?? "", join(directory, "recursion.tar.gz"));
    expect(await index(directory)).toMatchObject({ refused: [], index: { plugins: { length: 4 } } });
  });

  test("of an empty directory is empty, and of none is an error", async () => {
    const directory = await temporaryDirectory();
    expect((await index(directory)).index.plugins).toEqual([]);
    await expectRefusal(() => index(join(directory, "absent")), "source-unreachable");
  });

  test("that cannot be read is not replaced, since its sequence would be lost", async () => {
    const directory = await registry();
    await writeFile(join(directory, "index.json"), "{");
    expect(await refusal(() => index(directory), "index-invalid")).toContain("sequence number");
    expect(await readFile(join(directory, "index.json"), "utf8")).toBe("{");
  });

  test("without keys has no signature, not even an old one", async () => {
    const directory = await registry();
    await index(directory);
    await index(directory, { signingKeys: [] });
    expect((await readdir(directory)).sort()).toEqual(["index.json", "test.loop", "test.trap"]);
  });

  test.each([0, -1, Number.NaN, 1e9])("valid for %d days is refused", async (expiresDays) => {
    await expectRefusal(async () => index(await temporaryDirectory(), { expiresDays }), "usage-invalid");
  });
});
