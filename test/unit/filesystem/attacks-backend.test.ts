/** What a hostile guest asks of the directory behind wasi:filesystem, and what a directory of the app's own may do wrong. */
import { describe, expect, test } from "vitest";
import { type DirectoryBackend, DirectoryError } from "../../../src/broker/filesystem/directory-backend.js";
import { memoryDirectory } from "../../../src/broker/filesystem/memory-directory.js";
import type { Descriptor } from "../../../src/wasi/filesystem/descriptor.js";
import { createGuest, directory, failure, FOLLOW, NONE, READ, READ_WRITE, readFile, writeFile } from "./guest.js";
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
