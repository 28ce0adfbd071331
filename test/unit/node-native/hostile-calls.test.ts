import { describe, expect, test } from "vitest";
import { arenaMethods, hasHostileLibraries, startHostile } from "../../support/hostile-library.js";

describe.skipIf(!hasHostileLibraries)("attack: what a call answers is not believed", () => {
  const isNoBuffer = "it answered with no buffer (out_ptr is null)";
  test.each([
    ["instance-null", "it needs a configuration, and was given none"],
    ["out-null", isNoBuffer],
    ["out-unmapped", "what it answered with, at 0x70000000000, is not memory that can be read, for 10 bytes"],
    ["out-length-large", "it answered with 2147483647 bytes, and at most 1048576 are allowed"],
    ["out-length-behind", "is not memory that can be read, for 17 bytes"],
    ["out-short", "its answer ends after 3 of 8 bytes"],
    ["out-long", "its answer has 1 bytes after its end"],
    ["status-too-small", "it wants more room again than it asked for before (status -1)"],
    ["status-serialization", "(status -2)"],
    ["status-panic-null", "it panicked"],
    ["status-panic-garbage", "it panicked, and did not say why"],
    ["status-end", "(status -5)"],
    ["status-index", "(status -6)"],
    ["status-1", "it answered with the unknown status 1"],
    ["status-least", "it answered with the unknown status -2147483648"],
  ])("%s", async (name, message) => {
    const call = await startHostile(name);
    expect(await call("call", new Uint8Array([0xff, 0xff]))).toEqual({ kind: "trap", value: expect.stringContaining(message) as unknown });
  });

  test.each([["status-error-null", "it failed without saying why"], ["status-error-garbage", "it failed, and did not say why: its PluginError.code"]])("%s is an error that nothing is known of", async (name, message) => {
    const call = await startHostile(name);
    expect(await call("call", new Uint8Array([0xff, 0xff]))).toEqual({ kind: "err", value: { code: "UNKNOWN", message: expect.stringContaining(message) as unknown, details: undefined } });
  });

  test.each([
    ["arena-wants-all", "it wants 4294967295 bytes for its answer, and at most 1048576 are allowed"],
    ["arena-wants-again", "(status -1)"],
    ["arena-outside", "it says that it wrote 4000 bytes at 4000 of the arena, which has 4096"],
    ["arena-overflow", "it says that it wrote 1 bytes at 4294967295 of the arena"],
  ])("%s", async (name, message) => {
    const call = await startHostile(name, { methods: arenaMethods });
    expect(await call("call", new Uint8Array([0xff, 0xff]))).toEqual({ kind: "trap", value: expect.stringContaining(message) as unknown });
  });

  test("an arena has no streams", async () => {
    await expect(startHostile("arena-outside")).rejects.toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("which has no streams") as unknown });
  });

  test.each([
    ["stream-null", "the stream that it answered with is null"],
    ["stream-unmapped", "the stream that it answered with, at 0x70000000000,"],
    ["stream-next-null", "next of the stream that it answered with is null"],
    ["stream-next-data", "is not code"],
    ["stream-drop-null", "drop_fn of the stream that it answered with is null"],
  ])("%s", async (name, message) => {
    const call = await startHostile(name);
    expect(await call("open")).toEqual({ kind: "trap", value: expect.stringContaining(message) as unknown });
  });

  test.each([
    ["item-large", "it wants 4294967295 bytes"],
    ["item-behind", "it says that it wrote 4097 bytes at 0 of the buffer, which has 4096"],
    ["item-short", "the item ends after 3 of 4 bytes"],
    ["item-status", "it answered with the unknown status 9"],
    ["item-error", "it failed, which its type does not provide for: UNKNOWN"],
  ])("%s", async (name, message) => {
    const call = await startHostile(name);
    await call("open");
    expect(await call("[method]items.next", 1)).toEqual({ kind: "trap", value: expect.stringContaining(message) as unknown });
  });

  test("a stream that ended is not asked again", async () => {
    const call = await startHostile("item-end");
    await call("open");
    const items = [];
    for (let step = 0; step < 5; step++) items.push((await call("[method]items.next", 1)).value);
    expect(items).toEqual([1, 2, undefined, undefined, undefined]);
  });

  test("streams are counted", async () => {
    const call = await startHostile("good", { messageBytes: 1024 });
    for (let count = 0; count < 4096; count++) await call("open");
    expect(await call("open")).toEqual({ kind: "trap", value: "4096 of its streams are open, which are the most" });
  });
});
