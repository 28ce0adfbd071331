import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type CoreModuleBounds, limitCoreModules } from "../../../src/component/core-module-limits.js";
import { locateCoreModules } from "../../../src/component/core-modules.js";
import { isPluginError } from "../../../src/errors/plugin-error.js";
import { fixturePath } from "../../fixtures/index.js";
import { SeededRandom } from "../package/seeded-random.js";

const PAGE = 65_536;
const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** A module whose one section holds memories with these limits, and exports the first. */
const withMemories = (...limits: readonly (readonly number[])[]) => {
  const section = [limits.length, ...limits.flat()];
  return Uint8Array.of(...header, 5, section.length, ...section, 7, 5, 1, 1, 0x6d, 2, 0);
};
const limit = (bytes: Uint8Array, memoryBytes: number, tableElements = 1_000) => limitAll([bytes], { memoryBytes, tableElements })[0]?.bytes ?? new Uint8Array();
const limitAll = (modules: readonly Uint8Array[], bounds: CoreModuleBounds) => limitCoreModules(modules.map((bytes) => ({ bytes })), bounds, "acme.test");
const instantiate = (module: Uint8Array) => new WebAssembly.Instance(new WebAssembly.Module(module as Uint8Array<ArrayBuffer>)).exports;
const memoryOf = (module: Uint8Array) => instantiate(module)["m"] as WebAssembly.Memory;
const isValid = (module: Uint8Array) => WebAssembly.validate(module as Uint8Array<ArrayBuffer>);
const refusal = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return isPluginError(error) ? error : undefined;
  }
  return undefined;
};

