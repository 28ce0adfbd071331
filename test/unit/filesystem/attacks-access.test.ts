/** What a hostile guest tries on wasi:filesystem to change what it may only read, or to read what it may no longer. */
import { describe, expect, test } from "vitest";
import { memoryDirectory } from "../../../src/broker/filesystem/memory-directory.js";
import type { Descriptor } from "../../../src/wasi/filesystem/descriptor.js";
import { CREATE, createGuest, directory, failure, FOLLOW, MODES, NONE, READ, READ_WRITE, readFile, WRITE, writeFile, settled } from "./guest.js";
import { recorded } from "./recorded-directory.js";
describe("from one preopen to another", () => {
  const two = () => {
    const [own, other] = [memoryDirectory({ file: "own" }), memoryDirectory({ file: "other" })];
    return { own, other, guest: createGuest(["fs:rw:/own", "fs:ro:/other"], { "/own": own, "/other": other }) };
  };

  test("a file is not moved out of, or into, what is read-only", async () => {
    const { guest } = two();
    const [own, other] = [directory(guest, "/own"), directory(guest, "/other")];
    expect(await failure(() => own.renameAt("file", other, "file"))).toBe("read-only");
    expect(await failure(() => other.renameAt("file", own, "stolen"))).toBe("read-only");
    expect(await failure(() => own.linkAt(FOLLOW, "file", other, "link"))).toBe("read-only");
    expect([await readFile(own, "file"), await readFile(other, "file")]).toEqual(["own", "other"]);
    expect(guest.denials).toHaveLength(3);
  });

  test("a file is not moved to another backend", async () => {
    const guest = createGuest(["fs:rw:/own", "fs:rw:/other"], { "/own": memoryDirectory({ file: "own" }), "/other": memoryDirectory() });
    expect(await failure(() => directory(guest, "/own").renameAt("file", directory(guest, "/other"), "file"))).toBe("cross-device");
  });

  test("a path is resolved from the descriptor that it is used with", async () => {
    const { guest } = two();
    for (const path of ["../other/file", "/other/file", "../../other/file"]) {
      expect(await failure(() => directory(guest, "/own").openAt(FOLLOW, path, NONE, READ))).toBe("not-permitted");
    }
    expect(await readFile(directory(guest, "/other"), "file")).toBe("other");
  });

  test("parts of one directory have their own access", async () => {
    const guest = createGuest(["fs:ro:/data", "fs:rw:/data/out"], { "/data": memoryDirectory({ "out/file": "x", file: "y" }) });
    await writeFile(directory(guest, "/data/out"), "file", "z");
    expect(await failure(() => writeFile(directory(guest), "out/file", "w"))).toBe("read-only");
    expect(await readFile(directory(guest), "out/file")).toBe("z");
  });
});

