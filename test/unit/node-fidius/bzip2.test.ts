import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PluginError } from "../../../src/errors/plugin-error.js";
import { decompressBzip2 } from "../../../src/node/fidius/bzip2.js";
import { bzip2Of, bzip2OfBlocks, blockOf } from "./bzip2-writer.js";

const error = (code: "package-invalid" | "package-too-large") => (message: string) => new PluginError({ code, stage: "pack", message });
const read = (bytes: Uint8Array, most = 1_000_000): Uint8Array => decompressBzip2(bytes, most, error("package-invalid"), error("package-too-large"));
const base64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
const repeated = (...runs: readonly [string, number][]): string => runs.map(([text, count]) => text.repeat(count)).join("");

/** Written by the reference implementation, bzip2 1.0.8. */
const VECTORS: readonly [what: string, file: string, content: string][] = [
  ["nothing", "QlpoORdyRThQkAAAAAA=", ""],
  ["a text", "QlpoOTFBWSZTWatrofEAAALZgAAQQAAQABJkwBAgADEA000EAB6j705RogeLuSKcKEhVtdD4gA==", "hello bzip2\n"],
  ["runs of every kind", "QlpoOTFBWSZTWa6ARi0AAAJBAeAAPwAAgAAIIAAxADAj1T1PJMnZLz1Q4y7NxGHWhD0ojR8XckU4UJCugEYt", repeated(["a", 3], ["b", 4], ["c", 5], ["d", 259], ["e", 260], ["f", 1000])],
];

test.each(VECTORS)("reads %s", (_what, file, content) => {
  expect(Buffer.from(read(base64(file))).toString("latin1")).toBe(content);
});

test("reads whatever a second implementation writes, in many blocks", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 300 })), { maxLength: 40 }), (runs) => {
    const bytes = Uint8Array.from(runs.flatMap(([value, length]) => Array.from({ length }, () => value)));
    expect(read(bzip2Of(bytes, 1_000))).toEqual(bytes);
  }), { numRuns: 40 });
});

describe("attacks", () => {
  const whole = base64(VECTORS[2]?.[1] ?? "");

  test("a file that is cut short anywhere is refused", () => {
    for (let length = 0; length < whole.length; length += 1) expect(() => read(whole.subarray(0, length)), `${length} bytes`).toThrow(PluginError);
  });

  test("a bit that is flipped anywhere never gives other content", () => {
    let refused = 0;
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const changed = whole.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      try {
        // The level, tables that nothing uses and the padding are in no checksum.
        expect(Buffer.from(read(changed)).toString("latin1"), `bit ${bit}`).toBe(VECTORS[2]?.[2]);
      } catch (problem) {
        if (!(problem instanceof PluginError)) throw problem;
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(whole.length * 7);
  });

  test("what follows the end is refused", () => {
    expect(() => read(new Uint8Array([...whole, 0]))).toThrow("something follows");
    expect(() => read(new Uint8Array([...whole, ...whole])), "a second stream").toThrow("something follows");
  });

  test("a run whose length overflows is refused at once: libraries loop for ever here", () => {
    const symbols = [...Array.from({ length: 32 }, () => 0), 2];
    expect(() => read(bzip2OfBlocks([{ alphabet: [0x61], symbols, origin: 0, checksum: 0 }]))).toThrow("damaged");
    expect(() => read(bzip2OfBlocks([{ alphabet: [0x61], symbols: [...Array.from({ length: 1_100 }, () => 1), 2], origin: 0, checksum: 0 }]))).toThrow("damaged");
  });

  test("81 bytes that are 50 million unpacked cost no more than the bound", () => {
    const bomb = base64("QlpoOTFBWSZTWQ4J4t8BX45AAMAAAAggADCATUZCoCWpCoCXMUFZJlNZk8TsPQAfaMEAwAAAEAAIIAAwzAmqaZUiDapSIPF3JFOFCQj9cpgw");
    expect(() => read(bomb, 16_000_000)).toThrow(expect.objectContaining({ code: "package-too-large" }));
  });

  test.each<readonly [string, Partial<ReturnType<typeof blockOf>>]>([
    ["an origin outside of the block", { origin: 5 }], ["no alphabet", { alphabet: [] }], ["a wrong checksum", { checksum: 1 }], ["a symbol that has no byte", { symbols: [4, 3] }],
    ["no end", { symbols: [2] }],
  ])("%s is refused", (_what, change) => {
    expect(() => read(bzip2OfBlocks([{ ...blockOf(new Uint8Array([1, 2, 1])), ...change }]))).toThrow(PluginError);
  });
});
