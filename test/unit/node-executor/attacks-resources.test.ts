import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BUBBLEWRAP, executorFolder, type Mode, openExecutor, rejection, SHARED, USERS } from "./executor-fixture.js";

const MEBIBYTE = 1024 * 1024;
const available = (mode: Mode): typeof it.skip => it.skipIf(mode.unavailable !== undefined);

// What bubblewrap adds does not depend on the user: one of its modes is tried here.
const THREE = [BUBBLEWRAP, USERS, SHARED];

describe.each(THREE)("memory under $name", (mode) => {
  const test = available(mode);

  test("attack: it allocates without end", async () => {
    const { start } = await openExecutor({ mode, limits: { memoryBytes: 64 * MEBIBYTE } });
    const instance = await start();
    const [, allocated = "9999"] = /^MemoryError: .*after (\d+) MiB$/.exec(await instance.run("allocate")) ?? [];
    expect(Number(allocated)).toBeLessThanOrEqual(128);
    expect(await instance.run("echo still here")).toBe("still here");
  });

  test("attack: it allocates what no limit of a process counts: memory that is shared", async () => {
    const { start } = await openExecutor({ mode, limits: { memoryBytes: 64 * MEBIBYTE } });
    const instance = await start();
    expect(await rejection(instance.run("allocate_shared"))).toMatchObject({ code: "crashed", message: expect.stringMatching(/bytes of memory together, and at most 134217728/) as string });
  });

  test("attack: it hides from whoever looks at processes, and allocates what no limit of a process counts", async () => {
    const { start } = await openExecutor({ mode, limits: { memoryBytes: 64 * MEBIBYTE } });
    const instance = await start();
    expect(await rejection(instance.run("hidden allocate_shared"))).toMatchObject({ code: "crashed", message: expect.stringMatching(/bytes of memory together|hides what it has open/) as string });
  });

  test("attack: many processes take together what each of them may take", async () => {
    const { start } = await openExecutor({ mode, limits: { memoryBytes: 64 * MEBIBYTE } });
    const instance = await start();
    expect(await rejection(instance.run("allocate_together"))).toMatchObject({ code: "crashed", message: expect.stringMatching(/bytes of memory together/) as string });
  });

  test("attack: it fills files that have no name: memory", async () => {
    const { start } = await openExecutor({ mode, limits: { diskBytes: 8 * MEBIBYTE } });
    const instance = await start();
    expect(await rejection(instance.run("nameless memory"))).toMatchObject({ code: "crashed", message: expect.stringMatching(/its files take \d+ bytes, and at most 8388608/) as string });
  });
});

describe.each(THREE)("disk under $name", (mode) => {
  const test = available(mode);

  test("attack: it fills the disk with one file", async () => {
    const { start } = await openExecutor({ mode, limits: { diskBytes: 2 * MEBIBYTE } });
    const instance = await start();
    expect(await instance.run("fill_disk")).toMatch(/^OSError: .*(?:File too large|No space left)/);
    expect(await instance.run("echo still here").catch((error: Error) => error.message)).toMatch(/still here|its files take/);
  });

  test("attack: it fills the disk with many files", async () => {
    const { start } = await openExecutor({ mode, limits: { diskBytes: 16 * MEBIBYTE } });
    const instance = await start();
    if (mode.options.isolation === "required") {
      // There it is full, and nothing else is.
      expect(await instance.run("fill_disk")).toMatch(/No space left/);
    } else {
      expect(await rejection(instance.run("fill_slowly"))).toMatchObject({ code: "crashed", message: expect.stringMatching(/its files take \d+ bytes, and at most 16777216/) as string });
    }
  });

  test("attack: it fills the disk with files that it has deleted", async () => {
    const { start } = await openExecutor({ mode, limits: { diskBytes: 16 * MEBIBYTE } });
    const instance = await start();
    expect(await rejection(instance.run("nameless"))).toMatchObject({ code: "crashed", message: expect.stringMatching(/its files take \d+ bytes/) as string });
  });

  test("attack: it makes more files than a disk has room to list", async () => {
    const { start } = await openExecutor({ mode, limits: { diskFiles: 500 } });
    const instance = await start();
    expect(await rejection(instance.run("many_files"))).toMatchObject({ code: "crashed", message: expect.stringMatching(/files and folders, and at most 500/) as string });
  });

  test("attack: it makes folders that are deeper than a path is long, and that nobody may enter", async () => {
    const { start, executor } = await openExecutor({ mode });
    const instance = await start();
    expect(await instance.run("deep_folders")).toBe("made");
    await instance.end();
    const [folder = ""] = readdirSync(executorFolder());
    expect(readdirSync(`${executorFolder()}/${folder}`).filter((name) => name.startsWith("work-"))).toEqual([]);
    await executor.close();
  });
});

describe("disk of everybody", () => {
  available(USERS)("attack: it fills the folders in which everybody may write", async () => {
    const { start } = await openExecutor({ mode: USERS, limits: { diskBytes: 8 * MEBIBYTE } });
    const instance = await start();
    expect(await rejection(instance.run("fill_everywhere").then(async () => instance.run("slow 60")))).toMatchObject({ code: "crashed", message: expect.stringMatching(/its files take \d+ bytes, and at most 8388608/) as string });
  });
});

describe("a limit that an order lowers", () => {
  it("attack: it takes what the executor allows, and more than its order does", async () => {
    const { start } = await openExecutor({ mode: BUBBLEWRAP.unavailable === undefined ? BUBBLEWRAP : SHARED, limits: { memoryBytes: 256 * MEBIBYTE } });
    const order = { instantiateMilliseconds: 20_000, callMilliseconds: 30_000, memoryBytes: 16 * MEBIBYTE, messageBytes: MEBIBYTE, logBytes: 1000 };
    const instance = await start({ limits: order });
    // The runner here sets no limit on itself, as one that a plugin has led astray.
    expect(await rejection(instance.run("allocate_together"))).toMatchObject({ code: "crashed", message: expect.stringContaining(`at most ${(64 + 16) * MEBIBYTE}`) as string });
  });
});
