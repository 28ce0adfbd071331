import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { limitMemories } from "../../../src/component/core-module-limits.js";
import { locateCoreModules } from "../../../src/component/core-modules.js";
import { isPluginError } from "../../../src/errors/plugin-error.js";
import { fixturePath } from "../../fixtures/index.js";

const PAGE = 65_536;
const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** A module whose one section holds memories with these limits, and exports the first. */
const withMemories = (...limits: readonly (readonly number[])[]) => {
  const section = [limits.length, ...limits.flat()];
  return Uint8Array.of(...header, 5, section.length, ...section, 7, 5, 1, 1, 0x6d, 2, 0);
};
const memoryOf = (module: Uint8Array) => new WebAssembly.Instance(new WebAssembly.Module(module as Uint8Array<ArrayBuffer>)).exports["m"] as WebAssembly.Memory;
const refusal = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return isPluginError(error) ? error : undefined;
  }
  return undefined;
};

describe("limitMemories", () => {
  it.each([["without a maximum", [0, 1]], ["with a larger maximum", [1, 1, 100]], ["with the largest maximum", [1, 1, 0x80, 0x80, 0x04]]])("bounds a memory %s", (_what, limits) => {
    const memory = memoryOf(limitMemories(withMemories(limits), 3 * PAGE, "acme.test"));
    expect(memory.grow(2)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it("keeps a smaller maximum", () => {
    const memory = memoryOf(limitMemories(withMemories([1, 1, 2]), 100 * PAGE, "acme.test"));
    expect(memory.grow(1)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it("gives a module without memories back as it is", () => {
    const module = Uint8Array.of(...header, 1, 4, 1, 0x60, 0, 0);
    expect(limitMemories(module, PAGE, "acme.test")).toBe(module);
  });

  it("refuses a memory that starts larger than the bound, with both numbers", () => {
    const error = refusal(() => limitMemories(withMemories([0, 4]), 3 * PAGE, "acme.test"));
    expect(error?.code).toBe("component-unsupported");
    expect(error?.message).toContain(String(4 * PAGE));
    expect(error?.message).toContain(String(3 * PAGE));
  });

  it("refuses limits of an unknown form", () => expect(refusal(() => limitMemories(withMemories([8, 1, 16]), PAGE, "acme.test"))?.code).toBe("component-unsupported"));

  it("never fails otherwise on a truncated module", () => {
    const module = withMemories([1, 1, 100]);
    for (let length = 8; length < module.length; length += 1) {
      const error = refusal(() => limitMemories(module.subarray(0, length), 3 * PAGE, "acme.test"));
      expect(error === undefined || error.code === "component-unsupported").toBe(true);
    }
  });

  it.each(["types-rust", "types-c", "everything-c", "everything-rust", "small-c"] as const)("leaves the core modules of %s valid", (name) => {
    const bytes = readFileSync(fixturePath(name));
    for (const { offset, size } of locateCoreModules(bytes)) {
      const limited = limitMemories(new Uint8Array(bytes.subarray(offset, offset + size)), 16 * 1024 * 1024, "acme.test");
      expect(WebAssembly.validate(limited as Uint8Array<ArrayBuffer>)).toBe(true);
    }
  });
});
