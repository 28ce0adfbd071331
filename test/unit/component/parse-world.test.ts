import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { defineInterface, parseDescriptor } from "../../../src/component/interface-descriptor.js";
import { hashExports } from "../../../src/component/interface-hash.js";
import { parseWorld } from "../../../src/component/parse-world.js";
import { isPluginError } from "../../../src/errors/plugin-error.js";
import { buildComponent } from "./support/build-component.js";
import { EVERY_TYPE_WIT } from "./support/every-type.js";
import { fixtureComponents } from "./support/fixture-components.js";

const empty = { interfaces: [], functions: [] };
let everything: string;

beforeAll(async () => {
  everything = JSON.stringify(decodeComponent(await buildComponent(EVERY_TYPE_WIT, "everything")));
});

function withTypes(...types: unknown[]): unknown {
  return { types, imports: empty, exports: empty };
}

function withExport(type: unknown, name = "f", types: unknown[] = []): unknown {
  return { types, imports: empty, exports: { interfaces: [], functions: [{ name, type }] } };
}

const resource = { kind: "resource", name: "blob", owner: "a:b/c" };

describe("what the decoder gives", () => {
  test("is accepted and rebuilt", () => {
    const value: unknown = JSON.parse(everything);
    const world = parseWorld(value);
    expect(world).toEqual(value);
    expect(world).not.toBe(value);
  });

  test.each([...fixtureComponents()])("%s", (_file, bytes) => {
    const world = decodeComponent(bytes);
    expect(JSON.stringify(parseWorld(JSON.parse(JSON.stringify(world))).exports)).toBe(JSON.stringify(world.exports));
  });
});

describe("what is refused, with its path", () => {
  test.each<[string, unknown, string]>([
    ["no object", null, "world is not an object"],
    ["an array", [], "world is not an object"],
    ["a missing member", { types: [], imports: empty }, "world has no exports"],
    ["an unknown member", { types: [], imports: empty, exports: empty, extra: 1 }, 'world has the unknown member "extra"'],
    ["__proto__ as a member", JSON.parse('{ "types": [], "imports": { "interfaces": [], "functions": [] }, "exports": { "interfaces": [], "functions": [] }, "__proto__": {} }'), 'unknown member "__proto__"'],
    ["types that are no array", { types: {}, imports: empty, exports: empty }, "world.types is not an array"],
    ["an unknown kind", withTypes({ kind: "union" }), "world.types[0].kind is not a kind of type"],
    ["a kind from Object.prototype", withTypes({ kind: "constructor" }), "world.types[0].kind"],
    ["an inherited kind", withTypes(Object.create({ kind: "enum" })), "world.types[0].kind"],
    ["a hole", { types: Object.assign([], { length: 1 }), imports: empty, exports: empty }, "world.types[0].kind"],
    ["an unknown primitive", withTypes({ kind: "list", element: "u128" }), "world.types[0].element is neither a primitive type nor the position of an earlier type"],
    ["a reference to itself", withTypes({ kind: "list", element: 0 }), "world.types[0].element"],
    ["a reference forward", withTypes({ kind: "list", element: 1 }, { kind: "list", element: "u8" }), "world.types[0].element"],
    ["a negative reference", withTypes({ kind: "list", element: -1 }), "world.types[0].element"],
    ["half a reference", withTypes({ kind: "list", element: "u8" }, { kind: "list", element: 0.5 }), "world.types[1].element"],
    ["own of no resource", withTypes({ kind: "list", element: "u8" }, { kind: "own", resource: 0 }), "world.types[1] refers to type 0 as a resource"],
    ["a bare resource in a list", withTypes(resource, { kind: "list", element: 0 }), "world.types[1] refers to type 0, a resource"],
    ["a bare resource as a result", withExport({ async: false, parameters: [], result: 0 }, "f", [resource]), "world.exports.functions[0].type refers to type 0, a resource"],
    ["a record without fields", withTypes({ kind: "record", fields: [] }), "a type has no field"],
    ["a field twice", withTypes({ kind: "record", fields: [{ name: "a", type: "u8" }, { name: "a", type: "u8" }] }), 'field "a" is there twice'],
    ["fields that JavaScript spells alike", withTypes({ kind: "record", fields: [{ name: "a-1b", type: "u8" }, { name: "a1b", type: "u8" }] }), 'field "a1b" is there twice'],
    ["a field's name that is none", withTypes({ kind: "record", fields: [{ name: "__proto__", type: "u8" }] }), '"__proto__" is not the name of a field'],
    ["a field with more members", withTypes({ kind: "record", fields: [{ name: "a", type: "u8", docs: "" }] }), 'world.types[0].fields[0] has the unknown member "docs"'],
    ["an enum of numbers", withTypes({ kind: "enum", cases: [1] }), "world.types[0].cases[0] is not text"],
    ["a fixed length of nothing", withTypes({ kind: "list", element: "u8", length: 0 }), "fixed length 0"],
    ["a fixed length that is too large", withTypes({ kind: "list", element: "u8", length: 2 ** 32 }), "world.types[0].length"],
    ["an owner that is none", withTypes({ kind: "enum", cases: ["a"], owner: "a/b" }), '"a/b" is not the name of an interface'],
    ["a resource without owner", withTypes({ kind: "resource", name: "blob" }), "world.types[0] has no owner"],
    ["undefined as a result", withExport({ async: false, parameters: [], result: undefined }), "world.exports.functions[0].type.result"],
    ["async that is no boolean", withExport({ async: 1, parameters: [], result: null }), "world.exports.functions[0].type.async"],
    ["a function's name that is none", withExport({ async: false, parameters: [], result: null }, "Apply It"), '"Apply It" is not the name of a function'],
    ["a method without its resource", { types: [], imports: empty, exports: { interfaces: [{ name: "a:b/c", resources: [], functions: [{ name: "[method]blob.read", type: { async: false, parameters: [], result: null } }] }], functions: [] } }, "belongs to no resource"],
    ["a method without self", { types: [resource], imports: empty, exports: { interfaces: [{ name: "a:b/c", resources: [0], functions: [{ name: "[method]blob.read", type: { async: false, parameters: [], result: null } }] }], functions: [] } }, "does not take its own resource first"],
    ["a resource of another interface", { types: [resource], imports: empty, exports: { interfaces: [{ name: "a:b/d", resources: [0], functions: [] }], functions: [] } }, "world.exports.interfaces[0].resources[0] is type 0, not a resource of a:b/d"],
    ["an interface twice", { types: [], imports: empty, exports: { interfaces: [{ name: "a:b/c", resources: [], functions: [] }, { name: "a:b/c", resources: [], functions: [] }], functions: [] } }, '"a:b/c", which is there twice'],
    ["an interface's name that is none", { types: [], imports: { interfaces: [{ name: "a:b/c@1", resources: [], functions: [] }], functions: [] }, exports: empty }, "world.imports.interfaces[0].name"],
  ])("%s", (_name, value, message) => {
    expect(() => parseWorld(value)).toThrow(expect.objectContaining({ code: "manifest-invalid", message: expect.stringContaining(message) }));
  });

  test("types nested deeper than the decoder allows", () => {
    const types: unknown[] = [{ kind: "list", element: "u8" }];
    for (let level = 1; level < 101; level += 1) types.push({ kind: "list", element: level - 1 });
    expect(() => parseWorld(withTypes(...types))).toThrow("nested more than 100 deep");
    expect(parseWorld(withTypes(...types.slice(0, 100))).types).toHaveLength(100);
  });

  test("a name that would take a pattern exponential time", () => {
    const started = performance.now();
    expect(() => parseWorld(withExport({ async: false, parameters: [], result: null }, `a${"-1".repeat(500)}!`))).toThrow("is not the name of a function");
    expect(() => parseWorld(withTypes({ kind: "enum", cases: [`a${"-1".repeat(500)}!`] }))).toThrow("is not the name of a case");
    expect(performance.now() - started).toBeLessThan(200);
  });
});

