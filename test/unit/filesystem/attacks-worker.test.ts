/** What a worker that something took over tries on wasi:filesystem, past the runtime that makes its calls. */
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { MalformedCall } from "../../../src/broker/call-errors.js";
import { memoryDirectory } from "../../../src/broker/filesystem/memory-directory.js";
import { createGuest, directory, failure, FOLLOW, type Guest, NONE, READ, READ_WRITE } from "./guest.js";
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