describe("memories", () => {
  it.each([["without a maximum", [0, 1]], ["with a larger maximum", [1, 1, 100]], ["with the largest maximum", [1, 1, 0x80, 0x80, 0x04]]])("bounds a memory %s", (_what, limits) => {
    const memory = memoryOf(limit(withMemories(limits), 3 * PAGE));
    expect(memory.grow(2)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it("keeps a smaller maximum", () => {
    const memory = memoryOf(limit(withMemories([1, 1, 2]), 100 * PAGE));
    expect(memory.grow(1)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it("bounds a shared memory", () => {
    const memory = memoryOf(limit(withMemories([3, 1, 100]), 3 * PAGE));
    expect(memory.grow(2)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it("writes the maximum of a memory with 64-bit addresses", () => expect([...limit(withMemories([4, 1]), 3 * PAGE)].slice(8, 15)).toEqual([5, 4, 1, 5, 1, 3, 7]));

  it("gives a module without memories and tables back as it is", () => {
    const module = Uint8Array.of(...header, 1, 4, 1, 0x60, 0, 0);
    expect(limit(module, PAGE)).toBe(module);
  });

  it("refuses a memory that starts larger than the bound, with both numbers", () => {
    const error = refusal(() => limit(withMemories([0, 4]), 3 * PAGE));
    expect(error?.code).toBe("component-unsupported");
    expect(error?.message).toContain(String(4 * PAGE));
    expect(error?.message).toContain(String(3 * PAGE));
  });

  it.each([
    ["custom page sizes", [8, 1, 16]], ["a shared memory without a maximum", [2, 1]], ["a maximum beyond 4 GiB", [1, 1, 0x81, 0x80, 0x04]],
    ["a maximum below the start", [1, 2, 1]], ["a number of more than 32 bits", [0, 0x81, 0x80, 0x80, 0x80, 0x80, 0]],
  ])("refuses %s", (_what, limits) => expect(refusal(() => limit(withMemories(limits), 100 * PAGE))?.code).toBe("component-unsupported"));
});

describe("several memories and modules", () => {
  const bounds = { memoryBytes: 10 * PAGE, tableElements: 100 };
  const most = (module: Uint8Array) => {
    const memory = memoryOf(module);
    while (canGrow(memory)) continue;
    return memory.buffer.byteLength / PAGE;
  };
  const canGrow = (memory: WebAssembly.Memory) => {
    try {
      return memory.grow(1) >= 0;
    } catch {
      return false;
    }
  };

  it("share the bound, and what one cannot use goes to the others", () => {
    const limited = limitAll([withMemories([0, 1]), withMemories([1, 1, 2]), withMemories([0, 3])], bounds);
    expect(limited.map(({ bytes }) => most(bytes))).toEqual([3, 2, 5]);
  });

  it("are refused if they start larger together", () => {
    expect(refusal(() => limitAll([withMemories([0, 6]), withMemories([0, 5])], bounds))?.message).toContain(String(11 * PAGE));
  });

  it("are refused if they are too many", () => {
    expect(refusal(() => limitAll(Array.from({ length: 17 }, () => withMemories([0, 0])), bounds))?.message).toContain("17 linear memories");
  });

  it("are told apart by what they were lowered to", () => {
    const [small, large] = [bounds, { ...bounds, memoryBytes: 20 * PAGE }].map((given) => limitAll([withMemories([0, 1])], given)[0]?.limits);
    expect(small).not.toBe(large);
  });
});

describe("tables", () => {
  const growth = (module: Uint8Array) => {
    const table = instantiate(module)["t"] as WebAssembly.Table;
    table.grow(4);
    expect(() => table.grow(1)).toThrow(RangeError);
    return table.length;
  };

  it.each([
    ["without a maximum", "(module (table (export \"t\") 1 funcref))"],
    ["with a larger maximum", "(module (table (export \"t\") 1 1000000 externref))"],
    ["with an initial value", "(module (func $f) (table (export \"t\") 1 funcref (ref.func $f)) (elem declare func $f))"],
    ["of typed references", "(module (type $s (func)) (table (export \"t\") 1 (ref null $s)))"],
  ])("bounds a table %s", async (_what, text) => {
    const given = await parse(text);
    const limited = limit(given, PAGE, 5);
    expect(limited).not.toEqual(given);
    expect(limit(limited, PAGE, 5)).toEqual(limited);
    // Node 20 does not know all of these; test/security/hostile-guests.spec.ts has them grow in Chromium.
    if (isValid(given)) expect(growth(limited)).toBe(5);
  });

  it("share the bound", async () => {
    const module = limit(await parse("(module (table (export \"t\") 1 funcref) (table 2 2 funcref))"), PAGE, 7);
    expect(growth(module)).toBe(5);
  });

  it("are refused if they start larger, or are too many", async () => {
    expect(refusal(() => limit(Uint8Array.of(...header, 4, 4, 1, 0x70, 0, 9), PAGE, 8))?.message).toContain("tableElements");
    const many = await parse(`(module ${"(table 0 funcref)".repeat(257)})`);
    expect(refusal(() => limit(many, PAGE))?.message).toContain("257 tables");
  });
});

describe("the engine's own heap", () => {
  it.each([
    ["structures", "(module (type (struct (field i32))))"],
    ["arrays", "(module (type (array (mut i64))))"],
    ["structures in a recursive group", "(module (rec (type $a (sub (struct (field (ref null $a))))) (type (func))))"],
    ["tables of any reference", "(module (table 1 anyref))"],
    ["tables of exceptions", "(module (table 1 exnref))"],
    ["globals of exceptions", "(module (global (mut exnref) (ref.null exn)))"],
  ])("refuses %s", async (_what, text) => {
    const module = await parse(text);
    expect(refusal(() => limit(module, PAGE))?.message).toContain("the engine's own heap");
  });

  it("refuses exceptions whose type is written longer than needed", () => {
    // (global (mut (ref null exn)) (ref.null exn)), the heap type as e9 7f.
    const module = Uint8Array.of(...header, 6, 8, 1, 0x63, 0xe9, 0x7f, 1, 0xd0, 0x69, 0x0b);
    expect(refusal(() => limit(module, PAGE))?.code).toBe("component-unsupported");
  });

  it("accepts every initial value that makes no object", async () => {
    const values = "(global i32 (i32.const -5)) (global i64 (i64.const -1)) (global f32 (f32.const 1)) (global f64 (f64.const 1)) (global v128 (v128.const i64x2 1 2)) (global funcref (ref.null func))";
    const module = await parse(`(module ${values} (memory 1))`);
    expect(isValid(module)).toBe(true);
    expect(isValid(limit(module, PAGE))).toBe(true);
  });
});

describe("damaged and random modules", () => {
  it("never fails otherwise on a truncated module", () => {
    const module = withMemories([1, 1, 100]);
    for (let length = 8; length < module.length; length += 1) {
      const error = refusal(() => limit(module.subarray(0, length), 3 * PAGE));
      expect(error === undefined || error.code === "component-unsupported").toBe(true);
    }
  });

  it.each(["types-rust", "types-c", "everything-c", "everything-rust", "small-c"] as const)("leaves the core modules of %s valid", (name) => {
    const bytes = readFileSync(fixturePath(name));
    for (const { offset, size } of locateCoreModules(bytes)) {
      expect(isValid(limit(new Uint8Array(bytes.subarray(offset, offset + size)), 16 * 1024 * 1024))).toBe(true);
    }
  });

  it("agrees with the engine on mutated modules: what it accepts is as valid as before, and bounded", async () => {
    const seeds = [
      withMemories([0, 1]), withMemories([1, 1, 100]), withMemories([4, 1]), withMemories([3, 1, 9]),
      await parse("(module (type $s (func (param i32) (result f64))) (func $f) (table 1 funcref (ref.func $f)) (table 3 (ref null $s)) (memory (export \"m\") 1 70) (global i64 (i64.const 9)) (elem declare func $f) (data (i32.const 0) \"x\"))"),
    ];
    const random = new SeededRandom(20_261_121);
    let accepted = 0;
    let refused = 0;
    for (let round = 0; round < 20_000; round += 1) {
      const original = random.mutate(seeds[random.below(seeds.length)] ?? withMemories());
      if (original.length < 8) continue;
      const before = isValid(original);
      let limited: Uint8Array | undefined;
      const error = refusal(() => (limited = limit(original, 8 * PAGE, 16)));
      if (error !== undefined) refused += before ? 1 : 0;
      expect(error === undefined ? limited !== undefined : error.code === "component-unsupported", Buffer.from(original).toString("hex")).toBe(true);
      if (limited === undefined) continue;
      expect(isValid(limited), Buffer.from(original).toString("hex")).toBe(before);
      if (before) accepted += 1;
      // Once bounded, it is bounded: nothing is left to lower.
      if (before) expect(limit(limited, 8 * PAGE, 16)).toEqual(limited);
    }
    // Most of what the engine accepts is accepted here, so that the comparison says something.
    expect(accepted).toBeGreaterThan(300);
    expect(refused).toBeLessThan(accepted);
  });
});
