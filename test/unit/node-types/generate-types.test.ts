import { execFile } from "node:child_process";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { hashExports } from "../../../src/component/interface-hash.js";
import { compareExports } from "../../../src/component/compare-exports.js";
import { parseWorld } from "../../../src/component/parse-world.js";
import { generateTypes } from "../../../src/node/types/generate-types.js";
import { selectWorld } from "../../../src/node/types/select-world.js";
import { worldFromWit } from "../../../src/node/types/wit.js";
import { EVERY_TYPE_WIT } from "../component/support/every-type.js";
import { fixtureComponents } from "../component/support/fixture-components.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const run = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portcullis-types-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Type-checks sources that import "portcullis"; gives the compiler's complaints. */
async function typecheck(sources: Readonly<Record<string, string>>): Promise<string> {
  const project = await mkdtemp(join(folder, "project-"));
  await mkdir(join(project, "portcullis"));
  await writeFile(join(project, "portcullis/index.ts"), `
    export { defineInterface, type InterfaceDescriptor } from "${root}src/component/interface-descriptor.js";
    export { defineHostInterface, type HostInterfaceDescriptor } from "${root}src/capability/host-interface.js";
    export { hostInterface, ResultError } from "${root}src/capability/implement-interface.js";
    export type { World } from "${root}src/component/world.js";
    export type { FunctionTable, PluginResource } from "${root}src/host/plugin-resource.js";
    export type { PluginItems, PluginStream } from "${root}src/host/streams/plugin-stream.js";
    export type { StreamSource } from "${root}src/capability/stream-source.js";
    export type { PluginHandle } from "${root}src/host/plugin-handle.js";`);
  for (const [name, source] of Object.entries(sources)) await writeFile(join(project, name), source);
  await writeFile(join(project, "tsconfig.json"), JSON.stringify({
    extends: join(root, "tsconfig.json"),
    compilerOptions: { lib: ["ES2023", "ESNext.Disposable", "DOM", "DOM.Iterable", "DOM.AsyncIterable"], paths: { portcullis: ["./portcullis/index.ts"] }, allowImportingTsExtensions: true },
    files: [join(root, "src/build/browser-ambient.d.ts"), ...Object.keys(sources)],
  }));
  try {
    await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project]);
    return "";
  } catch (error) {
    return String(Reflect.get(error as object, "stdout"));
  }
}

const FILTER_WIT = `
package acme:filters@1.0.0;
interface host-log { enum level { info, severe } write: func(level: level, text: string) -> result<_, string>; resource sink { constructor(name: string); push: func(text: string); } }
interface filter {
  record image { width: u32, height: u32, pixels: list<u8>, title: option<string> }
  variant setting { strength(f32), name(string), off }
  flags traits { slow, can-fail }
  type pair = tuple<u8, s64>;
  resource session { constructor(name: string); render: func(image: image, new: u8) -> result<image, string>; open: static func() -> session; }
  apply: func(image: image, class: list<setting>, this: char) -> result<image, string>;
  new: func(traits: traits, twice: option<option<u32>>) -> pair;
  later: async func() -> u64;
}
world w { import host-log; import tick: func() -> u64; export filter; }`;

const STREAMS_WIT = `
package acme:relay@1.0.0;
interface feed {
  resource lines { next: func() -> option<string>; }
  resource meter { total: func() -> u32; }
  open: func(name: string) -> lines;
}
interface relay {
  use feed.{lines, meter};
  record item { id: u32 }
  resource records { next: func() -> result<option<item>, string>; position: func() -> u64; }
  resource texts { next: func() -> option<string>; }
  resource maybes { next: func() -> option<option<string>>; }
  resource session { constructor(); }
  relay: func(input: lines) -> records;
  get-texts: func(input: borrow<lines>) -> texts;
  get-maybes: func() -> maybes;
  many: func(inputs: list<lines>);
  measure: func(by: meter) -> option<lines>;
}
world w { import feed; export relay; }`;