describe.each(MODES)("what is read-only, %s", (mode) => {
  const DESCRIPTOR_ROUTES: readonly (readonly [string, (file: Descriptor) => unknown])[] = [
    ["write", (file) => file.write(Uint8Array.of(1), 0n)],
    ["set-size", (file) => file.setSize(0n)],
    ["set-times", (file) => file.setTimes({ tag: "now" }, { tag: "now" })],
    ["write-via-stream", (file) => file.writeViaStream(0n)],
    ["append-via-stream", (file) => file.appendViaStream()],
  ];
  const PATH_ROUTES: readonly (readonly [string, (base: Descriptor) => unknown])[] = [
    ["open-at for writing", (base) => base.openAt(FOLLOW, "file", NONE, WRITE)],
    ["open-at for both", (base) => base.openAt(FOLLOW, "file", NONE, READ_WRITE)],
    ["open-at with truncate", (base) => base.openAt(FOLLOW, "file", { truncate: true }, READ)],
    ["open-at with create", (base) => base.openAt(FOLLOW, "new", CREATE, READ)],
    ["open-at with create of what is there", (base) => base.openAt(FOLLOW, "file", CREATE, READ)],
    ["open-at for mutate-directory", (base) => base.openAt(FOLLOW, "folder", NONE, { mutateDirectory: true })],
    ["create-directory-at", (base) => base.createDirectoryAt("new")],
    ["remove-directory-at", (base) => base.removeDirectoryAt("folder")],
    ["unlink-file-at", (base) => base.unlinkFileAt("file")],
    ["rename-at", (base) => base.renameAt("file", base, "new")],
    ["rename-at to itself", (base) => base.renameAt("file", base, "file")],
    ["set-times-at", (base) => base.setTimesAt(FOLLOW, "file", { tag: "now" }, { tag: "now" })],
    ["set-times-at of nothing", (base) => base.setTimesAt(FOLLOW, "file", { tag: "no-change" }, { tag: "no-change" })],
    ["link-at", (base) => base.linkAt(FOLLOW, "file", base, "new")],
    ["symlink-at", (base) => base.symlinkAt("file", "new")],
  ];
  const backendOf = () => recorded(memoryDirectory({ file: "kept", "folder/file": "kept" }));

  test.each(PATH_ROUTES)("is not changed by %s", async (_name, work) => {
    const { backend, asked } = backendOf();
    const guest = createGuest(["fs:ro:/data"], { "/data": backend }, mode);
    expect(await failure(() => work(directory(guest)))).toBe("read-only");
    const folder = await directory(guest).openAt(FOLLOW, "folder", NONE, READ);
    asked.length = 0;
    expect(await failure(() => work(folder))).toBe("read-only");
    expect(asked).toEqual([]);
    expect(guest.denials.map(({ capability }) => capability)).toEqual(["fs", "fs"]);
  });

  test.each(DESCRIPTOR_ROUTES)("is not changed by %s", async (_name, work) => {
    const { backend, asked } = backendOf();
    const guest = createGuest(["fs:ro:/data"], { "/data": backend }, mode);
    const file = await directory(guest).openAt(FOLLOW, "file", NONE, READ);
    asked.length = 0;
    expect(await failure(() => work(file))).toBe("read-only");
    expect(asked).toEqual([]);
    expect(guest.denials).toHaveLength(1);
    expect(await settled(file.getFlags())).toMatchObject({ read: true, write: false, mutateDirectory: false });
    expect(await settled(directory(guest).getFlags())).toMatchObject({ mutateDirectory: false });
  });

  test.each([...DESCRIPTOR_ROUTES, ["sync", (file: Descriptor) => file.sync()] as const].slice(0, -1))("is not changed by %s of what was opened before it became so", async (_name, work) => {
    const { backend, asked } = backendOf();
    const guest = createGuest(["fs:rw:/data"], { "/data": backend }, mode);
    const file = await directory(guest).openAt(FOLLOW, "file", NONE, READ_WRITE);
    const stream = await file.appendViaStream();
    guest.regrant("fs:ro:/data");
    asked.length = 0;
    expect(await failure(() => work(file))).toBe("read-only");
    expect(await failure(() => stream.write(Uint8Array.of(1)))).toMatchObject({ tag: "last-operation-failed", val: { code: "read-only" } });
    expect(asked).toEqual([]);
  });

  test("stays so, whatever is granted later", async () => {
    const { backend, asked } = backendOf();
    const guest = createGuest(["fs:ro:/data"], { "/data": backend }, mode);
    guest.regrant("fs:rw:/data");
    for (const [, work] of PATH_ROUTES) expect(await failure(() => work(directory(guest)))).toBe("read-only");
    expect(asked).toEqual([]);
  });

  test("is not read either once the grant is revoked, by anything that is open", async () => {
    const { backend, asked } = backendOf();
    const guest = createGuest(["fs:ro:/data"], { "/data": backend }, mode);
    const base = directory(guest);
    const file = await base.openAt(FOLLOW, "file", NONE, READ);
    const [stream, listing] = [await file.readViaStream(0n), await base.readDirectory()];
    guest.regrant("clocks", "fs:ro:/other", "fs:ro:/data/folder");
    asked.length = 0;
    const reading = [
      () => file.read(1n, 0n), () => file.stat(), () => file.sync(), () => file.metadataHash(), () => file.readViaStream(0n),
      () => base.openAt(FOLLOW, "file", NONE, READ), () => base.statAt(FOLLOW, "file"), () => base.readDirectory(), () => base.readlinkAt("file"),
      () => base.metadataHashAt(FOLLOW, "file"), () => listing.readDirectoryEntry(), () => base.unlinkFileAt("file"),
    ];
    for (const work of reading) expect(await failure(work)).toBe("not-permitted");
    expect(await failure(() => stream.blockingRead(1n))).toMatchObject({ tag: "last-operation-failed", val: { code: "not-permitted" } });
    expect(asked).toEqual([]);
    expect(guest.denials).toHaveLength(reading.length + 1);
  });
});
