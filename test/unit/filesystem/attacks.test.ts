/** What a hostile guest, or a worker that something took over, tries on wasi:filesystem. */
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MalformedCall } from "../../../src/broker/call-errors.js";
import { type DirectoryBackend, DirectoryError, type DirectoryPath } from "../../../src/broker/filesystem/directory-backend.js";
import { memoryDirectory } from "../../../src/broker/filesystem/memory-directory.js";
import { nameProblem } from "../../../src/broker/filesystem/resolve-path.js";
import type { Descriptor } from "../../../src/wasi/filesystem/descriptor.js";
import { CREATE, createGuest, directory, failure, FOLLOW, type Guest, type Mode, NONE, READ, READ_WRITE, readFile, WRITE, writeFile, settled } from "./guest.js";

const MODES: readonly Mode[] = ["suspending", "blocking"];
const SECRET = "secret";

/** Every way in which a path reaches the page, with what else it needs. */
function routes(base: Descriptor, path: string): readonly (readonly [name: string, work: () => unknown])[] {
  return [
    ["open-at", () => base.openAt(FOLLOW, path, NONE, READ)],
    ["open-at to create", () => base.openAt(FOLLOW, path, CREATE, WRITE)],
    ["stat-at", () => base.statAt(FOLLOW, path)],
    ["set-times-at", () => base.setTimesAt(FOLLOW, path, { tag: "now" }, { tag: "now" })],
    ["create-directory-at", () => base.createDirectoryAt(path)],
    ["remove-directory-at", () => base.removeDirectoryAt(path)],
    ["unlink-file-at", () => base.unlinkFileAt(path)],
    ["rename-at from", () => base.renameAt(path, base, "stolen")],
    ["rename-at to", () => base.renameAt("own", base, path)],
    ["link-at from", () => base.linkAt(FOLLOW, path, base, "stolen")],
    ["link-at to", () => base.linkAt(FOLLOW, "own", base, path)],
    ["symlink-at", () => base.symlinkAt("own", path)],
    ["readlink-at", () => base.readlinkAt(path)],
    ["metadata-hash-at", () => base.metadataHashAt(FOLLOW, path)],
  ];
}

/** A backend that notes every path that it is asked for. */
function recorded(backend: DirectoryBackend): { readonly backend: DirectoryBackend; readonly asked: DirectoryPath[] } {
  const asked: DirectoryPath[] = [];
  const note = <Path extends DirectoryPath>(path: Path): Path => {
    asked.push(path);
    return path;
  };
  return {
    asked,
    backend: {
      stat: (path) => backend.stat(note(path)),
      list: (path) => backend.list(note(path)),
      read: (path, offset, length) => backend.read(note(path), offset, length),
      write: (path, offset, content) => backend.write(note(path), offset, content),
      resize: (path, size) => backend.resize(note(path), size),
      createFile: (path) => backend.createFile(note(path)),
      createDirectory: (path) => backend.createDirectory(note(path)),
      removeFile: (path) => backend.removeFile(note(path)),
      removeDirectory: (path) => backend.removeDirectory(note(path)),
      rename: (from, to) => backend.rename(note(from), note(to)),
    },
  };
}

