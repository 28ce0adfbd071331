import { $init, generateTypes } from "@bytecodealliance/jco-transpile/component";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { toCamelCase } from "../../../src/component/javascript-names.js";
import { parseWorld } from "../../../src/component/parse-world.js";
import { definitionAt, typeWords } from "../../../src/component/type-words.js";
import type { FunctionType, World, WorldSide } from "../../../src/component/world.js";
import { buildComponent } from "./support/build-component.js";
import { EVERY_TYPE_WIT } from "./support/every-type.js";
import { fixtureComponents } from "./support/fixture-components.js";
import { parseWat } from "./support/wat.js";

let everything: World;
let asynchronous: World;

beforeAll(async () => {
  await $init;
  everything = decodeComponent(await buildComponent(EVERY_TYPE_WIT, "everything"));
  asynchronous = decodeComponent(await buildComponent(EVERY_TYPE_WIT, "asynchronous"));
});

function functionOf(side: WorldSide, interfaceName: string, name: string): FunctionType {
  const functions = interfaceName === "" ? side.functions : side.interfaces.find((shape) => shape.name === interfaceName)?.functions;
  const found = functions?.find((named) => named.name === name);
  if (found === undefined) throw new Error(`${interfaceName} has no ${name}`);
  return found.type;
}

function signature(world: World, type: FunctionType): string {
  const parameters = type.parameters.map((parameter) => `${parameter.name}: ${typeWords(world, parameter.type)}`).join(", ");
  return `${type.async ? "async " : ""}(${parameters})${type.result === null ? "" : ` -> ${typeWords(world, type.result)}`}`;
}

describe("signatures of every type", () => {
  const values = "lab:types/values@1.2.3";
  test.each([
    [values, "integers", "(v: record every-integer) -> record every-integer"],
    [values, "floats", "(a: f32, b: f64) -> tuple<f32, f64>"],
    [values, "text", "(a: char, b: string, c: bool) -> list<char>"],
    [values, "nest", "(v: record nested) -> record nested"],
    [values, "shapes", "(v: list<variant shape>) -> option<variant shape>"],
    [values, "modes", "(v: flags access-mode, space: enum color-space) -> flags access-mode"],
    [values, "arrays", "(a: list<u8>, b: list<s8>, c: list<u16>, d: list<s16>, e: list<u32>, f: list<s32>, g: list<u64>, h: list<s64>, i: list<f32>, j: list<f64>) -> list<list<u64>>"],
    [values, "take", "(s: session) -> session"],
    [values, "look", "(s: borrow<session>, b: blob) -> u32"],
    [values, "fails", "() -> result<_, variant shape>"],
    [values, "succeeds", "() -> result<_, _>"],
    [values, "nothing", "()"],
    [values, "[constructor]session", "(name: string) -> session"],
    [values, "[static]session.open", "(path: string) -> result<session, enum size>"],
    [values, "[method]session.send", "(self: borrow<session>, data: list<u8>, blob: borrow<blob>) -> blob"],
    ["", "apply", "(points: list<tuple<u32, string>>) -> result<u32, string>"],
  ])("%s %s", (interfaceName, name, wanted) => {
    expect(signature(everything, functionOf(everything.exports, interfaceName, name))).toBe(wanted);
  });

  test("asynchronous functions, streams, futures and error contexts", () => {
    const later = "lab:types/later@1.2.3";
    expect(signature(asynchronous, functionOf(asynchronous.exports, later, "wait"))).toBe("async (p: record point) -> u32");
    expect(signature(asynchronous, functionOf(asynchronous.exports, later, "pump"))).toBe("async (s: stream<u8>) -> future<result<_, string>>");
    expect(signature(asynchronous, functionOf(asynchronous.exports, later, "idle"))).toBe("(s: stream<_>, f: future<_>) -> option<error-context>");
    expect(signature(asynchronous, functionOf(asynchronous.exports, "", "run-later"))).toBe("async (n: u32) -> u32");
  });

  test("fixed-length lists", async () => {
    const world = decodeComponent(await buildComponent("package a:b; interface i { f: func(x: list<u8, 4>) -> list<list<string, 2>, 3>; } world w { export i; }"));
    expect(signature(world, functionOf(world.exports, "a:b/i", "f"))).toBe("(x: list<u8, 4>) -> list<list<string, 2>, 3>");
  });

  test("the members of structures, with their names", () => {
    const byName = (name: string) => everything.types.find((definition) => definition.name === name && definition.kind !== "resource");
    expect(byName("shape")).toMatchObject({ kind: "variant", owner: values, cases: [{ name: "none", type: null }, { name: "circle", type: "f32" }, { name: "polygon" }, { name: "labeled" }] });
    expect(byName("access-mode")).toMatchObject({ kind: "flags", names: ["read", "write", "exec-all"] });
    expect(byName("every-integer")).toMatchObject({ fields: ["u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"].map((type, index) => ({ name: "abcdefgh"[index], type })) });
  });

  test("a type used in another interface keeps the interface that defines it", () => {
    expect(everything.types.filter((definition) => definition.name === "point").map((definition) => definition.owner)).toEqual(["lab:types/shared@1.2.3"]);
    expect(everything.types.find((definition) => definition.name === "color-space")?.owner).toBe("lab:types/shared@1.2.3");
  });

  test("an interface that is imported and exported has two different resources", () => {
    const imported = everything.imports.interfaces.find((shape) => shape.name === "lab:types/shared@1.2.3");
    const exported = everything.exports.interfaces.find((shape) => shape.name === "lab:types/shared@1.2.3");
    expect(imported?.resources).toHaveLength(1);
    expect(exported?.resources).toHaveLength(1);
    expect(exported?.resources).not.toEqual(imported?.resources);
    const send = functionOf(everything.exports, values, "[method]session.send");
    const blob = definitionAt(everything, Number(send.parameters[2]?.type));
    expect(blob).toEqual({ kind: "borrow", resource: exported?.resources[0] });
  });

  test("imports: interfaces with versions, inline interfaces and functions", () => {
    expect(everything.imports.interfaces.map((shape) => shape.name)).toEqual(["lab:types/shared@1.2.3", "host"]);
    expect(everything.imports.functions.map((named) => named.name)).toEqual(["log-line"]);
  });
});

