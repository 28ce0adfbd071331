import { expect, test } from "vitest";
import { isComponent, isCoreModule, locateCoreModules } from "../../../src/component/core-modules.js";
import { fixtureComponents } from "./support/fixture-components.js";
import { parseWat } from "./support/wat.js";

test("core modules are found where they stand, nested ones included", async () => {
  const bytes = await parseWat(`(component
    (core module (func (export "first")))
    (component (core module (func (export "second"))) (component (core module (func (export "third")))))
    (core module (func (export "fourth"))))`);
  const modules = locateCoreModules(bytes).map(({ offset, size }) => new WebAssembly.Module(bytes.slice(offset, offset + size)));
  expect(modules.map((module) => WebAssembly.Module.exports(module)[0]?.name)).toEqual(["first", "second", "third", "fourth"]);
});

// Its WebAssembly is newer than Node 20.
const known = [...fixtureComponents()].filter(([file]) => file !== "gc-heap.wasm");

test.each(known)("%s: every range is a core module of its own", (_file, bytes) => {
  const ranges = locateCoreModules(bytes);
  expect(ranges.length).toBeGreaterThan(0);
  for (const { offset, size } of ranges) expect(WebAssembly.validate(bytes.slice(offset, offset + size))).toBe(true);
});

test("beginnings tell components and core modules apart", () => {
  const component = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);
  const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  expect([isComponent(component), isCoreModule(component), isComponent(module), isCoreModule(module)]).toEqual([true, false, false, true]);
  expect([isComponent(component.subarray(0, 7)), isCoreModule(new Uint8Array())]).toEqual([false, false]);
  expect(() => locateCoreModules(module)).toThrow(expect.objectContaining({ code: "component-invalid" }));
});
