import { beforeAll, describe, expect, test } from "vitest";
import { canonicalJson, type JsonValue } from "../../../src/bytes/canonical-json.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import type { World } from "../../../src/component/world.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { worldFromWit } from "../../../src/node/types/wit.js";
import type { BridgeCode, BridgeMethod, Manifest, ManifestFile } from "../../../src/package/manifest.js";
import { parseManifest } from "../../../src/package/parse-manifest.js";
import { PluginPackage } from "../../../src/package/plugin-package.js";
import { bridgeManifest, changedWit, GREETER_METHODS, GREETER_WIT } from "./bridge-fixture.js";
import { buildPackage, refusal } from "./package-fixture.js";

let rust: Manifest;
let python: Manifest;
let component: Manifest;

beforeAll(async () => {
  const world = await worldFromWit({ source: GREETER_WIT });
  [rust, python, { manifest: component }] = await Promise.all([bridgeManifest("rust", world), bridgeManifest("python", world), buildPackage()]);
});

const parse = (value: unknown): Manifest => parseManifest(toUtf8(canonicalJson(value as JsonValue)), DEFAULT_LIMITS);
const refused = (value: unknown): Promise<string> => refusal(() => parse(value), "manifest-invalid");
const withBridge = (manifest: Manifest, changes: Partial<Record<keyof BridgeCode, unknown>>) => ({ ...manifest, bridge: { ...manifest.bridge, ...changes } });
const withMethod = (name: string, changes: Partial<Record<keyof BridgeMethod, unknown>>) =>
  withBridge(rust, { methods: GREETER_METHODS.map((method) => (method.function === name ? { ...method, ...changes } : method)) });
const file = (path: string): ManifestFile => ({ path, size: 0, sha256: "0".repeat(64) });

describe("the manifest of a native or Python plugin", () => {
  test("is read as it is written", () => {
    for (const manifest of [rust, python]) expect(parse(manifest)).toEqual(manifest);
  });

  test.each(["a.py", "a/__init__.py", "vendor/a.py", "vendor/a/__init__.py"])("may have its entry module at %s", (path) => {
    expect(parse({ ...withBridge(python, { entryModule: "a" }), files: [file(path)] }).files).toHaveLength(1);
  });

  test("may have a module of a package as its entry, and a library for each platform", () => {
    expect(parse({ ...withBridge(python, { entryModule: "acme.blur_2.main" }), files: [file("acme/blur_2/main.py")] }).bridge?.entryModule).toBe("acme.blur_2.main");
    const libraries = [{ platform: "linux-x64", path: "a.so" }, { platform: "darwin-arm64", path: "a.dylib" }];
    expect(parse({ ...withBridge(rust, { libraries }), files: [file("a.dylib"), file("a.so")] }).bridge?.libraries).toEqual(libraries);
  });

  test("has no component to read", async () => {
    const opened = PluginPackage.open({ origin: "here", manifestBytes: toUtf8(canonicalJson(python as unknown as JsonValue)), signatureBytes: null, readFile: async () => toUtf8("module") }, DEFAULT_LIMITS);
    expect(await refusal(() => opened.readComponent(), "runtime-unsupported")).toContain("its runtime is python");
    expect(await opened.readFile("greeter.py")).toEqual(toUtf8("module"));
  });
});

