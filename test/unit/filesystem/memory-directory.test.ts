/** The memory backend: the contract that every backend keeps, and what is its own. */
import { describe, expect, test } from "vitest";
import { directoryErrorCode, DirectoryError } from "../../../src/broker/filesystem/directory-backend.js";
import { memoryDirectory } from "../../../src/broker/filesystem/memory-directory.js";
import { boundedCases, cases } from "../../browser/pages/filesystem-conformance.js";

describe("the contract", () => {
  test.each(cases)("%s", (_name, run) => run(memoryDirectory()));
  test.each(boundedCases)("of a bounded directory: %s", (_name, run) => run(memoryDirectory({}, { maximumBytes: 100_000 })));
});

test("it begins with the files that it is given", async () => {
  const directory = memoryDirectory(new Map<string, string | Uint8Array>([["a/b/c.txt", "text"], ["__proto__/constructor", Uint8Array.of(1, 2)]]));
  expect(await directory.read(["a", "b", "c.txt"], 0, 10)).toEqual(new TextEncoder().encode("text"));
  expect(await directory.read(["__proto__", "constructor"], 0, 10)).toEqual(Uint8Array.of(1, 2));
});

test.each(["", "/a", "../a", "a/..", "a/../b", "a/", "a\\b", "CON", "a\0"])("it refuses to begin with the path %j", (path) => {
  expect(() => memoryDirectory({ [path]: "x" })).toThrow(DirectoryError);
});

test("it refuses to begin with more than fits, or one path twice", () => {
  expect(() => memoryDirectory({ a: "x".repeat(1_000) }, { maximumBytes: 1_000 })).toThrow("insufficient-space");
  expect(() => memoryDirectory(new Map([["a", "x"], ["./a", "y"]]))).toThrow("exist");
});

test("an error is known by its name and code, from whichever copy of this package it comes", () => {
  const foreign = Object.assign(new Error("full"), { name: "DirectoryError", code: "insufficient-space" });
  expect(directoryErrorCode(foreign)).toBe("insufficient-space");
  expect(directoryErrorCode(new DirectoryError("busy"))).toBe("busy");
  const others = [Object.assign(new Error(), { name: "DirectoryError", code: "constructor" }), new Error("no-entry"), { name: "DirectoryError", code: "io" }, undefined, "io"];
  expect(others.map(directoryErrorCode)).toEqual(others.map(() => undefined));
});
