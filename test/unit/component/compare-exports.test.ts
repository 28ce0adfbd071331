import { describe, expect, test } from "vitest";
import { compareExports, resolveExports } from "../../../src/component/compare-exports.js";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { satisfiesInterface } from "../../../src/component/interface-versions.js";
import type { TypeDefinition, World } from "../../../src/component/world.js";
import { buildComponent } from "./support/build-component.js";
import { functionType, worldOf } from "./support/worlds.js";

async function filterWorld(version: string, change: (wit: string) => string = (wit) => wit): Promise<World> {
  return decodeComponent(await buildComponent(change(`package acme:filters@${version};
    interface filter {
      record image { width: u32, height: u32, pixels: list<u8> }
      enum mode { fast, exact }
      resource session { constructor(name: string); render: func(image: image) -> result<image, string>; }
      apply: func(image: image, mode: mode) -> result<image, string>;
      open: func() -> session;
    }
    world w { export filter; export run: func(count: u32) -> bool; }`)));
}

describe("equal signatures", () => {
  test("a world satisfies itself, under the same names", async () => {
    const world = await filterWorld("1.0.0");
    expect(resolveExports(world, world)).toEqual({ differences: [], interfaces: new Map([["acme:filters/filter@1.0.0", "acme:filters/filter@1.0.0"]]) });
  });

  test("more functions, more interfaces and other type names are no difference", async () => {
    const actual = await filterWorld("1.0.0", (wit) => wit
      .replace("open: func", "close: func(); open: func").replace("world w {", "interface more { f: func(); } world w { export more;")
      .replaceAll(/\bimage\b(?=[ ,)>]| \{)/g, "picture").replaceAll("(picture: picture", "(image: picture"));
    expect(compareExports(await filterWorld("1.0.0"), actual)).toEqual([]);
  });

  test("a newer compatible version is found under its own name, resources included", async () => {
    const { differences, interfaces } = resolveExports(await filterWorld("1.0.0"), await filterWorld("1.2.5"));
    expect(differences).toEqual([]);
    expect(interfaces).toEqual(new Map([["acme:filters/filter@1.0.0", "acme:filters/filter@1.2.5"]]));
  });

  test("of several versions the very same is taken, else the newest", () => {
    const run = { run: functionType({}) };
    const actual = worldOf([], { "a:b/c@1.1.0": run, "a:b/c@1.10.0": run, "a:b/c@1.2.0": run, "a:b/c@2.0.0": run });
    expect(resolveExports(worldOf([], { "a:b/c@1.0.0": run }), actual).interfaces.get("a:b/c@1.0.0")).toBe("a:b/c@1.10.0");
    expect(resolveExports(worldOf([], { "a:b/c@1.2.0": run }), actual).interfaces.get("a:b/c@1.2.0")).toBe("a:b/c@1.2.0");
  });
});