describe.each(MODES)("paths that lead out, %s", (mode) => {
  const OUT: readonly (readonly [path: string, code: string])[] = [
    ["..", "not-permitted"],
    ["../outside", "not-permitted"],
    ["a/../../outside", "not-permitted"],
    ["a/../..", "not-permitted"],
    ["./../outside", "not-permitted"],
    ["a//..//..//outside", "not-permitted"],
    ["/outside", "not-permitted"],
    ["/", "not-permitted"],
    ["//outside", "not-permitted"],
    ["/data/own", "not-permitted"],
    ["..\\outside", "invalid"],
    ["a\\..\\..\\outside", "invalid"],
    ["own\0/../../outside", "invalid"],
    ["own\0", "invalid"],
    ["C:", "invalid"],
    ["C:\\outside", "invalid"],
    ["C:/outside", "invalid"],
    ["own:stream", "invalid"],
    ["own::$DATA", "invalid"],
    ["file://outside", "invalid"],
    ["\\\\server\\share", "invalid"],
    ["own\n", "invalid"],
    ["own\u007f", "invalid"],
    ["own\u0085", "invalid"],
    ["own.", "invalid"],
    ["own ", "invalid"],
    ["...", "invalid"],
    ["..../outside", "invalid"],
    [".. /outside", "invalid"],
    ["*", "invalid"],
    ["ow?", "invalid"],
    ["\ud800", "illegal-byte-sequence"],
    ["a\udfff/b", "illegal-byte-sequence"],
    ["", "no-entry"],
    ["x".repeat(256), "name-too-long"],
    ["ü".repeat(128), "name-too-long"],
    ["a/".repeat(2_048) + "a", "name-too-long"],
    ["../".repeat(2_000), "name-too-long"],
    ...["CON", "con", "CON.txt", "con.tar.gz", "NUL", "nul.", "PRN", "aux.c", "COM1", "com9.log", "COM¹", "LPT0", "lpt².x", "CONIN$", "conout$", "NUL .txt"].map((name) => [name, "invalid"] as const),
    ...["sub/CON", "NUL/below"].map((name) => [name, "invalid"] as const),
  ];

  test.each(OUT)("%j is refused as %s by every route", async (path, code) => {
    const outer = recorded(memoryDirectory({ outside: SECRET, "sub/own": "own", "sub/a/b": "x" }));
    const guest = createGuest(["fs:rw:/data/sub"], { "/data": outer.backend }, mode);
    const base = directory(guest, "/data/sub");
    await base.stat();
    for (const [route, work] of routes(base, path)) {
      outer.asked.length = 0;
      // What is missing is the guest's own `no-entry`, from before anything was asked.
      expect([route, await failure(work)]).toEqual([route, code]);
      expect(outer.asked.filter((asked) => asked[0] !== "sub")).toEqual([]);
    }
    expect(await outer.backend.read(["outside"], 0, 100)).toEqual(new TextEncoder().encode(SECRET));
    expect(guest.denials).toHaveLength(code === "not-permitted" ? routes(base, path).length : 0);
  });

  test("a way out is in the audit, with a path that cannot rewrite it", async () => {
    const guest = createGuest(["fs:rw:/data"], { "/data": memoryDirectory() }, mode);
    await failure(() => directory(guest).openAt(FOLLOW, "../\u202e\u001b[31m", NONE, READ));
    expect(guest.denials).toEqual([
      { capability: "fs", function: "wasi:filesystem/types#[method]descriptor.open-at", summary: String.raw`open-at "../\u202e\u001b[31m" in "/data": not-permitted` },
    ]);
  });

  test("a descriptor of a directory does not reach its parent, though the preopen does", async () => {
    const guest = createGuest(["fs:rw:/data"], { "/data": memoryDirectory({ outside: SECRET, "sub/own": "own" }) }, mode);
    const sub = await directory(guest).openAt(FOLLOW, "sub", { directory: true }, READ);
    for (const [route, work] of routes(sub, "../outside")) expect([route, await failure(work)]).toEqual([route, "not-permitted"]);
    expect(await readFile(directory(guest), "outside")).toBe(SECRET);
  });
});

