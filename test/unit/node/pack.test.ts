import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "@bytecodealliance/jco";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { packPlugin } from "../../../src/node/pack.js";
import { withWasmTools } from "../../../src/node/types/wasm-tools.js";
import { readArchive } from "../../../src/package/read-archive.js";
import { PluginPackage } from "../../../src/package/plugin-package.js";
import { expectRefusal, refusal } from "../package/package-fixture.js";
import { componentPath, directoryContent, packComponent, PACKAGE_TOML, pluginDirectory, temporaryDirectory } from "./support.js";

const SEED = new Uint8Array(32).fill(7);

describe("packing a directory", () => {
  test("gives a package with what package.toml and the component say", async () => {
    const out = await temporaryDirectory();
    const toml = `${PACKAGE_TOML.replace('capabilities = ["log"]', 'capabilities = [{ capability = "log", reason = "To tell.", optional = true }]').replace(/\[wasm.reasons\][^]*/, "")}
[metadata]
title = "Logger"
license = "MIT"
homepage = "https://example.com"
[limits]
memory_bytes = 1048576
[config.properties.level]
type = "string"
[contributes]
menu = ["Log it"]
`.replace('runtime = "wasm"', 'runtime = "wasm"\nminimum_host = "0.1.0"');
    const result = await packPlugin({ input: await pluginDirectory(toml), out, formats: ["directory", "archive"] });
    expect(result.manifest).toMatchObject({
      id: "acme.logger",
      version: "1.2.3",
      runtime: "wasm",
      minimumHost: "0.1.0",
      metadata: { title: "Logger", license: "MIT", homepage: "https://example.com" },
      interface: { name: "lab:logger/logger", version: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      capabilities: [{ capability: "log", reason: "To tell.", optional: true }],
      limits: { memoryBytes: 1_048_576 },
      config: { properties: { level: { type: "string" } } },
      contributes: { menu: ["Log it"] },
      component: "component.wasm",
    });
    expect(result.manifest.world.exports.interfaces.map(({ name }) => name)).toEqual(["lab:logger/logger@1.0.0"]);
    expect(result.imports).toEqual([{ name: "wasi:logging/logging@0.1.0-draft", capability: "log", status: "requested", requests: ["log"], functions: ["log"] }]);
    expect(result.warnings).toEqual([]);
    expect([...(await directoryContent(out)).keys()]).toEqual([
      "acme.logger-1.2.3.tar.gz",
      ...["component.wasm", "manifest.json", "transpiled/browser-jspi/glue.js", "transpiled/browser-sync/glue.js"].map((path) => `acme.logger/1.2.3/${path}`),
    ]);
  });

  test("takes a configuration schema from a JSON file", async () => {
    const input = await pluginDirectory(`config = "schema.json"\n${PACKAGE_TOML}`, { "schema.json": '{"type":"object"}' });
    expect((await packPlugin({ input, out: await temporaryDirectory() })).manifest.config).toEqual({ type: "object" });
  });

  test.each(["{", '"\\ud800', ""])("refuses the configuration schema %j", async (schema) => {
    const input = await pluginDirectory(`config = "schema.json"\n${PACKAGE_TOML}`, { "schema.json": schema });
    expect(await refusal(async () => packPlugin({ input, out: await temporaryDirectory() }), "manifest-invalid")).toContain("schema.json");
  });

  test.each([
    ["../outside.wasm", "leads out"],
    ["sub/../../outside.wasm", "leads out"],
    ["/etc/hostname", "not a relative path"],
    ["C:\\outside.wasm", "not a relative path"],
    ["", "not a relative path"],
    [".", "leads out"],
    ["absent.wasm", "cannot be found"],
    ["link.wasm", "a link leads out"],
    ["linked/outside.wasm", "a link leads out"],
  ])("refuses the component path %j", async (path, reason) => {
    const outside = await temporaryDirectory();
    await writeFile(join(outside, "outside.wasm"), "secret");
    const input = await pluginDirectory(PACKAGE_TOML.replace('"logger.wasm"', JSON.stringify(path)));
    await symlink(join(outside, "outside.wasm"), join(input, "link.wasm"));
    await symlink(outside, join(input, "linked"));
    const out = await temporaryDirectory();
    expect(await refusal(() => packPlugin({ input, out }), "package-invalid")).toContain(reason);
    expect(await readdir(out)).toEqual([]);
  });

  test("follows a link that stays in the directory", async () => {
    const input = await pluginDirectory(PACKAGE_TOML.replace("logger.wasm", "build/latest.wasm"));
    await mkdir(join(input, "build"));
    await symlink("../logger.wasm", join(input, "build/latest.wasm"));
    expect((await packPlugin({ input, out: await temporaryDirectory() })).manifest.id).toBe("acme.logger");
  });

  test("refuses a directory as component, a missing package.toml, and a missing input", async () => {
    const out = await temporaryDirectory();
    const input = await pluginDirectory(PACKAGE_TOML.replace("logger.wasm", "folder"));
    await mkdir(join(input, "folder"));
    await expectRefusal(() => packPlugin({ input, out }), "source-unreachable");
    expect(await refusal(() => packPlugin({ input: out, out }), "source-unreachable")).toContain("package.toml");
    await expectRefusal(() => packPlugin({ input: join(out, "absent"), out }), "source-unreachable");
  });
});

describe("packing a bare component", () => {
  test("needs an identity, and a directory must have none", async () => {
    const out = await temporaryDirectory();
    await expectRefusal(() => packPlugin({ input: componentPath("logger"), out }), "usage-invalid");
    const input = await pluginDirectory();
    await expectRefusal(() => packPlugin({ input, out, identity: { id: "a.b", version: "1.0.0" } }), "usage-invalid");
  });

  test.each([
    [{ id: "Acme" }, "usage-invalid"],
    [{ id: "../acme" }, "usage-invalid"],
    [{ version: "1" }, "usage-invalid"],
    [{ version: "1.0.0/../../x" }, "usage-invalid"],
    [{ capabilities: ["fs:rw:relative"] }, "capability-invalid"],
    [{ capabilities: ["__proto__"] }, "capability-unknown"],
    [{ capabilities: ["clocks"] }, "manifest-invalid"],
    [{ capabilities: [{ capability: "log", reason: "a" }, { capability: "log", reason: "b" }] }, "manifest-invalid"],
    [{ capabilities: [{ capability: "log", reason: "" }] }, "manifest-invalid"],
    [{ metadata: { title: "\u202etxt" } }, "manifest-invalid"],
    [{ interface: "" }, "manifest-invalid"],
  ] as const)("refuses the identity %j", async (identity, code) => {
    await expectRefusal(() => packComponent("logger", identity), code);
  });

  test("warns of imports that nobody offers and of capabilities asked for in vain", async () => {
    const { warnings, imports } = await packComponent("unknown-import", { capabilities: [{ capability: "clocks", reason: "For nothing." }] });
    expect(warnings).toEqual([expect.stringContaining("request for host:acme:unknown/thing@1.0.0"), expect.stringContaining("capability clocks is asked for")]);
    expect(imports).toContainEqual({ name: "acme:unknown/thing@1.0.0", capability: "host", status: "unknown", requests: [], functions: ["poke", "ask"] });
  });

  test("reports what a language runtime imports and is denied", async () => {
    const { imports } = await packComponent("everything-rust", { capabilities: [{ capability: "clocks", reason: "To date." }] });
    const states = new Map(imports.map(({ name, status }) => [name.replace(/@.*/, ""), status]));
    expect(states.get("wasi:clocks/wall-clock")).toBe("requested");
    expect(states.get("wasi:filesystem/types")).toBe("denied");
    expect(states.get("wasi:io/streams")).toBe("free");
  });

  test.each([
    ["an empty file", new Uint8Array(), "component-invalid"],
    ["text", new TextEncoder().encode("(component)"), "component-invalid"],
    ["a core module", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), "component-unsupported"],
    ["a damaged component", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 1, 99), "component-invalid"],
  ] as const)("refuses %s", async (_, bytes, code) => {
    const out = await temporaryDirectory();
    const input = join(out, "input.wasm");
    await writeFile(input, bytes);
    await expectRefusal(() => packPlugin({ input, out, identity: { id: "a.b", version: "1.0.0" } }), code);
    expect(await readdir(out)).toEqual(["input.wasm"]);
  });

  test("refuses a component that is larger than packages may be", async () => {
    await expectRefusal(() => packComponent("logger", {}, { limits: { ...DEFAULT_LIMITS, packageBytes: 10_000 } }), "package-too-large");
    // The component fits, what is made of it does not.
    await expectRefusal(() => packComponent("logger", {}, { limits: { ...DEFAULT_LIMITS, packageBytes: 20_000 } }), "package-too-large");
  });
});

