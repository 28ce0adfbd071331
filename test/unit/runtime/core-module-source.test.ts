import { expect, it } from "vitest";
import type { StartRequest } from "../../../src/rpc/messages.js";
import { coreModuleSource } from "../../../src/runtime/worker/realm/core-module-source.js";

const bytes = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 3, 1, 0, 1);
const source = (coreModules: StartRequest["coreModules"]) => coreModuleSource({ coreModules } as StartRequest);

it("instantiates a module with storage once, however often it is asked for", () => {
  const { get, instantiate } = source([["a", bytes, true]]);
  instantiate(get("a"), {});
  expect(get("a")).toBe(get("a"));
  expect(() => instantiate(get("a"), {})).toThrow("twice");
});

it("instantiates equal modules of two names once each", () => {
  const module = new WebAssembly.Module(bytes);
  const { get, instantiate } = source([["a", module, true], ["b", module, true]]);
  const [first, second] = [get("a"), get("b")];
  instantiate(first, {});
  instantiate(second, {});
  expect(() => instantiate(first, {})).toThrow("twice");
});

it("instantiates a module without storage as often as wanted", () => {
  const { get, instantiate } = source([["a", bytes, false]]);
  for (let round = 0; round < 3; round += 1) expect(instantiate(get("a"), {})).toBeInstanceOf(WebAssembly.Instance);
});

it("refuses a name that the package does not have", () => expect(() => source([]).get("a")).toThrow("not part of the package"));