test.each(["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "then", "a⁄outside", "a∕outside", "a／outside", "．．", "‥", "%2e%2e", "%2e%2e%2foutside", "~", "-rf", "$HOME", "desktop.ini"])(
  "%j is only a name",
  async (name) => {
    const outer = memoryDirectory({ outside: SECRET });
    await outer.createDirectory(["sub"]);
    const base = directory(createGuest(["fs:rw:/data/sub"], { "/data": outer }), "/data/sub");
    expect(await failure(() => base.statAt(FOLLOW, name))).toBe("no-entry");
    await writeFile(base, name, "mine");
    await base.createDirectoryAt(`${name}-folder`);
    await writeFile(base, `${name}-folder/${name}`, "deep");
    expect(await readFile(base, name)).toBe("mine");
    expect((await outer.list([])).map((entry) => entry.name).sort()).toEqual(["outside", "sub"]);
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("mine");
  },
);

test("case variants of a name are other names", async () => {
  const base = directory(createGuest(["fs:rw:/data"], { "/data": memoryDirectory({ Secret: SECRET }) }));
  for (const name of ["secret", "SECRET", "ſecret"]) expect(await failure(() => base.openAt(FOLLOW, name, NONE, READ))).toBe("no-entry");
});

test("a directory opened in a directory, again and again, does not make endless paths", async () => {
  const base = directory(createGuest(["fs:rw:/data"], { "/data": memoryDirectory() }));
  const name = "d".repeat(200);
  let [current, depth] = [base, 0];
  let outcome: unknown = "success";
  for (; depth < 100 && outcome === "success"; depth += 1) {
    const parent = current;
    outcome = await failure(async () => {
      await parent.createDirectoryAt(name);
      current = await parent.openAt(FOLLOW, name, NONE, READ);
    });
  }
  expect([outcome, depth]).toEqual(["name-too-long", 21]);
});

test("a backend that lists names which lead elsewhere does not get them to the guest", async () => {
  const backend = memoryDirectory({ good: "x" });
  const names = ["../up", "/absolute", "a\\b", "..", ".", "", "nul", "good", "x\0y", "\ud800"];
  const guest = createGuest(["fs:ro:/data"], { "/data": { ...backend, list: async () => names.map((name) => ({ name, kind: "file" as const })) } });
  const listing = await directory(guest).readDirectory();
  expect([await listing.readDirectoryEntry(), await listing.readDirectoryEntry()]).toEqual([{ name: "good", type: "regular-file" }, undefined]);
});

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

describe("a worker that was taken over", () => {
  const guestOf = () => createGuest(["fs:rw:/data"], { "/data": memoryDirectory({ file: "x" }) });
  const base = (guest: Guest) => guest.preopens[0]?.descriptor.handle;

  test.each([0, -1, 2, 999, 1.5, Number.NaN, "1", null, undefined, {}, [1], 1n])("forges the handle %o in vain", async (forged) => {
    const guest = guestOf();
    const operations = ["read", "write", "append", "stat", "stat-at", "open-at", "read-directory", "next-entries", "unlink-file-at", "is-same-object", "metadata-hash", "sync"];
    for (const operation of operations) {
      await expect(guest.callDirectly(`filesystem.${operation}`, forged, "file", "file", "file")).rejects.toThrow(MalformedCall);
    }
    for (const operation of ["rename-at", "link-at"]) {
      await expect(guest.callDirectly(`filesystem.${operation}`, base(guest), "file", forged, "new")).rejects.toThrow(MalformedCall);
    }
  });

  test("uses a closed file in vain", async () => {
    const guest = guestOf();
    const { handle } = (await guest.callDirectly("filesystem.open-at", base(guest), "file", NONE, READ)) as { readonly handle: number };
    await guest.callDirectly("handle.drop", handle);
    await expect(guest.callDirectly("filesystem.read", handle, 1n, 0n)).rejects.toThrow(MalformedCall);
    await guest.callDirectly("handle.drop", base(guest));
    await expect(guest.callDirectly("filesystem.stat", base(guest))).rejects.toThrow(MalformedCall);
  });

  test("takes a listing for a file, and a file for a listing, in vain", async () => {
    const guest = guestOf();
    const listing = await guest.callDirectly("filesystem.read-directory", base(guest));
    await expect(guest.callDirectly("filesystem.read", listing, 1n, 0n)).rejects.toThrow(MalformedCall);
    await expect(guest.callDirectly("filesystem.next-entries", base(guest))).rejects.toThrow(MalformedCall);
  });

  test("is understood from another realm, whose classes are others", async () => {
    const guest = guestOf();
    const { handle } = (await guest.callDirectly("filesystem.open-at", base(guest), "file", ...(runInNewContext(`[{ create: true }, { read: true, write: true }]`) as unknown[]))) as { readonly handle: number };
    await guest.callDirectly("filesystem.write", handle, runInNewContext("Uint8Array.of(1, 2, 3).subarray(1)"), 0n);
    expect(await guest.callDirectly("filesystem.read", handle, 9n, 0n)).toEqual([Uint8Array.of(2, 3), true]);
    await expect(guest.callDirectly("filesystem.write", handle, runInNewContext("Uint16Array.of(1)"), 0n)).rejects.toThrow(MalformedCall);
  });

  test.each([
    ["read", [-1n, 0n]], ["read", [1n, -1n]], ["read", [2n ** 64n, 0n]], ["read", [1, 0]], ["read", ["1", "0"]], ["read", []],
    ["write", [Uint8Array.of(1), -1n]], ["write", [[1], 0n]], ["write", ["x", 0n]], ["write", [new Uint8Array(1024 * 1024 + 1), 0n]], ["write", [new Uint16Array(1), 0n]], ["write", [{ length: 1 }, 0n]],
    ["append", ["x"]], ["append", [new Uint8Array(2 ** 21)]], ["set-size", [-1n]], ["set-size", [1]],
    ["set-times", [{ tag: "other" }, { tag: "now" }]], ["set-times", [{ tag: "timestamp" }, { tag: "now" }]], ["set-times", [null, null]],
    ["set-times", [{ tag: "timestamp", val: { seconds: 1, nanoseconds: 0 } }, { tag: "now" }]], ["set-times", [{ tag: "timestamp", val: { seconds: 1n, nanoseconds: 1e9 } }, { tag: "now" }]],
  ])("calls %s with %o in vain", async (operation, values) => {
    const guest = guestOf();
    const { handle } = (await guest.callDirectly("filesystem.open-at", base(guest), "file", NONE, READ_WRITE)) as { readonly handle: number };
    await expect(guest.callDirectly(`filesystem.${operation}`, handle, ...values)).rejects.toThrow(MalformedCall);
  });

  test.each([[null], [1], [["file"]], [{ toString: () => "file" }], [undefined]])("gives the path %o in vain", async (path) => {
    const guest = guestOf();
    for (const operation of ["open-at", "stat-at", "unlink-file-at", "create-directory-at", "readlink-at"]) {
      await expect(guest.callDirectly(`filesystem.${operation}`, base(guest), path, NONE, READ)).rejects.toThrow(MalformedCall);
    }
    await expect(guest.callDirectly("filesystem.open-at", base(guest), "file", null, READ)).rejects.toThrow(MalformedCall);
  });

  test("skips the stream that would have been refused, in vain", async () => {
    const guest = createGuest(["fs:ro:/data"], { "/data": memoryDirectory({ file: "kept" }) });
    const { handle } = (await guest.callDirectly("filesystem.open-at", base(guest), "file", NONE, READ)) as { readonly handle: number };
    for (const values of [["write", Uint8Array.of(1), 0n], ["append", Uint8Array.of(1)]] as const) {
      await expect(guest.callDirectly(`filesystem.${values[0]}`, handle, ...values.slice(1))).rejects.toMatchObject({ payload: "read-only" });
    }
  });

  test("opens files without end, in vain", async () => {
    const guest = guestOf();
    let count = 0;
    const outcome = await failure(async () => {
      for (; count < 10_000; count += 1) await directory(guest).openAt(FOLLOW, "file", NONE, READ);
    });
    expect([outcome, count < 5_000]).toEqual(["insufficient-memory", true]);
  });
});

describe("sizes", () => {
  const small = () => directory(createGuest(["fs:rw:/data"], { "/data": memoryDirectory({ file: "kept" }, { maximumBytes: 10_000 }) }));
  const opened = async (base: Descriptor) => base.openAt(FOLLOW, "file", NONE, READ_WRITE);

  test("more than the directory may hold is refused by every route", async () => {
    const base = small();
    const file = await opened(base);
    expect(await failure(() => file.write(new Uint8Array(20_000), 0n))).toBe("insufficient-space");
    expect(await failure(() => file.write(Uint8Array.of(1), 20_000n))).toBe("insufficient-space");
    expect(await failure(() => file.setSize(20_000n))).toBe("insufficient-space");
    for (const stream of [await file.appendViaStream(), await file.writeViaStream(10n), await file.writeViaStream(2n ** 52n)]) {
      expect(await failure(() => stream.write(new Uint8Array(20_000)))).toMatchObject({ val: { code: "insufficient-space" } });
    }
    const filling = async () => {
      for (let index = 0; index < 100; index += 1) await writeFile(base, `file ${index}`, "");
    };
    expect(await failure(filling)).toBe("insufficient-space");
    expect(await readFile(base, "file")).toBe("kept");
  });

  test("offsets and sizes that no file has take no memory", async () => {
    const file = await opened(small());
    for (const huge of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(await file.read(2n ** 64n - 1n, huge)).toEqual([new Uint8Array(), true]);
      expect(await failure(() => file.write(Uint8Array.of(1), huge))).toBe("file-too-large");
      expect(await failure(() => file.setSize(huge))).toBe("file-too-large");
    }
    expect(await file.read(2n ** 64n - 1n, 0n)).toEqual([new TextEncoder().encode("kept"), true]);
    expect(await file.read(1n, BigInt(Number.MAX_SAFE_INTEGER))).toEqual([new Uint8Array(), true]);
    expect(await failure(() => file.write(Uint8Array.of(1), BigInt(Number.MAX_SAFE_INTEGER)))).toBe("file-too-large");
  });
});

describe("a backend that breaks its contract", () => {
  const file = { kind: "file", size: 4 } as const;
  const broken = (changed: Partial<Record<keyof DirectoryBackend, unknown>>) => {
    const guest = createGuest(["fs:rw:/data"], { "/data": { ...memoryDirectory({ file: "text" }), ...changed } as DirectoryBackend });
    return { guest, base: directory(guest) };
  };

  test.each([
    ["throws", () => { throw new Error("secret of the app"); }],
    ["rejects", () => Promise.reject(new TypeError("secret of the app"))],
    ["rejects with no error", () => Promise.reject("no-entry")],
    ["gives nothing", async () => undefined],
    ["gives an unknown kind", async () => ({ ...file, kind: "socket" })],
    ["gives a negative size", async () => ({ ...file, size: -1 })],
    ["gives a size that is no number", async () => ({ ...file, size: 4n })],
  ])("when its stat %s, is io to the guest and told to the app, once", async (_how, stat) => {
    const { guest, base } = broken({ stat });
    for (let round = 0; round < 3; round += 1) expect(await failure(() => base.statAt(FOLLOW, "file"))).toBe("io");
    expect(guest.problems).toHaveLength(1);
    expect(String(guest.problems[0])).toContain(`The directory that the app provides at "/data" failed in stat-at`);
  });

  test.each([["text", "text"], ["more than was asked for", new Uint8Array(100)], ["nothing", undefined], ["an array", [1]]])("when it reads %s, is io to the guest", async (_what, answer) => {
    const { guest, base } = broken({ read: async () => answer });
    const opened = await base.openAt(FOLLOW, "file", NONE, READ);
    expect(await failure(() => opened.read(4n, 0n))).toBe("io");
    expect(guest.problems).toHaveLength(1);
  });

  test("with an error of its own, gives the guest that error's code", async () => {
    const { guest, base } = broken({ createDirectory: async () => { throw new DirectoryError("busy"); } });
    expect(await failure(() => base.createDirectoryAt("new"))).toBe("busy");
    expect(guest.problems).toEqual([]);
  });

  test("by never answering, holds nobody beyond the instance's end", async () => {
    let reached: () => void = () => undefined;
    const isReached = new Promise<void>((resolve) => (reached = resolve));
    const stat = () => {
      reached();
      return new Promise(() => undefined);
    };
    const { guest, base } = broken({ stat });
    const outcome = failure(() => base.statAt(FOLLOW, "file"));
    await isReached;
    guest.end.abort();
    expect(await outcome).toBe("interrupted");
    expect(await failure(() => base.createDirectoryAt("late"))).toBe("interrupted");
  });
});

describe("whatever a guest asks for", () => {
  const part = fc.oneof(
    fc.constantFrom("..", ".", "", "a", "b", "file", "...", "..\\..", "\0", "C:", "__proto__", "CON", "．．", "%2e%2e", ".. ", "a ", "\ud800"),
    fc.string({ unit: "binary", maxLength: 6 }),
  );
  const path = fc.oneof(fc.array(part, { minLength: 1, maxLength: 9 }).map((parts) => parts.join("/")), fc.string({ unit: "binary", maxLength: 40 }));

  test("nothing outside the preopen is asked of the backend, and every name is one that was promised", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(path, fc.nat({ max: 13 })), { minLength: 1, maxLength: 12 }), async (steps) => {
        const { backend, asked } = recorded(memoryDirectory({ "in/side/a/b/file": "x", "in/side/file": "y", outside: SECRET, "in/outside": SECRET }));
        const guest = createGuest(["fs:rw:/data/in/side"], { "/data": backend });
        let base = directory(guest, "/data/in/side");
        await base.stat();
        asked.length = 0;
        for (const [text, route] of steps) {
          const outcome = await failure(() => routes(base, text)[route]?.[1]());
          // A failure is one of the interface's own: never an exception of ours.
          expect(outcome).toMatch(/^[a-z-]+$/);
          if (route === 0 && outcome === "success") base = await base.openAt(FOLLOW, text, NONE, READ);
        }
        for (const names of asked) {
          expect(names.slice(0, 2)).toEqual(["in", "side"]);
          expect(names.map(nameProblem)).toEqual(names.map(() => undefined));
        }
        expect(guest.problems).toEqual([]);
      }),
      { seed: 20_240_601, numRuns: 400 },
    );
  });
});