test("any change of one value gives a world or a refusal with a path, in the time of a parse", () => {
  const places: (readonly (string | number)[])[] = [];
  const visit = (value: unknown, path: readonly (string | number)[]): void => {
    places.push(path);
    if (typeof value === "object" && value !== null) for (const [name, member] of Object.entries(value)) visit(member, [...path, name]);
  };
  visit(JSON.parse(everything), []);
  fc.assert(fc.property(fc.nat(places.length - 1), fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 0, 1, 48, 49, "u8", "", "__proto__")), (at, replacement) => {
    const holder: { root: unknown } = { root: JSON.parse(everything) };
    const path = ["root", ...(places[at] ?? [])];
    let target: unknown = holder;
    for (const step of path.slice(0, -1)) target = Reflect.get(target as object, step);
    Reflect.set(target as object, path.at(-1) ?? "", replacement);
    try {
      const world = parseWorld(holder.root);
      expect(parseWorld(JSON.parse(JSON.stringify(world)))).toEqual(world);
    } catch (error) {
      if (!isPluginError(error, "manifest-invalid")) throw error;
      expect(error.message).toMatch(/^Cannot read the interface: world/);
    }
  }), { numRuns: 1_500, seed: 5 });
});

describe("descriptors", () => {
  test("are read back as they were defined", async () => {
    const world = parseWorld(JSON.parse(everything));
    const descriptor = defineInterface<{ run: () => void }>({ name: "everything", hash: await hashExports(world), world });
    expect(parseDescriptor(JSON.parse(JSON.stringify(descriptor)))).toEqual(descriptor);
  });

  test.each([
    ["no object", 5, "descriptor is not an object"],
    ["a hash that is none", { name: "x", hash: "abc", world: {} }, "descriptor.hash"],
    ["an upper-case hash", { name: "x", hash: "A".repeat(64), world: {} }, "descriptor.hash"],
    ["an unknown member", { name: "x", hash: "0".repeat(64), world: {}, code: "" }, "unknown member"],
    ["a wrong world", { name: "x", hash: "0".repeat(64), world: { types: [], imports: empty, exports: 1 } }, "descriptor.world.exports is not an object"],
  ])("%s is refused", (_name, value, message) => {
    expect(() => parseDescriptor(value)).toThrow(expect.objectContaining({ code: "manifest-invalid", message: expect.stringContaining(message) }));
  });
});