describe("the package", () => {
  test("is the same bytes each time, archive and signature included", async () => {
    const pack = async () => {
      const out = await temporaryDirectory();
      await packPlugin({ input: await pluginDirectory(), out, formats: ["directory", "archive"], signingKeys: [SEED] });
      return directoryContent(out);
    };
    const [first, second] = [await pack(), await pack()];
    expect(first.size).toBe(6);
    expect(second).toEqual(first);
  });

  test("says nothing of the time or the system in its archive", async () => {
    const { archive = "" } = await packComponent("trap", {}, { formats: ["directory", "archive"] });
    const bytes = new Uint8Array(await readFile(archive));
    // RFC 1952 §2.3: magic, deflate, no flags, no time, best compression, unknown system.
    expect([...bytes.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
    const files = await readArchive(bytes, DEFAULT_LIMITS);
    expect((await PluginPackage.fromArchive(files, "test", DEFAULT_LIMITS)).manifest.id).toBe("test.trap");
  });

  test("refers to core modules inside the component", async () => {
    const { manifest, targets } = await packComponent("types-rust");
    expect(targets).toMatchObject([
      { target: "browser-sync", supported: true, modulesInComponent: 3, modulesApart: 0 },
      { target: "browser-jspi", supported: true, modulesInComponent: 3, modulesApart: 0 },
    ]);
    expect(manifest.files.filter(({ path }) => path.endsWith(".wasm"))).toHaveLength(1);
    expect(manifest.transpiled.map(({ key }) => key.target)).toEqual(["browser-sync/2", "browser-jspi/2"]);
  });

  test("has a core module that the transpiler made once, under its digest, for both targets", async () => {
    const out = await temporaryDirectory();
    await writeFile(join(out, "composed.wasm"), await parse(COMPOSED));
    const result = await packPlugin({ input: join(out, "composed.wasm"), out, identity: { id: "test.composed", version: "1.0.0" } });
    expect(result.targets).toMatchObject([{ modulesInComponent: 2, modulesApart: 1 }, { modulesInComponent: 2, modulesApart: 1 }]);
    const apart = result.manifest.files.filter(({ path }) => path.startsWith("core/"));
    expect(apart).toEqual([{ path: `core/${apart[0]?.sha256}.wasm`, size: expect.any(Number), sha256: expect.any(String) }]);
  });

  test("is packed for the targets that are possible, with the reason for the others", async () => {
    const out = await temporaryDirectory();
    const wit = "package a:b; world w { export later: async func(x: u32) -> u32; }";
    const component = await withWasmTools(new Map(), (tools) => tools.componentNew(tools.componentEmbed({ dummy: true, witSource: wit })));
    await writeFile(join(out, "later.wasm"), component);
    const { targets, manifest } = await packPlugin({ input: join(out, "later.wasm"), out, identity: { id: "test.later", version: "1.0.0" } });
    expect(targets).toMatchObject([{ target: "browser-sync", supported: false, reason: expect.stringContaining("later") }, { target: "browser-jspi", supported: true }]);
    expect(manifest.transpiled.map(({ key }) => key.target)).toEqual(["browser-jspi/2"]);
  });

  test("replaces the one before, and leaves nothing unfinished behind", async () => {
    const out = await temporaryDirectory();
    const { directory } = await packComponent("trap", {}, { out });
    await writeFile(join(directory, "left-over.txt"), "x");
    const again = await packComponent("loop", { id: "test.trap" }, { out });
    expect(again.directory).toBe(directory);
    expect([...(await directoryContent(directory)).keys()]).not.toContain("left-over.txt");
    expect(await readdir(join(out, "test.trap"))).toEqual(["1.0.0"]);
  });

  test("is not written over something that is no package", async () => {
    const out = await temporaryDirectory();
    await mkdir(join(out, "test.trap/1.0.0"), { recursive: true });
    await writeFile(join(out, "test.trap/1.0.0/thesis.txt"), "years of work");
    expect(await refusal(() => packComponent("trap", {}, { out }), "usage-invalid")).toContain("left alone");
    expect(await readdir(join(out, "test.trap"))).toEqual(["1.0.0"]);
    expect(await readdir(join(out, "test.trap/1.0.0"))).toEqual(["thesis.txt"]);
  });

  test("cannot be written where a file stands", async () => {
    const out = await temporaryDirectory();
    await cp(componentPath("trap"), join(out, "test.trap"));
    await expectRefusal(() => packComponent("trap", {}, { out }), "usage-invalid");
    await expectRefusal(() => packComponent("trap", {}, { out, formats: [] }), "usage-invalid");
  });

  test("is announced step by step", async () => {
    const steps: string[] = [];
    await packComponent("trap", {}, { onProgress: ({ step, detail }) => steps.push(step === "transpile" ? `${step} ${detail}` : step) });
    expect(steps).toEqual(["read", "transpile browser-sync", "transpile browser-jspi", "check", "write"]);
  });
});

/** Two components in one: the transpiler writes the adapter between them as a core module of its own. */
const COMPOSED = `(component
  (component $inner
    (core module $m (func (export "f") (param i32) (result i32) local.get 0))
    (core instance $i (instantiate $m))
    (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))
  (component $outer
    (import "f" (func $f (param "x" u32) (result u32)))
    (core func $lowered (canon lower (func $f)))
    (core module $m
      (import "" "f" (func (param i32) (result i32)))
      (func (export "g") (param i32) (result i32) local.get 0 call 0))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $lowered))))))
    (func (export "g") (param "x" u32) (result u32) (canon lift (core func $i "g"))))
  (instance $a (instantiate $inner))
  (instance $b (instantiate $outer (with "f" (func $a "f"))))
  (export "g" (func $b "g")))`;
