import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { libraryPlatform, libraryProblem } from "../../../src/node/library-platform.js";
import { elfHeader, machHeader, peHeader } from "./library-headers.js";

/** A real one, which the project has for another purpose. */
const addon = new URL(`../../../node_modules/@koromix/koffi-${process.platform}-${process.arch}/${process.platform}_${process.arch}/koffi.node`, import.meta.url);

describe("the platform of a library", () => {
  test.skipIf(!existsSync(addon))("that was built for this machine is this machine's", async () => {
    expect(libraryPlatform(await readFile(addon))).toBe(`${process.platform}-${process.arch}`);
  });

  test.each([
    ["linux-x64", elfHeader()],
    ["linux-x64", elfHeader({ system: 3 })],
    ["freebsd-x64", elfHeader({ system: 9 })],
    ["linux-arm64", elfHeader({ machine: 183 })],
    ["linux-ia32", elfHeader({ machine: 3, wordSize: 1 })],
    ["linux-arm", elfHeader({ machine: 40, wordSize: 1 })],
    ["linux-riscv64", elfHeader({ machine: 243 })],
    ["linux-loong64", elfHeader({ machine: 258 })],
    ["linux-ppc64", elfHeader({ machine: 21 })],
    ["linux-s390x", elfHeader({ machine: 22, order: 2 })],
    ["darwin-arm64", machHeader()],
    ["darwin-x64", machHeader({ machine: 0x0100_0007, type: 8 })],
    ["win32-x64", peHeader()],
    ["win32-arm64", peHeader({ machine: 0xaa64 }, 0x40)],
    ["win32-ia32", peHeader({ machine: 0x14c, wordSize: 1 })],
  ])("%s", (platform, bytes) => {
    expect(libraryPlatform(bytes)).toBe(platform);
    // A view in the middle of a buffer, as reading a file gives one.
    const shifted = new Uint8Array([1, 2, 3, ...bytes, 9]).subarray(3, 3 + bytes.length);
    expect(libraryPlatform(shifted)).toBe(platform);
  });

  test.each([
    ["nothing", new Uint8Array()],
    ["text", new TextEncoder().encode("#!/bin/sh\nexit 0\n")],
    ["a component", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0)],
    ["an ELF program", elfHeader({ type: 2 })],
    ["an ELF object file", elfHeader({ type: 1 })],
    ["an ELF library of an unknown processor", elfHeader({ machine: 8 })],
    ["an ELF library of an unknown system", elfHeader({ system: 255 })],
    ["an ELF library with a word size that its processor does not have", elfHeader({ machine: 183, wordSize: 1 })],
    ["an ELF library of x64 with pointers of 32 bits", elfHeader({ wordSize: 1 })],
    ["an ELF library in another byte order", elfHeader({ order: 2 })],
    ["a program of macOS", machHeader({ type: 2 })],
    ["a library of macOS for an unknown processor", machHeader({ machine: 18 })],
    ["a universal library of macOS", Uint8Array.of(0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2, ...new Uint8Array(64))],
    ["a program of Windows", peHeader({ type: 0x22 })],
    ["a library of Windows for an unknown processor", peHeader({ machine: 0x1c4 })],
    ["a library of Windows with a word size that its processor does not have", peHeader({ wordSize: 1 })],
    ["a program of DOS", peHeader().subarray(0, 0x80)],
  ])("is not known of %s", (_, bytes) => {
    expect(libraryPlatform(bytes)).toBeUndefined();
    expect(libraryProblem(bytes, "linux-x64")).toContain("no dynamic library");
  });

  test("attack: a header that ends early, or says that it goes on far beyond the file, is none", () => {
    for (const whole of [elfHeader(), elfHeader({ machine: 3, wordSize: 1 }), machHeader(), peHeader()]) {
      for (let length = 0; length < whole.length; length += 1) expect(libraryPlatform(whole.subarray(0, length)), `${length} bytes`).toBeUndefined();
    }
    for (const start of [0xffff_ffff, 0x7fff_ffff, 0x9a, 0x99]) {
      const bytes = peHeader();
      new DataView(bytes.buffer).setUint32(0x3c, start, true);
      expect(libraryPlatform(bytes)).toBeUndefined();
    }
  });

  test("attack: any bytes behind a magic number give a platform or none, and never fail otherwise", () => {
    const magic = fc.constantFrom([0x7f, 0x45, 0x4c, 0x46], [0xcf, 0xfa, 0xed, 0xfe], [0x4d, 0x5a]);
    fc.assert(fc.property(magic, fc.uint8Array({ maxLength: 200 }), (start, rest) => {
      expect([undefined, "string"]).toContain(libraryPlatform(Uint8Array.of(...start, ...rest)) === undefined ? undefined : "string");
    }), { seed: 20_261_128, numRuns: 3_000 });
  });

  test("of another machine is named", () => {
    expect(libraryProblem(machHeader(), "linux-x64")).toBe("it was built for darwin-arm64");
    expect(libraryProblem(elfHeader(), "linux-x64")).toBeUndefined();
  });
});
