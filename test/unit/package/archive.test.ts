import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { readArchive } from "../../../src/package/read-archive.js";
import { writeTar } from "../../../src/package/write-archive.js";
import { outcome, refusal } from "./package-fixture.js";
import { SeededRandom } from "./seeded-random.js";
import { concat, tarEntry, tarEnd } from "./tar-builder.js";

const SMALL = new Map([
  ["manifest.json", toUtf8("{}")],
  ["component.wasm", new Uint8Array(700).fill(7)],
  ["transpiled/browser-sync/glue.js", new Uint8Array(512).fill(32)],
  ["empty", new Uint8Array(0)],
]);

// A Map compares equal in any order; arrays of names do not.
const sortedNames = [...SMALL.keys()].toSorted((a, b) => (a < b ? -1 : 1));

const limits = { ...DEFAULT_LIMITS, packageBytes: 1024 * 1024, packageFiles: 100 };

function archive(...entries: Uint8Array[]): Uint8Array {
  return concat(tarEntry({ name: "manifest.json", content: "{}" }), ...entries, tarEnd());
}

describe("writeTar() and readArchive()", () => {
  test("give back the files, plain and compressed, from bytes and from a Blob", async () => {
    const tar = writeTar(SMALL);
    for (const bytes of [tar, new Uint8Array(gzipSync(tar))]) {
      expect(await readArchive(bytes, limits)).toEqual(SMALL);
      expect(await readArchive(new Blob([bytes]), limits)).toEqual(SMALL);
    }
  });

  test("write the same bytes for the same files in any order", () => {
    expect(writeTar(new Map([...SMALL].reverse()))).toEqual(writeTar(SMALL));
  });

  test("split a path that is longer than a header's name", async () => {
    const long = `${"d".repeat(100)}/${"e".repeat(50)}/${"f".repeat(90)}`;
    const files = new Map([...SMALL, [long, Uint8Array.of(1)]]);
    expect((await readArchive(writeTar(files), limits)).get(long)).toEqual(Uint8Array.of(1));
  });

  test("refuse to write what no reader would accept", async () => {
    await refusal(() => writeTar(new Map([["f".repeat(101), Uint8Array.of(1)]])), "package-invalid");
    await refusal(() => writeTar(new Map([["../x", Uint8Array.of(1)]])), "package-invalid");
  });

  test("read a package of several megabytes", async () => {
    const random = new SeededRandom(5);
    const content = Uint8Array.from({ length: 3_000_001 }, () => random.below(256));
    const files = new Map([...SMALL, ["large.bin", content]]);
    const read = await readArchive(new Blob([new Uint8Array(gzipSync(writeTar(files)))]), DEFAULT_LIMITS);
    expect(Buffer.compare(read.get("large.bin") ?? new Uint8Array(), content)).toBe(0);
  });

  test("read a Buffer, whose slices are views of the same memory", async () => {
    const archive = gzipSync(writeTar(SMALL));
    expect([...(await readArchive(archive, DEFAULT_LIMITS)).keys()].sort()).toEqual([...SMALL.keys()].sort());
  });

  test("take off one directory around everything, and a leading dot", async () => {
    const inside = (prefix: string) => concat(
      tarEntry({ name: prefix, type: "5" }),
      tarEntry({ name: `${prefix}manifest.json`, content: "{}" }),
      tarEntry({ name: `${prefix}a/b`, content: "x" }),
      tarEnd(),
    );
    for (const prefix of ["acme.blur-1.0.0/", "./", "./acme.blur-1.0.0/"]) {
      expect([...(await readArchive(inside(prefix), limits)).keys()]).toEqual(["manifest.json", "a/b"]);
    }
  });
});

