import { $init, generateTypes } from "@bytecodealliance/jco-transpile/component";
import { beforeAll, describe, expect, test } from "vitest";
import { callableFunctions } from "../../../src/component/callable-functions.js";
import { isInterfaceName, isLabel, parseFunctionName, splitInterfaceName } from "../../../src/component/component-names.js";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { toCamelCase, toPascalCase } from "../../../src/component/javascript-names.js";
import type { World } from "../../../src/component/world.js";
import { buildComponent } from "./support/build-component.js";
import { EVERY_TYPE_WIT } from "./support/every-type.js";
import { functionType, worldOf } from "./support/worlds.js";

describe("callable functions", () => {
  let everything: World;
  beforeAll(async () => {
    everything = decodeComponent(await buildComponent(EVERY_TYPE_WIT, "everything"));
  });

  test("are keyed as an app writes them", () => {
    const { functions } = callableFunctions(everything);
    expect(functions.get("apply")).toMatchObject({ interfaceName: null, functionName: "apply", kind: "function" });
    expect(functions.get("integers")).toMatchObject({ interfaceName: "lab:types/values@1.2.3", functionName: "integers" });
    expect(functions.get("new Session")).toMatchObject({ functionName: "[constructor]session", kind: "constructor" });
    expect(functions.get("Session.open")).toMatchObject({ functionName: "[static]session.open", kind: "static" });
    expect(functions.get("Blob.mergeAll")).toMatchObject({ functionName: "[static]blob.merge-all", kind: "static" });
    expect([...functions.keys()].filter((key) => key.includes("send") || key.includes("read"))).toEqual([]);
  });

  test("methods stand with the resource that they belong to", () => {
    const { functions, methods } = callableFunctions(everything);
    const session = functions.get("new Session")?.resource ?? -1;
    const blob = functions.get("Blob.mergeAll")?.resource ?? -1;
    expect(everything.types[session]).toMatchObject({ kind: "resource", name: "session" });
    expect([...(methods.get(session)?.keys() ?? [])]).toEqual(["send"]);
    expect(methods.get(blob)?.get("read")).toMatchObject({ key: "read", functionName: "[method]blob.read", resource: blob });
    expect(methods.size).toBe(2);
  });

  test("all that would share a key get the full one", () => {
    const f = functionType({});
    const { functions } = callableFunctions(worldOf([], { "a:b/one@1.0.0": { apply: f, "only-here": f }, "a:b/two@1.0.0": { apply: f } }, { "a1b": f, "a-1b": f }));
    expect([...functions.keys()]).toEqual(["#a1b", "#a-1b", "a:b/one@1.0.0#apply", "onlyHere", "a:b/two@1.0.0#apply"]);
    for (const [key, callable] of functions) expect(callable.key).toBe(key);
  });

  test("names of Object.prototype are only names", () => {
    const { functions } = callableFunctions(worldOf([], { "a:b/c": { constructor: functionType({}), "to-string": functionType({}) } }));
    expect([...functions.keys()]).toEqual(["constructor", "toString"]);
    expect(functions.get("valueOf")).toBeUndefined();
  });
});

describe("JavaScript names", () => {
  beforeAll(() => $init);

  test.each(["apply", "blur-radius", "HTTP-server", "a-1b", "x86-64", "is-URL", "a1b2-c3d4", "URL", "to-HTTP-URL"])("%s is spelled as jco spells it", async (label) => {
    const bytes = await buildComponent(`package a:b; interface i { record r { %${label}: u8 } resource t { %${label}: func(); } f: func(x: r, y: borrow<t>); %f-${label}: func(); } world w { export i; }`);
    const declarations = generateTypes("plugin", { wit: { tag: "binary", val: bytes } }).map(([, content]) => new TextDecoder().decode(content)).join("\n");
    expect(declarations).toMatch(new RegExp(`^ {2}${toCamelCase(label)}: number,`, "m"));
    expect(declarations).toMatch(new RegExp(`^ {2}${toCamelCase(label)}\\(\\): void`, "m"));
    expect(declarations).toMatch(new RegExp(`export function ${toCamelCase(`f-${label}`)}\\(`));
  });

  test.each(["blob", "blur-radius", "HTTP-server", "a-1b", "x86-64", "is-URL"])("class %s is named as jco names it", async (label) => {
    const bytes = await buildComponent(`package a:b; interface i { resource %${label} { constructor(); } } world w { export i; }`);
    const declarations = generateTypes("plugin", { wit: { tag: "binary", val: bytes } }).map(([, content]) => new TextDecoder().decode(content)).join("\n");
    expect(declarations).toMatch(new RegExp(`export class ${toPascalCase(label)} `));
  });
});

describe("component-level names", () => {
  test.each(["a", "blur-radius", "URL", "a-URL-b", "a1-2", "x-86a"])("%s is a label", (name) => expect(isLabel(name)).toBe(true));
  test.each(["", "1a", "-a", "a-", "a--b", "aB", "a_b", "a.b", "é", "a-1aA", `a${"b".repeat(1_024)}`])("%s is none", (name) => expect(isLabel(name)).toBe(false));
  test.each(["wasi:io/poll@0.2.12", "a:b/c", "a:b/c@1.0.0-rc.1+build.5", "a:b:c/d/e", "plain-name"])("%s names an interface", (name) => expect(isInterfaceName(name)).toBe(true));
  test.each(["wasi:io", "a/b", "a:b/c@", "a:b/c@1", "a:b/c@01.0.0", "A:b/c", "a:b/c@1.0.0 ", "a:b/c@1.0.0\n", "__proto__"])("%s names none", (name) => expect(isInterfaceName(name)).toBe(false));

  test("function names are taken apart", () => {
    expect(parseFunctionName("apply-it")).toEqual({ kind: "function", name: "apply-it" });
    expect(parseFunctionName("[constructor]blob")).toEqual({ kind: "constructor", resource: "blob" });
    expect(parseFunctionName("[method]blob.read-all")).toEqual({ kind: "method", resource: "blob", name: "read-all" });
    expect(parseFunctionName("[static]blob.merge")).toEqual({ kind: "static", resource: "blob", name: "merge" });
    for (const name of ["", "[method]blob", "[getter]blob.x", "a.b", "[constructor]", "[static]blob.x.y"]) expect(parseFunctionName(name)).toBeNull();
  });

  test("versions are taken off interface names", () => {
    expect(splitInterfaceName("wasi:io/poll@0.2.12")).toEqual({ base: "wasi:io/poll", version: "0.2.12" });
    expect(splitInterfaceName("host")).toEqual({ base: "host", version: null });
  });
});
