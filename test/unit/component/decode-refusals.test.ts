import { describe, expect, test } from "vitest";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { parseWat } from "./support/wat.js";
describe("what is refused", () => {
  test("a core module, with what to do", () => {
    const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    expect(() => decodeComponent(module)).toThrow(expect.objectContaining({ code: "component-unsupported", stage: "admit", message: expect.stringContaining("wasm-tools component new") }));
  });

  test.each([
    ["nothing", Uint8Array.of(), "component-invalid"],
    ["text", new TextEncoder().encode("(component)"), "component-invalid"],
    ["another version", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0c, 0, 1, 0), "component-unsupported"],
    ["an unknown section", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 99, 0), "component-invalid"],
    ["a section longer than the file", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 7, 5, 0), "component-invalid"],
    ["a count beyond its section", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 7, 5, 0xff, 0xff, 0xff, 0xff, 0x0f), "component-invalid"],
    ["a type index out of range", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 7, 3, 1, 0x70, 5), "component-invalid"],
  ])("%s", (_name, bytes, code) => {
    expect(() => decodeComponent(bytes)).toThrow(expect.objectContaining({ code }));
  });

  test.each([
    ["an imported component", `(component (import "c" (component)))`],
    ["an imported core module", `(component (import "m" (core module)))`],
    ["a map type", `(component (type (map string u32)))`],
  ])("%s, as unsupported", async (_name, text) => {
    const bytes = await parseWat(text);
    expect(() => decodeComponent(bytes)).toThrow(expect.objectContaining({ code: "component-unsupported" }));
  });

  test("types that are nested without end", async () => {
    const lists = Array.from({ length: 150 }, (_, index) => `(type $t${index} (list ${index === 0 ? "u8" : `$t${index - 1}`}))`).join(" ");
    const bytes = await parseWat(`(component ${lists})`);
    expect(() => decodeComponent(bytes)).toThrow(expect.objectContaining({ code: "component-invalid", message: expect.stringContaining("100 deep") }));
  });

  test("a component whose instances would multiply without end", async () => {
    let text = `(component $c0 (type (record (field "a" u32))))`;
    for (let level = 1; level < 30; level += 1) {
      text = `(component $c${level} ${text} (instance (instantiate $c${level - 1})) (instance (instantiate $c${level - 1})))`;
    }
    const bytes = await parseWat(text);
    expect(() => decodeComponent(bytes)).toThrow(expect.objectContaining({ code: "component-unsupported", message: expect.stringContaining("1000000 items") }));
  });
});
