/** wasi:filesystem as a guest uses it, over both transports, against the page's real operations. */
import { describe, expect, test } from "vitest";
import { memoryDirectory } from "../../../src/broker/filesystem/memory-directory.js";
import { ErrorResource, type InputStream, type OutputStream } from "../../../src/wasi/io.js";
import { CREATE, createGuest, directory, drop, failure, FOLLOW, MODES, NONE, READ, READ_WRITE, readFile, WRITE, settled } from "./guest.js";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

async function readAll(stream: InputStream): Promise<string> {
  let whole = "";
  try {
    while (true) whole += text(await stream.blockingRead(7n));
  } catch (error) {
    expect((error as { payload: unknown }).payload).toEqual({ tag: "closed" });
    return whole;
  }
}

describe.each(MODES)("%s", (mode) => {
  const guestWith = (files: Record<string, string>, capability = "fs:rw:/data") => createGuest([capability], { "/data": memoryDirectory(files) }, mode);

  test("files are made, written and read", async () => {
    const guest = guestWith({});
    const base = directory(guest);
    const file = await base.openAt(FOLLOW, "file", CREATE, READ_WRITE);
    expect(await file.write(bytes("hello world"), 0n)).toBe(11n);
    expect(await file.read(5n, 6n)).toEqual([bytes("world"), false]);
    expect(await file.read(6n, 6n)).toEqual([bytes("world"), true]);
    expect(await file.read(5n, 11n)).toEqual([new Uint8Array(), true]);
    expect(await file.read(0n, 0n)).toEqual([new Uint8Array(), false]);
    await file.setSize(5n);
    expect(await file.stat()).toMatchObject({ type: "regular-file", size: 5n, linkCount: 1n });
    expect(await settled(file.getType())).toBe("regular-file");
    expect(await settled(file.getFlags())).toMatchObject({ read: true, write: true, mutateDirectory: false });
    await file.sync();
    await file.syncData();
    expect(await failure(() => file.advise(0n, 1n, "normal"))).toBe("success");
    drop(file);
    expect(await readFile(base, "file")).toBe("hello");
    expect(guest.openHandles()).toBe(0);
  });

  test("streams have offsets of their own, and outlive the descriptor", async () => {
    const guest = guestWith({ file: "0123456789" });
    const base = directory(guest);
    const file = await base.openAt(FOLLOW, "file", NONE, READ_WRITE);
    const [one, other] = [await file.readViaStream(0n), await file.readViaStream(5n)];
    const [writer, end] = [await file.writeViaStream(2n), await file.appendViaStream()];
    drop(file);
    expect(text(await one.read(3n))).toBe("012");
    expect(text(await other.read(3n))).toBe("567");
    await writer.write(bytes("ab"));
    await end.blockingWriteAndFlush(bytes("E"));
    await writer.write(bytes("cd"));
    await writer.flush();
    await end.write(bytes("F"));
    expect(await readAll(one)).toBe("bcd6789EF");
    expect(await other.skip(1n)).toBe(1n);
    expect(await readAll(other)).toBe("9EF");
    for (const stream of [one, other, writer]) drop(stream);
    expect(guest.openHandles()).toBe(1);
    drop(end);
    expect(guest.openHandles()).toBe(0);
  });

  test("a stream's error says what the file's was", async () => {
    const guest = createGuest(["fs:rw:/data"], { "/data": memoryDirectory({ file: "x" }, { maximumBytes: 1_000 }) }, mode);
    const file = await directory(guest).openAt(FOLLOW, "file", NONE, READ_WRITE);
    const stream: OutputStream = await file.writeViaStream(0n);
    const error = (await failure(() => stream.write(new Uint8Array(2_000)))) as { tag: string; val: ErrorResource };
    expect(error.tag).toBe("last-operation-failed");
    expect(error.val.toDebugString()).toContain("insufficient-space");
    const errorCode = guest.implementations.get("wasi:filesystem/types")?.functions.get("filesystem-error-code") as (error: unknown) => unknown;
    expect(errorCode(error.val)).toBe("insufficient-space");
    expect(errorCode(new ErrorResource("of HTTP", { tag: "connection-refused" }))).toBeUndefined();
  });

  test("directories are made, listed and removed", async () => {
    const files = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`many/${index}`, "x"]));
    const guest = guestWith(files);
    const base = directory(guest);
    await base.createDirectoryAt("many/folder");
    const many = await base.openAt(FOLLOW, "many", { directory: true }, READ);
    expect(await settled(many.getType())).toBe("directory");
    expect(await settled(many.getFlags())).toMatchObject({ read: true, write: false, mutateDirectory: true });
    const listing = await many.readDirectory();
    const found: { name: string; type: string }[] = [];
    for (let entry = await listing.readDirectoryEntry(); entry !== undefined; entry = await listing.readDirectoryEntry()) found.push(entry);
    expect(await listing.readDirectoryEntry()).toBeUndefined();
    expect(found).toHaveLength(601);
    expect(found.find(({ name }) => name === "folder")).toEqual({ name: "folder", type: "directory" });
    expect(await failure(() => base.removeDirectoryAt("many"))).toBe("not-empty");
    await many.removeDirectoryAt("folder");
    await many.unlinkFileAt("0");
    expect(await failure(() => many.statAt(FOLLOW, "0"))).toBe("no-entry");
    drop(listing);
    drop(many);
    expect(guest.openHandles()).toBe(0);
  });

  test("files and directories are renamed, from one descriptor to another", async () => {
    const guest = guestWith({ "a/file": "1", "b/other": "2" });
    const base = directory(guest);
    const [a, b] = [await base.openAt(FOLLOW, "a", NONE, READ), await base.openAt(FOLLOW, "b", NONE, READ)];
    await a.renameAt("file", b, "moved");
    expect(await readFile(base, "b/moved")).toBe("1");
    await b.renameAt("moved", b, "other");
    expect(await readFile(base, "b/other")).toBe("1");
    await base.renameAt("b", a, "inner");
    expect(await readFile(base, "a/inner/other")).toBe("1");
    await base.renameAt("a/inner", base, "a/./inner");
    expect(await failure(() => base.renameAt("a", a, "below"))).toBe("invalid");
    expect(await failure(() => base.renameAt("a", base, "a/inner"))).toBe("invalid");
    expect(await failure(() => base.renameAt("missing", base, "missing"))).toBe("no-entry");
    expect(await failure(() => base.renameAt(".", base, "x"))).toBe("busy");
  });

  test.each([
    ["missing", NONE, READ, "no-entry"],
    ["", NONE, READ, "no-entry"],
    ["missing", { directory: true }, READ, "no-entry"],
    ["missing/", CREATE, WRITE, "no-entry"],
    ["file", { create: true, exclusive: true }, WRITE, "exist"],
    ["folder", { create: true, exclusive: true }, WRITE, "exist"],
    ["file", { directory: true }, READ, "not-directory"],
    ["file/", NONE, READ, "not-directory"],
    ["file/.", NONE, READ, "not-directory"],
    ["file/below", CREATE, WRITE, "not-directory"],
    ["file/../file", NONE, READ, "not-directory"],
    ["missing/../file", NONE, READ, "no-entry"],
    ["folder", NONE, WRITE, "is-directory"],
    ["folder", CREATE, READ, "is-directory"],
    ["folder", { truncate: true }, READ, "is-directory"],
    ["folder", { create: true, directory: true }, READ, "invalid"],
    ["folder/missing/file", CREATE, WRITE, "no-entry"],
  ] as const)("opening %j with %o for %o is %s", async (path, openFlags, flags, wanted) => {
    const guest = guestWith({ file: "x", "folder/file": "x" });
    expect(await failure(() => directory(guest).openAt(FOLLOW, path, openFlags, flags))).toBe(wanted);
    expect(guest.openHandles()).toBe(0);
    expect(guest.denials).toEqual([]);
  });

  test("dots and empty parts of a path are resolved", async () => {
    const base = directory(guestWith({ "a/b/file": "x", file: "y" }));
    for (const path of ["a/b/file", "a//b/file", "./a/./b/file", "a/b/../b/file", "a/../a/b/file"]) expect(await readFile(base, path)).toBe("x");
    expect(await base.statAt(FOLLOW, ".")).toMatchObject({ type: "directory" });
    expect(await base.statAt(FOLLOW, "a/..")).toMatchObject({ type: "directory" });
  });

  test("what a descriptor was not opened for, it does not do", async () => {
    const base = directory(guestWith({ file: "x" }));
    const [reader, writer] = [await base.openAt(FOLLOW, "file", NONE, READ), await base.openAt(FOLLOW, "file", NONE, WRITE)];
    for (const work of [() => reader.write(bytes("y"), 0n), () => reader.setSize(0n), () => reader.writeViaStream(0n), () => reader.appendViaStream()]) {
      expect(await failure(work)).toBe("bad-descriptor");
    }
    for (const work of [() => writer.read(1n, 0n), () => writer.readViaStream(0n)]) expect(await failure(work)).toBe("bad-descriptor");
    for (const work of [() => base.read(1n, 0n), () => base.write(bytes("y"), 0n), () => base.setSize(0n), () => base.readViaStream(0n), () => base.appendViaStream()]) {
      expect(await failure(work)).toBe("is-directory");
    }
    for (const work of [() => reader.readDirectory(), () => reader.openAt(FOLLOW, "x", NONE, READ), () => reader.statAt(FOLLOW, "x")]) {
      expect(await failure(work)).toBe("not-directory");
    }
    expect(await readFile(base, "file")).toBe("x");
  });

  test("links do not exist", async () => {
    const base = directory(guestWith({ file: "x" }));
    expect(await failure(() => base.symlinkAt("file", "link"))).toBe("unsupported");
    expect(await failure(() => base.linkAt(FOLLOW, "file", base, "link"))).toBe("unsupported");
    // What language libraries expect for something that is no link, when they make a path canonical.
    expect(await failure(() => base.readlinkAt("file"))).toBe("invalid");
    expect(await failure(() => base.readlinkAt("missing"))).toBe("no-entry");
  });

  test("the same object and its metadata are known", async () => {
    const guest = createGuest(["fs:rw:/data", "fs:ro:/other"], { "/data": memoryDirectory({ "a/file": "x", b: "x" }), "/other": memoryDirectory({ b: "x" }) }, mode);
    const [base, other] = [directory(guest), directory(guest, "/other")];
    const [file, again, b] = [await base.openAt(FOLLOW, "a/file", NONE, READ_WRITE), await base.openAt(FOLLOW, "a/../a/file", NONE, READ), await base.openAt(FOLLOW, "b", NONE, READ)];
    expect(await file.isSameObject(again)).toBe(true);
    expect(await file.isSameObject(b)).toBe(false);
    expect(await b.isSameObject(await other.openAt(FOLLOW, "b", NONE, READ))).toBe(false);
    const hash = await file.metadataHash();
    expect(await base.metadataHashAt(FOLLOW, "a/file")).toEqual(hash);
    expect(await base.metadataHashAt(FOLLOW, "b")).not.toEqual(hash);
    expect(await other.metadataHashAt(FOLLOW, "b")).not.toEqual(await base.metadataHashAt(FOLLOW, "b"));
    await file.write(bytes("longer"), 0n);
    expect(await file.metadataHash()).not.toEqual(hash);
  });

  test("times are set, and shown in whole seconds", async () => {
    const base = directory(guestWith({ file: "x" }));
    const time = { tag: "timestamp", val: { seconds: 1_000n, nanoseconds: 999_000_000 } };
    await base.setTimesAt(FOLLOW, "file", { tag: "no-change" }, time);
    expect(await base.statAt(FOLLOW, "file")).toMatchObject({ dataModificationTimestamp: { seconds: 1_000n, nanoseconds: 0 } });
    const file = await base.openAt(FOLLOW, "file", NONE, READ);
    await file.setTimes({ tag: "now" }, { tag: "no-change" });
    expect(await file.stat()).toMatchObject({ dataModificationTimestamp: { seconds: 1_000n, nanoseconds: 0 } });
    expect(await failure(() => file.setTimes({ tag: "timestamp", val: { seconds: 2n ** 63n, nanoseconds: 0 } }, { tag: "no-change" }))).toBe("overflow");
  });

  test("a long write is taken in part by a descriptor", async () => {
    const base = directory(guestWith({}));
    const file = await base.openAt(FOLLOW, "file", CREATE, READ_WRITE);
    expect(await file.write(new Uint8Array(3_000_000), 0n)).toBe(1_048_576n);
    expect(await file.stat()).toMatchObject({ size: 1_048_576n });
    await file.write(new Uint8Array(1_000_000), 1_048_576n);
    const [part, isEnd] = (await file.read(3_000_000n, 0n)) as readonly [Uint8Array, boolean];
    expect([part.length, isEnd]).toEqual([1_048_576, false]);
  });
});

test("a long write is taken in pieces by a stream", async () => {
  const base = directory(createGuest(["fs:rw:/data"], { "/data": memoryDirectory() }));
  const file = await base.openAt(FOLLOW, "file", CREATE, READ_WRITE);
  const content = Uint8Array.from({ length: 2_500_000 }, (_, index) => index % 251);
  await (await file.writeViaStream(1n)).write(content);
  expect(await file.stat()).toMatchObject({ size: 2_500_001n });
  expect(await file.read(3n, 2_499_998n)).toEqual([content.slice(-3), false]);
});