describe("differences", () => {
  test.each([
    ["a field's type", (wit: string) => wit.replace("width: u32", "width: u16"), "acme:filters/filter@1.0.0#apply(image).width", "u16", "u32"],
    ["a missing field", (wit: string) => wit.replace("height: u32, ", ""), "acme:filters/filter@1.0.0#apply(image)", "record {width, pixels}", "record {width, height, pixels}"],
    ["a field more", (wit: string) => wit.replace("height: u32, ", "height: u32, depth: u8, "), "acme:filters/filter@1.0.0#apply(image)", "record {width, height, depth, pixels}", "record {width, height, pixels}"],
    ["a list's element", (wit: string) => wit.replace("list<u8>", "list<u16>"), "acme:filters/filter@1.0.0#apply(image).pixels.item", "u16", "u8"],
    ["an enum's case", (wit: string) => wit.replace("exact", "precise"), "acme:filters/filter@1.0.0#apply(mode)", "enum {fast, precise}", "enum {fast, exact}"],
    ["an err type", (wit: string) => wit.replace("mode: mode) -> result<image, string>", "mode: mode) -> result<image, u32>"), "acme:filters/filter@1.0.0#apply result.err", "u32", "string"],
    ["a parameter's name", (wit: string) => wit.replace("apply: func(image:", "apply: func(input:"), "acme:filters/filter@1.0.0#apply", "parameters (input, mode)", "(image, mode)"],
    ["a missing result", (wit: string) => wit.replace("-> bool", ""), "run result", "nothing", "bool"],
    ["a missing function", (wit: string) => wit.replace("open: func() -> session;", ""), "acme:filters/filter@1.0.0#open", "nothing of that name", "function open"],
    ["a missing method", (wit: string) => wit.replace("render: func(image: image) -> result<image, string>;", ""), "acme:filters/filter@1.0.0#[method]session.render", "nothing of that name", "function [method]session.render"],
    ["async", (wit: string) => wit.replace("open: func", "open: async func"), "acme:filters/filter@1.0.0#open", "an async function", "one that is not async"],
    ["another kind of type", (wit: string) => wit.replace("enum mode { fast, exact }", "flags mode { fast, exact }"), "acme:filters/filter@1.0.0#apply(mode)", "flags mode", "enum mode"],
  ])("%s", async (_name, change, path, found, wanted) => {
    const [wantedWorld, actual] = [await filterWorld("1.0.0"), await filterWorld("1.0.0", change)];
    const differences = compareExports(wantedWorld, actual);
    // The type may be met first in the method that comes before.
    const difference = differences.find((candidate) => candidate.path.replace("#[method]session.render(image)", "#apply(image)") === path);
    expect(difference).toBeDefined();
    expect(difference).toMatchObject({ found: expect.stringContaining(found), wanted: expect.stringContaining(wanted) });
    expect(difference?.message).toBe(`${difference?.path}: found ${difference?.found}, wanted ${difference?.wanted}`);
  });

  test("an interface of an incompatible version names what is there", async () => {
    expect(compareExports(await filterWorld("1.0.0"), await filterWorld("2.0.0"))).toMatchObject([{ path: "acme:filters/filter@1.0.0", found: "acme:filters/filter@2.0.0, which is not compatible" }]);
  });

  test("a resource of another interface is another resource", () => {
    const world = (owner: string) => {
      const types: TypeDefinition[] = [{ kind: "resource", name: "blob", owner }, { kind: "own", resource: 0 }];
      return worldOf(types, { "a:b/one": {}, "a:b/two": {}, "a:b/api": { take: functionType({ item: 1 }) } });
    };
    expect(compareExports(world("a:b/one"), world("a:b/two"))).toMatchObject([{ found: "resource blob of a:b/two", wanted: "resource blob of a:b/one" }]);
  });

  test("types that share parts are compared in linear time, and differences are bounded", () => {
    const types = (leaf: "u8" | "u16"): TypeDefinition[] => {
      const definitions: TypeDefinition[] = [{ kind: "tuple", items: [leaf, leaf] }];
      for (let level = 1; level < 90; level += 1) definitions.push({ kind: "tuple", items: [level - 1, level - 1] });
      return definitions;
    };
    const world = (leaf: "u8" | "u16") => worldOf(types(leaf), { "a:b/c": { f: functionType({ x: 89 }) } });
    const started = performance.now();
    const differences = compareExports(world("u8"), world("u16"));
    expect(performance.now() - started).toBeLessThan(500);
    expect(differences.length).toBeGreaterThan(0);
    expect(differences.length).toBeLessThanOrEqual(50);
  });
});

test.each([
  ["a:b/c@1.0.0", "a:b/c@1.0.0", true], ["a:b/c@1.0.0", "a:b/c@1.9.3", true], ["a:b/c@1.2.0", "a:b/c@1.1.9", false], ["a:b/c@1.0.0", "a:b/c@2.0.0", false],
  ["a:b/c@0.2.0", "a:b/c@0.2.12", true], ["a:b/c@0.2.3", "a:b/c@0.2.0", false], ["a:b/c@0.2.0", "a:b/c@0.3.0", false], ["a:b/c@0.0.1", "a:b/c@0.0.2", false],
  ["a:b/c@1.0.0-rc.1", "a:b/c@1.0.0", false], ["a:b/c@1.0.0", "a:b/c@1.1.0-rc.1", false], ["a:b/c@1.0.0-rc.1", "a:b/c@1.0.0-rc.1", true],
  ["a:b/c", "a:b/c", true], ["a:b/c", "a:b/c@1.0.0", false], ["a:b/c@1.0.0", "a:b/d@1.0.0", false], ["plain", "plain", true],
])("%s is satisfied by %s: %s", (wanted, actual, satisfied) => {
  expect(satisfiesInterface(wanted, actual)).toBe(satisfied);
});
