/** Attacks on the import of fidius's packages: archives, signatures, and what a signature does not cover. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { fidiusDigest } from "../../../src/node/fidius/fidius-signature.js";
import { importFidiusPackage } from "../../../src/node/fidius/import-fidius.js";
import { FID_LIMITS, readFidArchive } from "../../../src/node/fidius/read-fid-archive.js";
import { publicKeyOf } from "../../../src/trust/ed25519.js";
import { directoryWith, temporaryDirectory } from "../node/support.js";
import { refusal } from "../package/package-fixture.js";
import { concat, tarEnd, tarEntry, type TarEntryOptions } from "../package/tar-builder.js";
import { blockOf, bzip2Of, bzip2OfBlocks } from "./bzip2-writer.js";
import { authorKey, component, FID, files, importFiles, SEED, signed, TOML } from "./fidius-package.js";

const archive = (...entries: readonly TarEntryOptions[]): Uint8Array => bzip2Of(concat(...entries.map(tarEntry), tarEnd()));
const good: TarEntryOptions = { name: "p-1.0.0/package.toml", content: "x" };

describe("archives", () => {
  test("one is read that has nothing wrong", () => {
    const found = readFidArchive(archive(good, { name: "p-1.0.0/", type: "5" }, { name: "p-1.0.0/Gru\xc3\x9f", content: "y" }, { name: "././@LongLink", type: "L", content: "p-1.0.0/long\0" }, { name: "cut", content: "z" }));
    expect([...found.keys()]).toEqual(["package.toml", "Gruß", "long"]);
  });

  const ATTACKS: readonly (readonly [what: string, ...entries: TarEntryOptions[]])[] = [
    ["a path that leads up", good, { name: "p-1.0.0/../../etc/passwd", content: "x" }],
    ["an absolute path", good, { name: "/etc/passwd", content: "x" }],
    ["a drive letter", good, { name: "c:/windows/x", content: "x" }],
    ["a backslash", good, { name: "p-1.0.0\\..\\x", content: "x" }],
    ["an empty part", good, { name: "p-1.0.0//x", content: "x" }],
    ["a long name that leads up", good, { name: "././@LongLink", type: "L", content: "p-1.0.0/../../x\0" }, { name: "x", content: "x" }],
    ["a long name that is too long", good, { name: "././@LongLink", type: "L", content: "x".repeat(5_000) }, { name: "x", content: "x" }],
    ["a name that is not UTF-8", good, { name: "p-1.0.0/\xff", content: "x" }],
    ["a symbolic link", good, { name: "p-1.0.0/link", type: "2", link: "/etc/passwd" }],
    ["a hard link", good, { name: "p-1.0.0/link", type: "1", link: "p-1.0.0/package.toml" }],
    ["a device", good, { name: "p-1.0.0/null", type: "3" }],
    ["a file with a link's target", good, { name: "p-1.0.0/x", content: "x", link: "/etc/passwd" }],
    ["a file twice", good, good],
    ["a file that is a directory as well", good, { name: "p-1.0.0/package.toml/x", content: "x" }],
    ["two directories", good, { name: "q-1.0.0/package.toml", content: "x" }],
    ["no directory", { name: "package.toml", content: "x" }, { name: "x", content: "x" }],
    ["a size that is a lie", good, { name: "p-1.0.0/x", content: "x", size: "00000001777\0" }],
    ["a size that is no number", good, { name: "p-1.0.0/x", content: "x", size: "-1" }],
    ["a wrong checksum", { ...good, checksum: 1 }],
    ["nothing"],
  ];
  test.each(ATTACKS.map(([what, ...entries]) => ({ what, entries })))("$what is refused", async ({ entries }) => {
    await refusal(() => readFidArchive(archive(...entries)), "package-invalid");
  });

  test("what follows the end, or an end that is cut, is refused", async () => {
    const entry = tarEntry(good);
    for (const parts of [[entry, tarEnd(), entry, tarEnd()], [entry], [entry, tarEnd().subarray(0, 512)]]) await refusal(() => readFidArchive(bzip2Of(concat(...parts))), "package-invalid");
  });

  test("more than fidius unpacks is refused, and as much is read", async () => {
    await refusal(() => readFidArchive(archive({ name: "p/x", content: "\0".repeat(200_000) })), "package-too-large");
    // Fifty entries in a block, which is written again and again.
    const fifty = blockOf(concat(...Array.from({ length: 50 }, () => tarEntry({ name: "p/", type: "5" }))));
    const entries = (count: number, ...more: Uint8Array[]): Uint8Array => bzip2OfBlocks([...Array.from({ length: count / 50 }, () => fifty), ...more.map((bytes) => blockOf(bytes)), blockOf(tarEnd())]);
    await refusal(() => readFidArchive(entries(FID_LIMITS.entries, tarEntry({ name: "p/x" }))), "package-too-large");
    expect(readFidArchive(entries(FID_LIMITS.entries - 50, tarEntry({ name: "p/x" }))).size).toBe(1);
  });

  test("a whole one that is cut short or changed anywhere is refused", async () => {
    const whole = new Uint8Array(await readFile(FID));
    const directory = await temporaryDirectory();
    for (let length = 0; length < whole.length; length += 4_001) {
      await writeFile(join(directory, "cut.fid"), whole.subarray(0, length));
      await refusal(() => importFidiusPackage({ input: join(directory, "cut.fid"), trust: { keys: [authorKey] }, out: directory }), "package-invalid");
    }
  });
});

describe("signatures", () => {
  const keys = async (...seeds: number[]) => ({ keys: await Promise.all(seeds.map((seed) => publicKeyOf(new Uint8Array(32).fill(seed)))) });

  test("a package without one is refused, in every form", async () => {
    expect(await refusal(() => importFiles(files()), "signature-missing")).toContain("package.sig");
  });

  test("another key's, a changed file, an added file, a renamed file and a removed one are refused", async () => {
    const whole = await signed(files({ "docs/a.txt": "a" }));
    await refusal(async () => importFiles(whole, { trust: await keys(2, 3) }), "signature-invalid");
    await refusal(() => importFiles({ ...whole, "docs/a.txt": "b" }), "signature-invalid");
    await refusal(() => importFiles({ ...whole, "docs/b.txt": "" }), "signature-invalid");
    await refusal(() => importFiles({ ...whole, "package.toml": TOML.replace("1.2.0", "1.2.1") }), "signature-invalid");
    const { "docs/a.txt": moved, ...rest } = whole;
    await refusal(() => importFiles({ ...rest, "docs/c.txt": moved ?? "" }), "signature-invalid");
    await refusal(() => importFiles(rest), "signature-invalid");
    expect((await importFiles(whole, { trust: await keys(2, 1) })).fidius.signedBy).toBe("8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c");
  });

  test("a signature of another length, or a malleable one, is refused", async () => {
    const whole = await signed(files());
    const signature = whole["package.sig"] as Uint8Array;
    await refusal(() => importFiles({ ...whole, "package.sig": signature.subarray(0, 63) }), "signature-invalid");
    await refusal(() => importFiles({ ...whole, "package.sig": new Uint8Array(64) }), "signature-invalid");
    // S + L satisfies the same equation, and is another spelling of the same signature.
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const s = signature.slice(32).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n) + order;
    const malleable = Uint8Array.from([...signature.slice(0, 32), ...Array.from({ length: 32 }, (_, index) => Number((s >> BigInt(index * 8)) & 255n))]);
    await refusal(() => importFiles({ ...whole, "package.sig": malleable }), "signature-invalid");
  });

  test.each([
    ["below target", "target/greeter.wasm"], ["below target, deep inside", "a/target/b/greeter.wasm"], ["below .git", ".git/greeter.wasm"], ["that ends in .sig", "greeter.sig"],
    ["outside", "../greeter.wasm"], ["by a detour", "./greeter.wasm"], ["by another detour", "docs/../greeter.wasm"], ["that is not there", "other.wasm"], ["that is absolute", "/greeter.wasm"],
  ])("a component %s is refused, because the signature does not cover it", async (_what, path) => {
    const toml = TOML.replace('"greeter.wasm"', JSON.stringify(path));
    const outside = path.startsWith("../") || path.startsWith("/") || path.startsWith("./") || path.includes("..") ? {} : { [path]: component };
    await refusal(async () => importFiles(await signed({ ...files({ "package.toml": toml }), ...(path === "other.wasm" ? {} : outside) })), "package-invalid");
  });

  test("a component beside the digest in an archive is refused as well", async () => {
    const toml = TOML.replace('"greeter.wasm"', '"target/x.wasm"');
    const content = { "package.toml": toml, "target/x.wasm": "\0asm" };
    const whole = await signed(content);
    const latin1 = (value: string | Uint8Array): string => Buffer.from(typeof value === "string" ? toUtf8(value) : value).toString("latin1");
    const input = join(await temporaryDirectory(), "x.fid");
    await writeFile(input, archive(...Object.entries(whole).map(([path, value]) => ({ name: `p-1/${path}`, content: latin1(value) }))));
    await refusal(() => keys(1).then((trust) => importFidiusPackage({ input, trust, out: "unused" })), "package-invalid");
  });

  test("links in a directory are refused", async () => {
    const directory = await directoryWith(await signed(files()));
    await symlink("/etc/passwd", join(directory, "link"));
    await refusal(async () => importFidiusPackage({ input: directory, trust: await keys(1), out: "unused" }), "package-invalid");
  });

  test("what is built in a directory is no part of the digest, as in fidius", async () => {
    const directory = await directoryWith(await signed(files()));
    await mkdir(join(directory, "src/target"), { recursive: true });
    await writeFile(join(directory, "src/target/anything"), "x");
    expect((await importFidiusPackage({ input: directory, trust: await keys(1), out: await temporaryDirectory() })).manifest.id).toBe("acme-greeter");
  });

  test("an unchecked package needs a reason", async () => {
    await refusal(() => importFiles(files(), { trust: { dangerouslyUnsigned: " " } }), "usage-invalid");
    expect((await importFiles(files(), { trust: { dangerouslyUnsigned: "built here" } })).fidius.signedBy).toBeNull();
  });

  test("the digest is the one of fidius for every order and length", () => {
    const digest = (content: Record<string, string>) => Buffer.from(fidiusDigest(new Map(Object.entries(content).map(([path, text]) => [path, toUtf8(text)])))).toString("hex");
    expect(digest({ a: "b", c: "d" })).toBe(digest({ c: "d", a: "b" }));
    expect(digest({ a: "b" })).not.toBe(digest({ ab: "" }));
    expect(digest({ a: "b", "x.sig": "1", "target/x": "2" })).toBe(digest({ a: "b" }));
    expect(digest({ a: "b", target: "2" }), "a file of that name is covered").not.toBe(digest({ a: "b" }));
    expect(SEED).toHaveLength(32);
  });
});