describe("readArchive() refuses", () => {
  test.each<[string, Uint8Array]>([
    ["a hard link", archive(tarEntry({ name: "x", type: "1", link: "manifest.json" }))],
    ["a symbolic link", archive(tarEntry({ name: "x", type: "2", link: "/etc/passwd" }))],
    ["a character device", archive(tarEntry({ name: "x", type: "3" }))],
    ["a block device", archive(tarEntry({ name: "x", type: "4" }))],
    ["a named pipe", archive(tarEntry({ name: "x", type: "6" }))],
    ["a pax header", archive(tarEntry({ name: "x", type: "x", content: "11 path=y\n" }))],
    ["a global pax header", archive(tarEntry({ name: "x", type: "g", content: "11 path=y\n" }))],
    ["a GNU long name", archive(tarEntry({ name: "././@LongLink", type: "L", content: "y" }))],
    ["a sparse file", archive(tarEntry({ name: "x", type: "S" }))],
    ["an unknown type", archive(tarEntry({ name: "x", type: "\x01" }))],
    ["a file with a link's target", archive(tarEntry({ name: "x", link: "y", content: "z" }))],
    ["a path that leads out", archive(tarEntry({ name: "../x", content: "z" }))],
    ["a path that leads out further in", archive(tarEntry({ name: "a/../../x", content: "z" }))],
    ["a directory that leads out", archive(tarEntry({ name: "../", type: "5" }))],
    ["a path that leads out after its dot", archive(tarEntry({ name: "./../x", content: "z" }))],
    ["an absolute path", archive(tarEntry({ name: "/x", content: "z" }))],
    ["an absolute path after its dot", archive(tarEntry({ name: ".//x", content: "z" }))],
    ["a drive", archive(tarEntry({ name: "C:/x", content: "z" }))],
    ["a backslash", archive(tarEntry({ name: "a\\x", content: "z" }))],
    ["a device name", archive(tarEntry({ name: "a/NUL.js", content: "z" }))],
    ["a path hidden in the prefix", archive(tarEntry({ name: "x", prefix: "..", content: "z" }))],
    ["bytes after a name's end", archive(tarEntry({ name: "x\0y", content: "z" }))],
    ["an empty name", archive(tarEntry({ name: "", content: "z" }))],
    ["a name that is not ASCII", archive(tarEntry({ name: "\xe9", content: "z" }))],
    ["one file twice", archive(tarEntry({ name: "x", content: "1" }), tarEntry({ name: "x", content: "1" }))],
    ["one file twice, by its dot", archive(tarEntry({ name: "x", content: "1" }), tarEntry({ name: "./x", content: "2" }))],
    ["two files where case is ignored", archive(tarEntry({ name: "x", content: "1" }), tarEntry({ name: "X", content: "2" }))],
    ["a file inside a file", archive(tarEntry({ name: "x", content: "1" }), tarEntry({ name: "x/y", content: "2" }))],
    ["a directory with content", archive(tarEntry({ name: "x/", type: "5", content: "1" }))],
    ["a wrong checksum", archive(tarEntry({ name: "x", content: "1", checksum: 1 }))],
    ["a header without magic", archive(tarEntry({ name: "x", content: "1", magic: "\0\0\0\0\0\0\0\0" }))],
    ["a size in base 256", archive(tarEntry({ name: "x", content: "1", size: "\x80\0\0\0\0\0\0\0\0\0\0\x01" }))],
    ["a size that is no number", archive(tarEntry({ name: "x", content: "1", size: "-0000000001\0" }))],
    ["an empty size", archive(tarEntry({ name: "x", content: "1", size: "\0" }))],
    ["a size smaller than the content", archive(tarEntry({ name: "x", content: "12345", size: "00000000003\0" }))],
    ["a size of fewer blocks than follow", archive(tarEntry({ name: "x", content: "x".repeat(600), size: "00000000001\0" }))],
    ["a size of more than follows", archive(tarEntry({ name: "x", content: "1", size: "00000777777\0" }))],
    ["something after the end", concat(archive(), new Uint8Array(512).fill(1))],
    ["another archive after the end", concat(archive(), archive())],
    ["an end that is no whole block", concat(archive(), new Uint8Array(100))],
    ["more padding than any archiver writes", concat(archive(), new Uint8Array(1024 * 1024 + 1024))],
    ["no manifest", concat(tarEntry({ name: "x", content: "1" }), tarEnd())],
    ["two top directories", concat(tarEntry({ name: "a/manifest.json", content: "{}" }), tarEntry({ name: "b/x", content: "1" }), tarEnd())],
    ["a file beside the top directory", concat(tarEntry({ name: "a/manifest.json", content: "{}" }), tarEntry({ name: "x", content: "1" }), tarEnd())],
    ["nothing in it", tarEnd()],
    ["no bytes", new Uint8Array(0)],
    ["a zip file", toUtf8("PK\x03\x04".padEnd(2048, "x"))],
    ["a gzip header alone", Uint8Array.of(0x1f, 0x8b)],
  ])("%s", async (_what, bytes) => {
    await refusal(() => readArchive(bytes, limits), "package-invalid");
    await refusal(() => readArchive(new Uint8Array(gzipSync(bytes)), limits), "package-invalid");
  });

  test("an archive cut at any block, and inside any block", async () => {
    const tar = writeTar(SMALL);
    for (let end = 0; end < tar.length; end += 256) {
      await refusal(() => readArchive(tar.subarray(0, end), limits), "package-invalid");
      await refusal(() => readArchive(new Uint8Array(gzipSync(tar.subarray(0, end))), limits), "package-invalid");
    }
  });

  test("gzip data cut anywhere, or followed by anything", async () => {
    const bytes = new Uint8Array(gzipSync(writeTar(SMALL)));
    for (let end = 0; end < bytes.length; end += 1) {
      await refusal(() => readArchive(bytes.subarray(0, end), limits), "package-invalid");
    }
    await refusal(() => readArchive(concat(bytes, new Uint8Array(20)), limits), "package-invalid");
    await refusal(() => readArchive(concat(bytes, toUtf8("trailing")), limits), "package-invalid");
    await refusal(() => readArchive(concat(bytes, new Uint8Array(gzipSync(new Uint8Array(512)))), limits), "package-invalid");
  });

  test("more content than allowed, when it is announced", async () => {
    const content = new Uint8Array(limits.packageBytes - 1);
    const files = new Map([...SMALL, ["x", content]]);
    await refusal(() => readArchive(writeTar(files), limits), "package-too-large");
    const lying = archive(tarEntry({ name: "x", content: "1", size: "77777777777\0" }));
    await refusal(() => readArchive(lying, limits), "package-too-large");
  });

  test("more entries than allowed, directories included", async () => {
    const many = Array.from({ length: 250 }, (_, index) => tarEntry({ name: `d${index}/`, type: "5" }));
    await refusal(() => readArchive(archive(...many), limits), "package-too-large");
  });

  test("a source larger than any archive of an allowed package, unread", async () => {
    await refusal(() => readArchive(new Blob([new Uint8Array(4 * 1024 * 1024)]), limits), "package-too-large");
  });

  test("an archive bomb, without unpacking it", async () => {
    // 400 MB of zeros in one file, and in many files of an allowed size each: 0.4 MB compressed.
    const zeros = new Uint8Array(400 * 1024 * 1024);
    const header = tarEntry({ name: "x", size: `${zeros.length.toString(8).padStart(11, "0")}\0` });
    const bomb = new Uint8Array(gzipSync(concat(tarEntry({ name: "manifest.json", content: "{}" }), header, zeros), { level: 9 }));
    expect(bomb.length).toBeLessThan(500_000);
    const padding = new Uint8Array(gzipSync(concat(archive(), zeros), { level: 9 }));
    const allowed = { ...limits, packageBytes: 64 * 1024 * 1024 };
    const before = process.memoryUsage().rss;
    await refusal(() => readArchive(bomb, allowed), "package-too-large");
    await refusal(() => readArchive(padding, allowed), "package-invalid");
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });
});

