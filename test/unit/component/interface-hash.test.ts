import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { hashExports, hashInterface } from "../../../src/component/interface-hash.js";
import { mapDefinition, mapFunction } from "../../../src/component/map-references.js";
import type { FunctionType, TypeDefinition, TypeReference, World } from "../../../src/component/world.js";
import { buildComponent } from "./support/build-component.js";
import { functionType, worldOf } from "./support/worlds.js";

const FILTER = "acme:filters/filter@1.0.0";

async function hashOfWit(body: string): Promise<string> {
  return hashExports(decodeComponent(await buildComponent(`package acme:filters@1.0.0; ${body}`)));
}

const original = `
  interface shared { record point { x: u32, y: u32 } resource source { read: func() -> list<u8>; } }
  interface filter {
    use shared.{point, source};
    record image { width: u32, height: u32, pixels: list<u8> }
    enum mode { fast, exact }
    variant option-value { number(f64), text(string), nothing }
    flags traits { slow, lossy }
    apply: func(image: image, at: point, mode: mode) -> result<image, string>;
    tune: func(value: option-value, traits: traits, input: borrow<source>);
  }
  interface info { version: func() -> string; }
  world w { import shared; export filter; export info; }`;

describe("from WIT", () => {
  const apply = "apply: func(image: image, at: point, mode: mode) -> result<image, string>;";

  test.each<[string, (wit: string) => string]>([
    ["a comment", (wit) => wit.replace("record image {", "/// The picture.\nrecord image {")],
    ["another name of a record", (wit) => wit.replace("record image", "record picture").replaceAll(": image", ": picture").replaceAll("<image", "<picture")],
    ["an alias in place of its type", (wit) => wit.replace("record image", "type bytes = list<u8>; record image").replace("pixels: list<u8>", "pixels: bytes")],
    ["another order of interfaces", (wit) => wit.replace("export filter; export info;", "export info; export filter;")],
    ["another order of functions", (wit) => wit.replace(apply, "").replace("input: borrow<source>);", `input: borrow<source>); ${apply}`)],
  ])("does not change with %s", async (_name, change) => {
    const changed = change(original);
    expect(changed).not.toBe(original);
    expect(await hashOfWit(changed)).toBe(await hashOfWit(original));
  });

  test.each([
    ["a field's type", "width: u32", "width: u16"],
    ["a field's name", "height: u32", "tallness: u32"],
    ["the order of fields", "width: u32, height: u32", "height: u32, width: u32"],
    ["a field more", "pixels: list<u8>", "pixels: list<u8>, alpha: bool"],
    ["a field of a type from another interface", "x: u32, y: u32", "x: u32, y: u32, z: u32"],
    ["an enum's case", "fast, exact", "fast, precise"],
    ["a case's payload", "number(f64)", "number(f32)"],
    ["a flag", "slow, lossy", "lossy, slow"],
    ["a parameter's name", "at: point", "position: point"],
    ["an err type", "result<image, string>", "result<image, u32>"],
    ["a result more", "input: borrow<source>)", "input: borrow<source>) -> bool"],
    ["a function more", "interface info {", "interface info { more: func();"],
    ["own in place of borrow", "borrow<source>", "source"],
    ["async", "tune: func", "tune: async func"],
    ["a resource's name", /\bsource\b/g, "origin"],
  ])("changes with %s", async (_name, from, to) => {
    const body = original.replaceAll(from instanceof RegExp ? from : new RegExp(escape(from), "g"), to);
    expect(body).not.toBe(original);
    expect(await hashOfWit(body)).not.toBe(await hashOfWit(original));
  });

  test("changes with the package's version", async () => {
    const other = hashExports(decodeComponent(await buildComponent(`package acme:filters@1.0.1; ${original}`)));
    expect(await other).not.toBe(await hashOfWit(original));
  });
});

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const primitive = fc.constantFrom<TypeReference>("u8", "s16", "u32", "s64", "f32", "char", "string", "bool");
const labels = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 4 });

/** Definitions that refer to earlier ones, and one function over the last. */
const worlds = fc.array(fc.record({ kind: fc.nat(8), labels, picks: fc.array(fc.nat(1_000), { minLength: 8, maxLength: 8 }), primitives: fc.array(primitive, { minLength: 8, maxLength: 8 }) }), { minLength: 1, maxLength: 8 })
  .map((seeds): World => {
    const types: TypeDefinition[] = [];
    seeds.forEach((seed, position) => {
      const at = (index: number): TypeReference => {
        const pick = seed.picks[index] ?? 0;
        return position > 0 && pick % 2 === 0 ? pick % position : (seed.primitives[index] ?? "u8");
      };
      const kinds: TypeDefinition[] = [
        { kind: "record", name: "a", owner: FILTER, fields: seed.labels.map((name, index) => ({ name, type: at(index) })) },
        { kind: "variant", cases: seed.labels.map((name, index) => ({ name, type: index === 0 ? null : at(index) })) },
        { kind: "tuple", items: seed.labels.map((_name, index) => at(index)) },
        { kind: "list", element: at(0) }, { kind: "option", value: at(0) }, { kind: "result", ok: at(0), err: at(1) },
        { kind: "enum", cases: seed.labels }, { kind: "flags", names: seed.labels }, { kind: "list", element: at(0), length: 4 },
      ];
      types.push(kinds[seed.kind] ?? { kind: "list", element: "u8" });
    });
    // Refers to every definition, so that each is part of the interface.
    types.push({ kind: "tuple", items: types.map((_definition, index) => index) });
    return worldOf(types, { [FILTER]: { apply: functionType({ input: types.length - 1 }, "bool") } });
  });