describe("attack: a manifest that lies about how it is run", () => {
  const LIES: readonly (readonly [what: string, lie: () => unknown, says: string])[] = [
    ["a component beside native code", () => ({ ...rust, component: "native/linux-x64/libgreeter.so" }), "has a component"],
    ["transpiled outputs beside Python", () => ({ ...python, transpiled: component.transpiled, files: [...component.files, ...python.files].sort((a, b) => (a.path < b.path ? -1 : 1)) }), "transpiled"],
    ["native code without a word of it", () => ({ ...rust, bridge: undefined }), 'no "bridge"'],
    ["a component called Python", () => ({ ...component, runtime: "python" }), 'no "bridge"'],
    ["native code called a component", () => ({ ...rust, runtime: "wasm" }), '"bridge"'],
    ["a component that a bridge runs as well", () => ({ ...component, bridge: rust.bridge }), '"bridge"'],
    ["a component without a component", () => ({ ...component, component: undefined, transpiled: [] }), "no component"],
    ["no library", () => withBridge(rust, { libraries: [] }), "no library"],
    ["no word of libraries", () => withBridge(rust, { libraries: undefined }), "no library"],
    ["two libraries for one platform", () => withBridge(rust, { libraries: [rust.bridge?.libraries?.[0], rust.bridge?.libraries?.[0]] }), "two libraries for linux-x64"],
    ["a library outside of its files", () => withBridge(rust, { libraries: [{ platform: "linux-x64", path: "other.so" }] }), "not in its list of files"],
    ["a library outside of its package", () => withBridge(rust, { libraries: [{ platform: "linux-x64", path: "../../usr/lib/libc.so" }] }), "safe relative path"],
    ["a library at no path", () => withBridge(rust, { libraries: [{ platform: "linux-x64", path: "/usr/lib/libc.so" }] }), "safe relative path"],
    ["a platform that is a path", () => withBridge(rust, { libraries: [{ platform: "../linux-x64", path: "native/linux-x64/libgreeter.so" }] }), "linux-x64"],
    ["more libraries than there are platforms", () => withBridge(rust, { libraries: Array.from({ length: 17 }, (_, index) => ({ platform: `os${index}-x64`, path: "native/linux-x64/libgreeter.so" })) }), "at most 16"],
    ["an entry module of native code", () => withBridge(rust, { entryModule: "greeter" }), "entry module"],
    ["libraries of Python", () => withBridge(python, { libraries: rust.bridge?.libraries }), "libraries"],
    ["no entry module", () => withBridge(python, { entryModule: undefined }), "no entry module"],
    ["an entry module that is not there", () => withBridge(python, { entryModule: "os" }), "vendor/os.py"],
    ["an entry module in another folder", () => ({ ...python, files: [file("src/greeter.py")] }), "not among its files"],
    ["an entry module that is a path", () => withBridge(python, { entryModule: "../../evil" }), "Python module"],
    ["an entry module that is an option", () => withBridge(python, { entryModule: "-c" }), "Python module"],
    ["an entry module with an empty part", () => withBridge(python, { entryModule: "a..b" }), "Python module"],
    ["a long entry module", () => withBridge(python, { entryModule: "a".repeat(257) }), "Python module"],
    ["a hash with capitals", () => withBridge(rust, { interfaceHash: "BE38CA5674EC66CA" }), "16 lower-case"],
    ["a short hash", () => withBridge(rust, { interfaceHash: "be38ca" }), "16 lower-case"],
    ["a hash with its prefix", () => withBridge(rust, { interfaceHash: "0xbe38ca5674ec66ca" }), "16 lower-case"],
    ["a hash that is a number", () => withBridge(rust, { interfaceHash: 7 }), "is not text"],
    ["no hash", () => withBridge(rust, { interfaceHash: undefined }), "has no interfaceHash"],
    ["an unknown member", () => withBridge(rust, { command: "sh" } as object), "unknown member"],
  ];
  test.each(LIES)("%s", async (_, lie, says) => {
    expect(await refused(lie())).toContain(says);
  });
});

describe("attack: a manifest that lies about its methods", () => {
  const LIES: readonly (readonly [what: string, lie: () => unknown, says: string])[] = [
    ["one is missing", () => withBridge(rust, { methods: GREETER_METHODS.slice(1) }), 'does not list the method "zebra"'],
    ["none is there", () => withBridge(python, { methods: [] }), "does not list"],
    ["one is there twice", () => withBridge(rust, { methods: [...GREETER_METHODS, GREETER_METHODS[0]] }), 'lists the method "zebra" twice'],
    ["one is unknown", () => withBridge(rust, { methods: [...GREETER_METHODS, { function: "evil", raw: false, takesStream: false }] }), 'lists the method "evil"'],
    ["one has the name of an object's own", () => withBridge(rust, { methods: [...GREETER_METHODS, { function: "constructor", raw: false, takesStream: false }] }), '"constructor"'],
    ["fidius's own is one", () => withBridge(rust, { methods: [...GREETER_METHODS, { function: "fidius-configure", raw: false, takesStream: false }] }), "fidius-configure"],
    ["a stream's is one", () => withBridge(rust, { methods: [...GREETER_METHODS, { function: "[method]count-stream.next", raw: false, takesStream: false }] }), "count-stream.next"],
    ["one is raw and takes a text", () => withMethod("zebra", { raw: true }), "func(list<u8>) -> list<u8>"],
    ["one is raw and answers with a number", () => withMethod("add", { raw: true }), "is raw"],
    ["one is raw and answers with a stream", () => withMethod("count", { raw: true }), "is raw"],
    ["one is raw and takes a stream", () => withMethod("reverse", { takesStream: true }), "cannot be both"],
    ["items without a stream", () => withMethod("zebra", { item: "u8" }), "takes no stream"],
    ["a type of items that there is not", () => withMethod("sum", { item: "u128" }), "must be"],
    ["a bit too many", () => withMethod("describe", { optionalBit: 64 }), "there are only 64"],
    ["a bit below 0", () => withMethod("describe", { optionalBit: -1 }), "whole number from 0"],
    ["a bit that two share", () => withMethod("zebra", { optionalBit: 0 }), "have bit 0"],
    ["raw that is no truth", () => withMethod("reverse", { raw: 1 }), "must be true or false"],
    ["more than any interface has", () => withBridge(rust, { methods: Array.from({ length: 1025 }, () => GREETER_METHODS[0]) }), "at most 1024"],
  ];
  test.each(LIES)("%s", async (_, lie, says) => {
    expect(await refused(lie())).toContain(says);
  });
});

