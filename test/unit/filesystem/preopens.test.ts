/** Which directories a guest finds open when it begins. */
import { describe, expect, test } from "vitest";
import { memoryDirectory } from "../../../src/broker/filesystem/memory-directory.js";
import { createGuest, directory, drop, failure, FOLLOW, NONE, READ, readFile, writeFile } from "./guest.js";
describe("what is preopened", () => {
  const offered = { "/data": memoryDirectory({ "in/deep/file": "deep", "in/file": "in" }), "/data/cache": memoryDirectory({ file: "cache" }), "/scratch": memoryDirectory({}) };
  test.each([
    [["fs:ro:/data"], ["/data", "/data/cache"]],
    [["fs:ro:/data/in"], ["/data/in"]],
    [["fs:ro:/data/cache"], ["/data/cache"]],
    [["fs:rw:/data/cache/below"], ["/data/cache/below"]],
    [["fs:ro:/"], ["/data", "/data/cache", "/scratch"]],
    [["fs:ro:/database"], []],
    [["clocks"], []],
    [[], []],
  ])("for %j is %j", (capabilities, paths) => {
    expect(createGuest(capabilities, offered).preopens.map(({ path }) => path).sort()).toEqual(paths);
  });

  test("a part of an offered directory is that part and nothing above it", async () => {
    const guest = createGuest(["fs:ro:/data/in"], offered);
    const base = directory(guest, "/data/in");
    expect(await readFile(base, "deep/file")).toBe("deep");
    expect(await failure(() => base.openAt(FOLLOW, "../in/file", NONE, READ))).toBe("not-permitted");
  });

  test("a part that is not there yet is made where it may be written, and else is not there", async () => {
    const backend = memoryDirectory();
    const reader = createGuest(["fs:ro:/data/a/b"], { "/data": backend });
    expect(await failure(() => directory(reader, "/data/a/b").stat())).toBe("no-entry");
    const writer = createGuest(["fs:rw:/data/a/b"], { "/data": backend });
    await writeFile(directory(writer, "/data/a/b"), "file", "x");
    expect(await readFile(directory(reader, "/data/a/b"), "file")).toBe("x");
  });

  test("without any, there is no implementation, so that all of it is denied", () => {
    expect([...createGuest([], offered).implementations.keys()]).toEqual([]);
  });

  test("programs ask again, after they closed what they got", async () => {
    const guest = createGuest(["fs:ro:/scratch"], offered);
    const ask = guest.implementations.get("wasi:filesystem/preopens")?.functions.get("get-directories") as () => readonly (readonly [object, string])[];
    for (const [descriptor] of ask()) drop(descriptor);
    expect(await failure(() => directory(guest, "/scratch").stat())).toBe("success");
  });
});