describe("the world as data", () => {
  test("is what parseWorld accepts, unchanged", () => {
    for (const world of [everything, asynchronous]) expect(parseWorld(JSON.parse(JSON.stringify(world)))).toEqual(world);
  });

  test("has no two equal structures, and refers only to earlier ones", () => {
    const seen = new Set(everything.types.filter((definition) => definition.kind !== "resource").map((definition) => JSON.stringify(definition)));
    expect(seen.size).toBe(everything.types.filter((definition) => definition.kind !== "resource").length);
    everything.types.forEach((definition, index) => {
      for (const reference of JSON.stringify(definition).matchAll(/"(?:type|element|value|ok|err|resource)":(\d+)/g)) expect(Number(reference[1])).toBeLessThan(index);
    });
  });

  test("is the same for the same bytes, and for another copy of them at another place in memory", async () => {
    const bytes = await buildComponent(EVERY_TYPE_WIT, "everything");
    const shifted = new Uint8Array(bytes.length + 7);
    shifted.set(bytes, 7);
    expect(JSON.stringify(decodeComponent(bytes))).toBe(JSON.stringify(everything));
    expect(JSON.stringify(decodeComponent(shifted.subarray(7)))).toBe(JSON.stringify(everything));
  });
});

describe("components of several toolchains", () => {
  test.each([...fixtureComponents()])("%s: every exported function has the name that jco gives it", (_file, bytes) => {
    const world = decodeComponent(bytes);
    expect(parseWorld(JSON.parse(JSON.stringify(world)))).toEqual(world);
    const declarations = generateTypes("plugin", { wit: { tag: "binary", val: bytes } }).map(([, content]) => new TextDecoder().decode(content)).join("\n");
    for (const shape of [...world.exports.interfaces, ...world.imports.interfaces]) {
      expect(declarations).toContain(shape.name);
      for (const { name } of shape.functions) {
        const last = name.replace(/^\[.*\]/, "").split(".").at(-1) ?? "";
        if (!name.startsWith("[constructor]")) expect(declarations).toMatch(new RegExp(`\\b${toCamelCase(last)}\\b`));
      }
    }
  });

  test("a C and a Rust implementation of one world have one interface", () => {
    const components = fixtureComponents();
    const c = components.get("types-c.wasm");
    const rust = components.get("types-rust.wasm");
    if (c === undefined || rust === undefined) throw new Error("fixture components are missing");
    expect(decodeComponent(c).exports).toEqual(decodeComponent(rust).exports);
  });
});