describe("attack: a world that nothing can hold native or Python code to", () => {
  const lie = async (edit: (world: World) => World | Promise<World>): Promise<string> => refused({ ...rust, world: await edit(rust.world) });
  const imported = (name: string) => (world: World): World =>
    ({ ...world, imports: { ...world.imports, interfaces: [...world.imports.interfaces, { name, functions: [], resources: [] }] } });

  test.each(["wasi:filesystem/types@0.2.3", "wasi:sockets/tcp@0.2.0", "wasi:logging/logging@0.1.0-draft", "wasi:future/thing@9.0.0"])("it imports %s", async (name) => {
    expect(await lie(imported(name))).toContain("only interfaces of the app");
  });

  test("it takes a stream that nothing carries", async () => {
    expect(await lie((world) => ({ ...world, imports: { interfaces: [], functions: [] } }))).toContain("fidius:stream-pull/pull@0.1.0");
  });

  const free = { name: "run", type: { async: false, parameters: [], result: null } };
  const EDITS: readonly (readonly [what: string, edit: (world: World) => World, says: string])[] = [
    ["it exports no interface", (world) => ({ ...world, exports: { interfaces: [], functions: [] } }), "exports 0 interfaces"],
    ["it exports two interfaces", (world) => ({ ...world, exports: { ...world.exports, interfaces: [...world.exports.interfaces, { name: "a:b/c", functions: [], resources: [] }] } }), "exports 2 interfaces"],
    ["it exports a function of the world itself", (world) => ({ ...world, exports: { ...world.exports, functions: [free] } }), "outside of any interface"],
    ["it imports a function of the world itself", (world) => ({ ...world, imports: { ...world.imports, functions: [free] } }), "outside of any interface"],
  ];
  test.each(EDITS)("%s", async (_, edit, says) => {
    expect(await lie(edit)).toContain(says);
  });

  const WIT: readonly (readonly [what: string, found: string, replacement: string, says: string])[] = [
    ["a resource that is no stream", "zebra: func", "resource file { read: func() -> list<u8>; } open: func() -> file; zebra: func", "no stream"],
    ["a stream with more than a next", "resource count-stream {", "resource count-stream { seek: func(to: u32);", "count-stream.seek"],
    ["a stream that is constructed", "resource count-stream {", "resource count-stream { constructor(); ", "[constructor]count-stream"],
    ["a stream with a static function", "resource count-stream {", "resource count-stream { all: static func() -> u32;", "[static]count-stream.all"],
    ["a stream as an argument", "zebra: func(name: string)", "zebra: func(name: count-stream)", "resource where"],
    ["a stream lent as an argument", "zebra: func(name: string)", "zebra: func(name: borrow<count-stream>)", "resource where"],
    ["a list of streams as an answer", "count: func(to: u32) -> count-stream", "count: func(to: u32) -> list<count-stream>", "resource where"],
    ["a stream in a record in an argument", "zebra: func(name: string)", "record box { inner: option<count-stream> } zebra: func(name: box)", "resource where"],
    ["a stream as an error", "zebra: func(name: string) -> string", "zebra: func(name: string) -> result<string, count-stream>", "resource where"],
    ["a stream of streams", "next: func() -> result<option<u64>, plugin-error>", "next: func() -> result<option<shout-stream>, plugin-error>", "resource where"],
    ["fidius's hash with another type", "fidius-interface-hash: func() -> u64", "fidius-interface-hash: func() -> string", "another type"],
    ["fidius's hash with an argument", "fidius-interface-hash: func()", "fidius-interface-hash: func(seed: u64)", "another type"],
    ["fidius's configuration with another type", "fidius-configure: func(config: list<u8>)", "fidius-configure: func(config: string)", "another type"],
    ["fidius's configuration with an answer", "fidius-configure: func(config: list<u8>)", "fidius-configure: func(config: list<u8>) -> u64", "another type"],
  ];
  test.each(WIT)("%s", async (_, found, replacement, says) => {
    const world = await worldFromWit({ source: changedWit(found, replacement) });
    expect(await lie(() => world)).toContain(says);
  });

  test("a function that is async", async () => {
    const edit = (world: World): World => ({
      ...world,
      exports: {
        ...world.exports,
        interfaces: world.exports.interfaces.map((shape) => ({ ...shape, functions: shape.functions.map((named) => (named.name === "zebra" ? { ...named, name: "[async]zebra", type: { ...named.type, async: true } } : named)) })),
      },
    });
    expect(await lie(edit)).toContain("async");
  });
});
