import { beforeAll, describe, expect, test } from "vitest";
import { ForeignFunctions } from "../../../src/node/native/foreign-functions.js";
import { ForeignMemory } from "../../../src/node/native/foreign-memory.js";
import { LibraryFault } from "../../../src/node/native/library-fault.js";
import { MemoryMap } from "../../../src/node/native/memory-map.js";

const PAGE = 4096;
const READ_WRITE = 3;
const NONE = 0;
const PRIVATE_ANONYMOUS = 0x22;

describe.skipIf(process.platform !== "linux")("memory of libraries", () => {
  let functions: ForeignFunctions;
  let memory: ForeignMemory;
  /** Two pages that can be used, and one that cannot. */
  let pages: bigint;

  beforeAll(async () => {
    functions = await ForeignFunctions.open();
    memory = new ForeignMemory(MemoryMap.open(), functions.copy);
    pages = map(3 * PAGE);
    functions.system.func("mprotect", "int", ["uint64", "size_t", "int"])(pages + BigInt(2 * PAGE), PAGE, NONE);
  });

  function map(size: number): bigint {
    return BigInt(functions.system.func("mmap", "uint64", ["uint64", "size_t", "int", "int", "int", "int64"])(0, size, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0) as number);
  }

  test("is read and written where it is, also when it came after it was looked at", () => {
    memory.write(pages + BigInt(PAGE) - 2n, new Uint8Array([1, 2, 3, 4]), "it");
    expect([...memory.read(pages + BigInt(PAGE) - 2n, 4, "it")]).toEqual([1, 2, 3, 4]);
    const later = map(PAGE);
    expect(memory.read(later, PAGE, "it")).toHaveLength(PAGE);
    expect(memory.read(later, 0, "it")).toHaveLength(0);
  });

  test("attack: what is not there is not touched", () => {
    const end = pages + BigInt(2 * PAGE);
    expect(() => memory.read(0n, 1, "it")).toThrow("it is null");
    expect(() => memory.read(end - 4n, 5, "it")).toThrow(LibraryFault);
    expect(() => memory.write(end - 4n, new Uint8Array(5), "it")).toThrow("is not memory that can be written, for 5 bytes");
    expect(() => memory.read(8n, 1, "it")).toThrow("it, at 0x8, is not memory that can be read");
    expect(() => memory.read(2n ** 64n - 1n, 8, "it")).toThrow(LibraryFault);
    expect(() => memory.view(pages + 4n, 8, "it")).toThrow("is not aligned to 8 bytes");
  });

  test("attack: what is not code is not called, and code is not written", () => {
    const code = functions.system.symbol("getpid") as bigint;
    expect(memory.code(code, "it")).toBe(code);
    expect(() => memory.code(pages, "it")).toThrow("is not code");
    expect(() => memory.write(code, new Uint8Array(1), "it")).toThrow("is not memory that can be written");
  });

  test("has texts that end, within their page or in the next, or not at all", () => {
    const across = pages + BigInt(PAGE) - 3n;
    memory.write(across, new TextEncoder().encode("søren\0"), "it");
    expect(memory.text(across, 64, "it")).toBe("søren");
    expect(() => memory.text(across, 6, "it")).toThrow("has no end within 6 bytes");
    const edge = pages + BigInt(2 * PAGE) - 4n;
    memory.write(edge, new TextEncoder().encode("abcd"), "it");
    expect(() => memory.text(edge, 64, "it")).toThrow("is not memory that can be read");
    memory.write(edge, new Uint8Array([0xc3, 0]), "it");
    expect(() => memory.text(edge, 64, "it")).toThrow("is not well-formed UTF-8");
  });

  test("is only held against null and alignment where the system does not tell what there is", () => {
    const blind = new ForeignMemory(undefined, functions.copy);
    expect(() => blind.read(0n, 1, "it")).toThrow("it is null");
    expect(() => blind.view(pages + 1n, 8, "it")).toThrow("is not aligned");
    expect(blind.code(pages, "it")).toBe(pages);
  });
});