describe("hand-written components", () => {
  test("an interface exported as an inline instance", async () => {
    const world = decodeComponent(await parseWat(`(component
      (type $point' (record (field "x" u32)))
      (import "host" (instance $host (export "get" (func (result u32)))))
      (alias export $host "get" (func $get))
      (instance $api (export "point" (type $point')) (export "get" (func $get)))
      (export "acme:a/api@1.0.0" (instance $api)))`));
    expect(world.exports.interfaces).toEqual([{ name: "acme:a/api@1.0.0", functions: [{ name: "get", type: { async: false, parameters: [], result: "u32" } }], resources: [] }]);
  });

  test("a resource passed through a nested component stays the same resource", async () => {
    const world = decodeComponent(await parseWat(`(component
      (import "acme:a/files@1.0.0" (instance $files (export "file" (type (sub resource)))))
      (alias export $files "file" (type $file))
      (import "open" (func $open (result (own $file))))
      (component $shim
        (import "import-type-file" (type $file (sub resource)))
        (import "import-func-open" (func $open (result (own $file))))
        (export $exported "file" (type $file))
        (export "open" (func $open) (func (result (own $exported)))))
      (instance $api (instantiate $shim (with "import-type-file" (type $file)) (with "import-func-open" (func $open))))
      (export "acme:a/api@1.0.0" (instance $api)))`));
    expect(world.types.filter((definition) => definition.kind === "resource")).toEqual([{ kind: "resource", name: "file", owner: "acme:a/files@1.0.0" }]);
    expect(world.exports.interfaces[0]?.resources).toEqual([]);
  });

  test("canonical built-ins of the asynchronous ABI do not disturb function indices", async () => {
    const world = decodeComponent(await parseWat(`(component
      (core module $m (func (export "f") (result i32) i32.const 0) (memory (export "memory") 1))
      (core instance $i (instantiate $m)) (alias core export $i "memory" (core memory $memory)) (alias core export $i "f" (core func $core))
      (type $stream (stream u8)) (type $future (future))
      (core func (canon task.return (result u32))) (core func (canon task.cancel)) (core func (canon backpressure.inc)) (core func (canon backpressure.dec))
      (core func (canon waitable-set.new)) (core func (canon waitable-set.wait (memory $memory))) (core func (canon waitable-set.drop)) (core func (canon waitable.join))
      (core func (canon subtask.cancel)) (core func (canon subtask.drop)) (core func (canon context.get i32 0)) (core func (canon context.set i32 0)) (core func (canon thread.yield))
      (core func (canon stream.new $stream)) (core func (canon stream.read $stream async (memory $memory))) (core func (canon stream.cancel-read $stream))
      (core func (canon stream.drop-readable $stream)) (core func (canon future.new $future)) (core func (canon future.write $future async)) (core func (canon future.drop-writable $future))
      (core func (canon error-context.new (memory $memory))) (core func (canon error-context.drop))
      (func $f (result u32) (canon lift (core func $core)))
      (export "f" (func $f)))`));
    expect(world.exports.functions).toEqual([{ name: "f", type: { async: false, parameters: [], result: "u32" } }]);
  });

  test("an unknown canonical built-in does not hurt exports that state their type", async () => {
    const source = (ascription: string) => `(component
      (core module $m (func (export "f") (result i32) i32.const 0))
      (core instance $i (instantiate $m)) (alias core export $i "f" (core func $core))
      (type $r (resource (rep i32)))
      (core func (canon resource.drop $r))
      (type $t (func (result u32)))
      (func $f (type $t) (canon lift (core func $core)))
      (export "f" (func $f) ${ascription}))`;
    const spoil = (bytes: Uint8Array) => {
      // canon section: one definition, resource.drop (0x03) of type 0.
      const at = bytes.findIndex((_byte, index) => [0x08, 0x03, 0x01, 0x03, 0x00].every((byte, offset) => bytes[index + offset] === byte));
      expect(at).toBeGreaterThan(0);
      bytes[at + 3] = 0x7a;
      return bytes;
    };
    expect(decodeComponent(spoil(await parseWat(source("(func (type $t))")))).exports.functions[0]?.type.result).toBe("u32");
    const unstated = spoil(await parseWat(source("")));
    expect(() => decodeComponent(unstated)).toThrow(expect.objectContaining({ code: "component-unsupported", message: expect.stringContaining("0x7a") }));
  });
});