test("fuzz: damaged archives are read or refused with a code", async () => {
  const random = new SeededRandom(2);
  const tar = writeTar(SMALL);
  const gzip = new Uint8Array(gzipSync(tar));
  for (let round = 0; round < 1500; round += 1) {
    const code = await outcome(() => readArchive(random.mutate(random.below(3) === 0 ? gzip : tar), limits));
    expect([undefined, "package-invalid", "package-too-large"]).toContain(code);
  }
});

const hasTar = spawnSync("tar", ["--version"]).status === 0;

describe.skipIf(!hasTar)("with the system's tar (skipped where there is none)", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "portcullis-tar-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function writeTree(): Promise<void> {
    for (const [name, content] of SMALL) {
      await mkdir(path.dirname(path.join(directory, "in", name)), { recursive: true });
      await writeFile(path.join(directory, "in", name), content);
    }
  }

  test("our archives are listed and unpacked", async () => {
    const file = path.join(directory, "sample.tar.gz");
    await writeFile(file, gzipSync(writeTar(SMALL)));
    const listed = execFileSync("tar", ["-tzf", file], { encoding: "utf8" });
    expect(listed.trim().split("\n")).toEqual(sortedNames);
    execFileSync("tar", ["-xzf", file, "-C", directory]);
    for (const [name, content] of SMALL) {
      expect(new Uint8Array(await readFile(path.join(directory, name)))).toEqual(content);
    }
  });

  test.each([["default", []], ["ustar", ["--format=ustar"]]])("its %s archives are read", async (_name, options) => {
    await writeTree();
    const file = path.join(directory, "sample.tgz");
    for (const what of [["-C", directory, "in"], ["-C", path.join(directory, "in"), "."]]) {
      execFileSync("tar", ["-czf", file, ...options, ...what]);
      expect(await readArchive(new Uint8Array(await readFile(file)), limits)).toEqual(SMALL);
    }
  });

  test("its archives with a symbolic link are refused", async () => {
    await writeTree();
    await symlink("/etc/passwd", path.join(directory, "in", "link"));
    const file = path.join(directory, "sample.tar");
    execFileSync("tar", ["-cf", file, "-C", path.join(directory, "in"), "."]);
    expect(await refusal(async () => readArchive(new Uint8Array(await readFile(file)), limits), "package-invalid")).toContain("symbolic link");
  });
});
