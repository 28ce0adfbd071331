import { expect, it } from "vitest";
import { countMemories } from "../../../src/component/count-memories.js";

const PREAMBLE = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const count = (...sections: readonly number[]): number => countMemories(Uint8Array.from([...PREAMBLE, ...sections]), "acme.test");

it("counts what the memory section says, behind other sections", () => {
  expect(count()).toBe(0);
  expect(count(1, 1, 0)).toBe(0);
  expect(count(5, 3, 1, 0, 1)).toBe(1);
  expect(count(0, 2, 1, 0x61, 1, 1, 0, 5, 5, 2, 0, 1, 0, 1)).toBe(2);
});

it("believes no module that claims more than may be", () => {
  expect(count(5, 6, 0xff, 0xff, 0xff, 0xff, 0x0f)).toBe(16);
});

it.each([[[5]], [[5, 0xff]], [[1, 9, 0]], [[5, 1, 0x80]], [[5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]])("refuses a module that is cut: %j", (sections) => {
  expect(() => count(...sections)).toThrow(expect.objectContaining({ code: "component-unsupported" }) as Error);
});
