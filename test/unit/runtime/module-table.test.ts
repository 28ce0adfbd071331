import { describe, expect, it } from "vitest";
import { ModuleTable } from "../../../src/runtime/worker/module-table.js";

// The smallest module, and one of each further size by a custom section.
const moduleOfSize = (padding: number) => Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, padding + 2, 1, 0x78, ...new Uint8Array(padding));

describe("ModuleTable", () => {
  it("compiles the bytes of one digest once", async () => {
    const table = new ModuleTable();
    const [first, second] = await Promise.all([table.compile("a", moduleOfSize(0)), table.compile("a", moduleOfSize(0))]);
    expect(first?.module).toBe(second?.module);
    expect([first?.from, second?.from]).toEqual(["bytes", "page"]);
  });

  it("forgets the least recently used beyond its size", async () => {
    const size = moduleOfSize(10).length;
    const table = new ModuleTable(size * 2);
    const { module: a } = await table.compile("a", moduleOfSize(10));
    const { module: b } = await table.compile("b", moduleOfSize(10));
    expect((await table.compile("a", moduleOfSize(10))).module).toBe(a);
    await table.compile("c", moduleOfSize(10));
    expect((await table.compile("a", moduleOfSize(10))).module).toBe(a);
    expect((await table.compile("b", moduleOfSize(10))).module).not.toBe(b);
  });

  it("does not keep what cannot be compiled", async () => {
    const table = new ModuleTable();
    await expect(table.compile("x", Uint8Array.of(1, 2, 3))).rejects.toThrow();
    expect((await table.compile("x", moduleOfSize(1))).module).toBeInstanceOf(WebAssembly.Module);
  });
});