describe("generated TypeScript", () => {
  test("says what an app may pass and what it gets, and nothing else", async () => {
    const source = await generateTypes(await worldFromWit({ source: FILTER_WIT }), { name: "photo-filter", source: "filter.wit" });
    const uses = `
      import { hostInterface, type PluginHandle, ResultError } from "portcullis";
      import { hostLog, photoFilter, type HostLogHost, type Image, type PhotoFilterFunctions, type PhotoFilterImports, type Sink } from "./generated.js";
      export async function use(handle: PluginHandle<PhotoFilterFunctions>, log: HostLogHost): Promise<void> {
        const image: Image = { width: 1, height: 1, pixels: new Uint8Array(4) };
        const result: Image = await handle.call("apply", [image, [{ tag: "strength", val: 0.5 }, { tag: "off" }], "x"]);
        const title: string | undefined = result.title;
        const pair: readonly [number, bigint] = await handle.call("new", [{ canFail: true }, { tag: "some", val: undefined }]);
        const later: bigint = await handle.call("later", []);
        await using session = await handle.call("new Session", ["one"]);
        const rendered: Image = await session.call("render", [image, 3]);
        const other = await handle.call("Session.open", []);
        // @ts-expect-error a tag that is not there
        await handle.call("apply", [image, [{ tag: "on" }], "x"]);
        // @ts-expect-error too few arguments
        await handle.call("apply", [image]);
        // @ts-expect-error a function that is not there
        await handle.call("appply", []);
        // @ts-expect-error a method is not a function of the plugin
        await handle.call("render", [image, 3]);
        // @ts-expect-error u64 is a bigint
        const wrong: number = await handle.call("later", []);
        // @ts-expect-error a number where a typed array belongs
        await session.call("render", [{ width: 1, height: 1, pixels: 5 }, 3]);
        // @ts-expect-error a flag that is not there
        await handle.call("new", [{ fast: true }, { tag: "none" }]);
        log.write("severe", "text");
        const sink: Sink = log["new Sink"]("name");
        sink.push("text");
        const imports: PhotoFilterImports = { "acme:filters/host-log@1.0.0": log, tick: () => 5n };
        void [photoFilter, title, pair, later, rendered, other, wrong, imports];
      }
      class FileSink implements Sink {
        readonly name: string;
        constructor(name: string) { this.name = name; }
        async push(text: string): Promise<void> { await Promise.resolve(text.length + this.name.length); }
      }
      const documentation = "Write to the app's log";
      export const interfaces = [
        hostInterface(hostLog, { write: (level, text) => void [level === "severe", text.length], Sink: FileSink }, { documentation }),
        hostInterface(hostLog, { write: async (_level, _text, { plugin, signal }) => { signal.throwIfAborted(); throw new ResultError(plugin.id); }, Sink: FileSink }, { documentation, timeoutMs: 5 }),
        // @ts-expect-error a level that is not there
        hostInterface(hostLog, { write: (level) => void (level === "fatal"), Sink: FileSink }, { documentation }),
        // @ts-expect-error an answer that is none
        hostInterface(hostLog, { write: () => 5, Sink: FileSink }, { documentation }),
        // @ts-expect-error a function is missing
        hostInterface(hostLog, { Sink: FileSink }, { documentation }),
        // @ts-expect-error a class is missing
        hostInterface(hostLog, { write: () => undefined }, { documentation }),
        // @ts-expect-error nothing to show to a person
        hostInterface(hostLog, { write: () => undefined, Sink: FileSink }, {}),
      ];`;
    expect(await typecheck({ "generated.ts": source, "uses.ts": uses })).toBe("");
  });

  test("says which resources are streams, and what can be given for one", async () => {
    const source = await generateTypes(await worldFromWit({ source: STREAMS_WIT }), { name: "relay" });
    const uses = `
      import { hostInterface, type PluginHandle } from "portcullis";
      import { feed, type FeedHost, type Lines, type Meter, type Records, type RelayFunctions } from "./generated.js";
      async function* lines(): AsyncGenerator<string> { yield "text"; }
      export async function use(handle: PluginHandle<RelayFunctions>): Promise<void> {
        const records: Records = await handle.call("relay", [lines()]);
        for await (const { id } of records) { const number: number = id; void number; }
        const text: ReadableStream<string> = (await handle.call("getTexts", [["a", "b"]])).readable({ timeoutMs: 5 });
        for await (const item of (await handle.call("getMaybes", [])).items()) { const maybe: string | undefined = item; void maybe; }
        await handle.call("relay", [new ReadableStream<string>()]);
        await handle.call("relay", [{ next: () => "one" }]);
        await handle.call("many", [[lines(), ["c"]]]);
        await records.call("position", []);
        // @ts-expect-error items of another type
        await handle.call("relay", [[1, 2]]);
        // @ts-expect-error what has no items
        await handle.call("relay", [5]);
        // @ts-expect-error not a stream
        for await (const item of await handle.call("new Session", [])) void item;
        // @ts-expect-error a meter is no stream: it has no next
        await handle.call("measure", [[1]]);
        const meter: Meter = { total: () => 5 };
        await handle.call("measure", [meter]);
        void text;
      }
      const given: FeedHost["open"] = () => lines();
      const object: Lines = { next: async () => undefined };
      const documentation = "Feed";
      export const interfaces = [
        hostInterface(feed, { open: given }, { documentation }),
        hostInterface(feed, { open: async (name) => name === "" ? object : new ReadableStream<string>() }, { documentation }),
        hostInterface(feed, { open: () => new Set(["a"]) }, { documentation }),
        // @ts-expect-error items of another type
        hostInterface(feed, { open: () => [1, 2] }, { documentation }),
      ];`;
    expect(await typecheck({ "generated.ts": source, "uses.ts": uses })).toBe("");
  });

  test("gives the streams and futures of WASI 0.3 as what can be iterated and awaited", async () => {
    const source = await generateTypes(await worldFromWit({ source: `
      package acme:later@1.0.0;
      interface later {
        record found { name: string, lines: stream<string> }
        double: async func(input: stream<u32>) -> stream<u32>;
        bytes: func(input: stream<u8>) -> result<stream<u8>, string>;
        settle: async func(input: future<string>) -> future<u64>;
        find: func() -> found;
      }
      world w { export later; }` }), { name: "later" });
    const uses = `
      import type { PluginHandle } from "portcullis";
      import type { LaterFunctions } from "./generated.js";
      export async function use(handle: PluginHandle<LaterFunctions>): Promise<void> {
        for await (const item of (await handle.call("double", [[1, 2]])).items()) { const number: number = item; void number; }
        const bytes: ReadableStream<Uint8Array> = (await handle.call("bytes", [new ReadableStream<Uint8Array>()])).readable();
        const settled: bigint = await handle.call("settle", [Promise.resolve("text")]);
        await handle.call("settle", ["text"]);
        for await (const line of (await handle.call("find", [])).lines) { const text: string = line; void text; }
        // @ts-expect-error items of another type
        await handle.call("double", [["a"]]);
        // @ts-expect-error bytes come in chunks
        await handle.call("bytes", [[1, 2]]);
        void [bytes, settled];
      }`;
    expect(await typecheck({ "generated.ts": source, "uses.ts": uses })).toBe("");
  });

  test("reads like this", async () => {
    const source = await generateTypes(await worldFromWit({ source: FILTER_WIT }), { name: "photo-filter", source: "filter.wit" });
    for (const part of [
      '// Written by `portcullis types` from "filter.wit". Do not edit it: write it again.\n',
      'import { defineHostInterface, defineInterface, type HostInterfaceDescriptor, type InterfaceDescriptor, type PluginResource, type World } from "portcullis";\n',
      '/** What the app may implement as `acme:filters/host-log@1.0.0`: give it to `hostInterface`. */\nexport const hostLog: HostInterfaceDescriptor<HostLogHost> = defineHostInterface<HostLogHost>({ name: "acme:filters/host-log@1.0.0", world: photoFilterWorld });',
      "/** Record `image` of acme:filters/filter@1.0.0. */\nexport interface Image {\n  /** u32 */\n  readonly width: number;\n  /** u32 */\n  readonly height: number;\n  /** list<u8> */\n  readonly pixels: Uint8Array;\n  readonly title?: string | undefined;\n}\n",
      'export type Setting = { readonly tag: "strength"; readonly val: number } | { readonly tag: "name"; readonly val: string } | { readonly tag: "off"; readonly val?: undefined };',
      "/** `func(image: record image, class: list<variant setting>, this: char) -> result<record image, string>` An `err` is thrown, with `string` as `payload`. */\n  apply(image: Image, class_: readonly Setting[], this_: string): Image;",
      "/** Resource `session`, which lives in the plugin. */\nexport type Session = PluginResource<SessionMethods>;",
      "export const photoFilter: InterfaceDescriptor<PhotoFilterFunctions> = defineInterface<PhotoFilterFunctions>({",
    ]) expect(source).toContain(part);
  });

  test("carries a world that is read back, with the hash of the exports", async () => {
    const world = await worldFromWit({ source: FILTER_WIT });
    const source = await generateTypes(world, { name: "photo-filter" });
    const script = join(folder, "carried.mjs");
    const literal = /^const photoFilterWorld: World = ([^]*?^\});$/m.exec(source)?.[1];
    const descriptor = source.slice(source.indexOf("defineInterface<PhotoFilterFunctions>({") + "defineInterface<PhotoFilterFunctions>(".length, source.lastIndexOf(");"));
    await writeFile(script, `const photoFilterWorld = ${literal};\nexport const data = ${descriptor};`);
    const { data }: { data: { name: string; hash: string; world: unknown } } = await import(/* @vite-ignore */ pathToFileURL(script).href);
    expect(data.name).toBe("photo-filter");
    expect(data.hash).toBe(await hashExports(world));
    expect(compareExports(parseWorld(data.world), world)).toEqual([]);
    expect(parseWorld(data.world).imports).toEqual(selectWorld(world).imports);
  });

  test("is the same each time", async () => {
    const world = await worldFromWit({ source: EVERY_TYPE_WIT }, "everything");
    expect(await generateTypes(world, { name: "everything" })).toBe(await generateTypes(parseWorld(JSON.parse(JSON.stringify(world))), { name: "everything" }));
  });

  test("compiles for every type, for awkward names and for each fixture", async () => {
    const sources: Record<string, string> = {
      "everything.ts": await generateTypes(await worldFromWit({ source: EVERY_TYPE_WIT }, "everything"), { name: "everything" }),
      "asynchronous.ts": await generateTypes(await worldFromWit({ source: EVERY_TYPE_WIT }, "asynchronous"), { name: "delete" }),
      "awkward.ts": await generateTypes(await worldFromWit({ source: AWKWARD_WIT }), { name: "awkward" }),
      "fixed.ts": await generateTypes(await worldFromWit({ source: "package a:b; interface i { f: func(x: list<u8, 4>, %arguments: u8) -> list<list<option<string>, 2>>; } world w { export i; }" }), { name: "fixed" }),
    };
    for (const [file, bytes] of fixtureComponents()) sources[`${file}.ts`] = await generateTypes(decodeComponent(bytes), { name: "fixture", source: file });
    expect(await typecheck(sources)).toBe("");
  });

  test("names what two interfaces define alike apart, and nothing after a type it uses itself", async () => {
    const source = await generateTypes(await worldFromWit({ source: AWKWARD_WIT }), { name: "awkward" });
    expect(source).toContain("export interface Item {");
    expect(source).toContain("export interface TwoItem {");
    expect(source).toContain("export interface OneUint8Array {");
    expect(source).not.toContain("export interface Uint8Array ");
    expect(source).toContain('"a:b/one#take"(');
  });

  test("leaves out WASI's imports and the types that only they use", async () => {
    const bytes = fixtureComponents().get("everything-c.wasm");
    if (bytes === undefined) throw new Error("everything-c.wasm is missing");
    expect(JSON.stringify(decodeComponent(bytes))).toContain("wasi:");
    expect(await generateTypes(decodeComponent(bytes), { name: "probe" })).not.toContain("wasi:");
  });

  test.each(["Photo Filter", "photo_filter", "", "1a", "a\nb"])("refuses the name %j", async (name) => {
    const world = await worldFromWit({ source: "package a:b; world w { export f: func(); }" });
    await expect(generateTypes(world, { name })).rejects.toMatchObject({ code: "usage-invalid" });
  });
});

const AWKWARD_WIT = `
package a:b;
interface one {
  record item { %constructor: u8, %class: string, new: bool, to-string: char }
  record uint8-array { x: u8 }
  record awkward-functions { x: u8 }
  record plugin-resource { x: u8 }
  take: func(item: item, %function: uint8-array, %this: awkward-functions, %await: plugin-resource) -> item;
}
interface two {
  record item { other: u32 }
  resource thing { new: func(); constructor(); then: func(); call: func(); dispose: func(); }
  take: func(item: item, thing: borrow<thing>) -> thing;
}
world w { export one; export two; }`;