/** The same world with its types in another order of positions, and unused ones between. */
function scattered(world: World): World {
  const place = (index: number) => index * 2 + 1;
  const map = { type: place, resource: place };
  const types: TypeDefinition[] = world.types.flatMap((definition) => [{ kind: "list", element: "f64" }, mapDefinition(definition, map)]);
  const move = (type: FunctionType) => mapFunction(type, map);
  return { ...world, types, exports: { ...world.exports, interfaces: world.exports.interfaces.map((shape) => ({ ...shape, functions: shape.functions.map(({ name, type }) => ({ name, type: move(type) })) })) } };
}

/** Every way to change one detail of a definition. */
function changes(definition: TypeDefinition): TypeDefinition[] {
  const found: TypeDefinition[] = [{ kind: "list", element: "error-context" }];
  if (definition.kind === "record") {
    definition.fields.forEach((field, index) => {
      found.push({ ...definition, fields: definition.fields.with(index, { ...field, name: `${field.name}-x` }) });
      found.push({ ...definition, fields: definition.fields.with(index, { ...field, type: "error-context" }) });
      found.push({ ...definition, fields: definition.fields.toSpliced(index, 1) });
    });
  }
  if (definition.kind === "variant") {
    definition.cases.forEach((variantCase, index) => {
      found.push({ ...definition, cases: definition.cases.with(index, { ...variantCase, name: `${variantCase.name}-x` }) });
      found.push({ ...definition, cases: definition.cases.with(index, { ...variantCase, type: "error-context" }) });
    });
  }
  if (definition.kind === "enum") found.push({ ...definition, cases: [...definition.cases, "more-x"] }, { kind: "flags", names: definition.cases });
  if (definition.kind === "flags") found.push({ ...definition, names: [...definition.names, "more-x"] });
  if (definition.kind === "list") found.push({ ...definition, length: 77 });
  return found;
}

describe("for any world", () => {
  test("the hash changes with every detail of every type, and with nothing else", async () => {
    await fc.assert(fc.asyncProperty(worlds, fc.nat(), async (world, pick) => {
      const before = await hashExports(world);
      expect(before).toMatch(/^[0-9a-f]{64}$/);
      expect(await hashExports(scattered(world))).toBe(before);
      const renamed = world.types.map((definition): TypeDefinition => (definition.kind === "resource" ? definition : { ...definition, name: "renamed", owner: "other:place/here" }));
      expect(await hashExports({ ...world, types: renamed })).toBe(before);
      const at = pick % world.types.length;
      const definition = world.types[at];
      if (definition === undefined) return;
      for (const changed of changes(definition)) expect(await hashExports({ ...world, types: world.types.with(at, changed) })).not.toBe(before);
    }), { numRuns: 200, seed: 3 });
  });
});

describe("parts of the exports", () => {
  const world = worldOf([{ kind: "list", element: "u8" }], { [FILTER]: { apply: functionType({ data: 0 }, 0) }, "acme:info/info": { version: functionType({}, "string") } }, { run: functionType({}) });

  test("only the named ones are hashed", async () => {
    const chosen = await hashExports(world, [FILTER]);
    expect(chosen).toBe(await hashInterface(world, "exports", FILTER));
    expect(chosen).not.toBe(await hashExports(world));
    expect(await hashExports(world, ["run", "acme:info/info", FILTER])).toBe(await hashExports(world));
  });

  test("a name that is not exported is an error", async () => {
    await expect(hashExports(world, [FILTER, "acme:none/none"])).rejects.toMatchObject({ code: "usage-invalid" });
    await expect(hashInterface(world, "imports", FILTER)).rejects.toMatchObject({ code: "usage-invalid" });
  });

  test("an imported and an exported resource of one name are two", async () => {
    const types: TypeDefinition[] = [{ kind: "resource", name: "blob", owner: "a:b/blobs" }, { kind: "own", resource: 0 }];
    const exported = worldOf(types, { "a:b/blobs": {}, [FILTER]: { take: functionType({ blob: 1 }) } });
    const imported: World = { ...exported, imports: { interfaces: exported.exports.interfaces.slice(0, 1), functions: [] }, exports: { interfaces: exported.exports.interfaces.slice(1), functions: [] } };
    expect(await hashExports(exported, [FILTER])).not.toBe(await hashExports(imported, [FILTER]));
  });
});

test("types that share parts are hashed in linear time", async () => {
  const types: TypeDefinition[] = [{ kind: "tuple", items: ["u8", "u8"] }];
  for (let level = 1; level < 99; level += 1) types.push({ kind: "tuple", items: [level - 1, level - 1] });
  const started = performance.now();
  await hashExports(worldOf(types, { [FILTER]: { apply: functionType({ value: 98 }) } }));
  expect(performance.now() - started).toBeLessThan(500);
});
