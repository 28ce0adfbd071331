import { readdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { packPlugin } from "../../../src/node/pack.js";
import { readWorld } from "../../../src/node/read-world.js";
import type { PluginErrorCode } from "../../../src/errors/error-codes.js";
import { changedWit, GREETER_METHODS } from "../package/bridge-fixture.js";
import { refusal } from "../package/package-fixture.js";
import { packDirectory, PYTHON_TOML, pythonDirectory, RUST_TOML, rustDirectory } from "./bridge-support.js";
import { elfHeader, machHeader } from "./library-headers.js";
import { directoryContent, temporaryDirectory } from "./support.js";

const SHOUT_OF_TEXTS = GREETER_METHODS.map((method) => (method.function === "shout" ? { ...method, item: "string" as const } : method));

describe("packing native code", () => {
  test("gives a package with what package.toml and the WIT say, and its library", async () => {
    const { manifest, targets, warnings, directory } = await packDirectory(await rustDirectory());
    expect(manifest).toMatchObject({
      id: "acme.greeter", runtime: "rust", interface: { name: "greeter", version: 1 }, transpiled: [],
      bridge: { interfaceHash: "be38ca5674ec66ca", methods: SHOUT_OF_TEXTS, libraries: [{ platform: "linux-x64", path: "native/linux-x64/libgreeter.so" }] },
    });
    expect(manifest).not.toHaveProperty("component");
    expect(manifest.world).toEqual(await readWorld(join(await rustDirectory(), "wit")));
    expect([...(await directoryContent(directory)).keys()]).toEqual(["manifest.json", "native/linux-x64/libgreeter.so"]);
    expect([targets, warnings]).toEqual([[], []]);
  });

  test("takes a library for each platform", async () => {
    const written = RUST_TOML.replace(/^libraries.*$/m, 'libraries = { "linux-x64" = "target/release/libgreeter.so", darwin-arm64 = "built/libgreeter.dylib" }');
    const { manifest } = await packDirectory(await rustDirectory(written, { "built/libgreeter.dylib": machHeader() }));
    expect(manifest.bridge?.libraries).toEqual([
      { platform: "darwin-arm64", path: "native/darwin-arm64/libgreeter.dylib" },
      { platform: "linux-x64", path: "native/linux-x64/libgreeter.so" },
    ]);
  });

  test.each([
    ["a library for another platform", { "target/release/libgreeter.so": machHeader() }, "it was built for darwin-arm64"],
    ["a program", { "target/release/libgreeter.so": elfHeader({ type: 2 }) }, "no dynamic library"],
    ["half a header", { "target/release/libgreeter.so": elfHeader().subarray(0, 40) }, "no dynamic library"],
    ["nothing", { "target/release/libgreeter.so": "" }, "no dynamic library"],
  ])("refuses %s", async (_, files, says) => {
    const message = await refusal(async () => packDirectory(await rustDirectory(RUST_TOML, files)), "package-invalid");
    expect(message).toContain(says);
    expect(message).toContain('"target/release/libgreeter.so" as the library for linux-x64');
  });

  test.each([
    ["../outside.so", "leads out"],
    ["/usr/lib/libgreeter.so", "not a relative path"],
    ["linked.so", "a link leads out"],
    ["absent.so", "Build the library first"],
    ["target/release/lib greeter.so", "only ASCII"],
  ])("refuses the library %s", async (place, says) => {
    const outside = await temporaryDirectory();
    await writeFile(join(outside, "outside.so"), elfHeader());
    const input = await rustDirectory(RUST_TOML.replace("target/release/libgreeter.so", place), { "target/release/lib greeter.so": elfHeader() });
    await symlink(join(outside, "outside.so"), join(input, "linked.so"));
    const out = await temporaryDirectory();
    expect(await refusal(() => packPlugin({ input, out }), "package-invalid")).toContain(says);
    expect(await readdir(out)).toEqual([]);
  });

  test("refuses libraries that are together larger than a package may be, before they are read", async () => {
    const input = await rustDirectory(RUST_TOML, { "target/release/libgreeter.so": Uint8Array.of(...elfHeader(), ...new Uint8Array(100_000)) });
    expect(await refusal(() => packDirectory(input, { limits: { ...DEFAULT_LIMITS, packageBytes: 99_999 } }), "package-too-large")).toContain("at most 99999");
  });
});

describe("packing Python code", () => {
  test("gives a package with its modules", async () => {
    const { manifest, directory } = await packDirectory(await pythonDirectory());
    expect(manifest).toMatchObject({ runtime: "python", bridge: { interfaceHash: "be38ca5674ec66ca", entryModule: "greeter" } });
    expect(manifest.bridge).not.toHaveProperty("libraries");
    expect(manifest.bridge?.methods.map(({ optionalBit }) => optionalBit).filter((bit) => bit !== undefined)).toEqual([]);
    expect([...(await directoryContent(directory)).keys()]).toEqual(["greeter.py", "manifest.json"]);
  });

  test("refuses an entry module that is not there", async () => {
    const message = await refusal(async () => packDirectory(await pythonDirectory(PYTHON_TOML.replace('"greeter"\n\nwit', '"acme.main"\n\nwit'))), "manifest-invalid");
    expect(message).toContain("vendor/acme/main.py");
  });
});

describe("packing either", () => {
  test.each([["rust", rustDirectory], ["python", pythonDirectory]] as const)("%s twice gives the same bytes, whatever the times and the order of the files", async (_, directory) => {
    const inputs = [await directory(undefined, { "a.py": "a", "b/c.py": "c" }), await directory(undefined, { "b/c.py": "c", "a.py": "a" })];
    await utimes(join(inputs[1] ?? "", "a.py"), 0, 0);
    const packed = await Promise.all(inputs.map((input) => packDirectory(input, { formats: ["directory", "archive"], signingKeys: [new Uint8Array(32).fill(1)] })));
    const [first, second] = await Promise.all(packed.map(async ({ directory: written, archive = "" }) => [await directoryContent(written), await readFile(archive)]));
    expect(first).toEqual(second);
  });

  test("adds the interface that carries streams, and asks for it, where the WIT that fidius writes says nothing of it", async () => {
    const wit = changedWit("import fidius:stream-pull/pull@0.1.0; ", "").replace(/^package fidius:stream-pull.*$/m, "");
    const { manifest } = await packDirectory(await rustDirectory(RUST_TOML, { "wit/greeter.wit": wit }));
    expect(manifest.world.imports).toMatchObject({ interfaces: [{ name: "fidius:stream-pull/pull@0.1.0" }], functions: [] });
    expect(manifest.capabilities).toEqual([{ capability: "host:fidius:stream-pull/pull@0.1.0", reason: expect.stringContaining("pull the items"), optional: true }]);
    const [next] = manifest.world.imports.interfaces.flatMap(({ functions }) => functions);
    expect(manifest.world.types[next?.type.result as number]).toMatchObject({ kind: "option" });
  });

  test("adds the interface that carries calls of the app where it is asked for", async () => {
    const toml = `${PYTHON_TOML}capabilities = [{ capability = "host:fidius:host-call/host@0.1.0", reason = "To read the balance." }, { capability = "host:fidius:stream-pull/pull@0.1.0", reason = "My own words." }]\n`;
    const { manifest, warnings, imports } = await packDirectory(await pythonDirectory(toml));
    expect(manifest.world.imports.interfaces.map(({ name }) => name)).toEqual(["fidius:stream-pull/pull@0.1.0", "fidius:host-call/host@0.1.0"]);
    expect(manifest.capabilities.map(({ reason }) => reason)).toEqual(["To read the balance.", "My own words."]);
    expect(imports.map(({ status }) => status)).toEqual(["requested", "requested"]);
    expect(warnings).toEqual([]);
  });

  test("asks only for what a bridge can keep to, and warns of nothing that no import shows", async () => {
    const toml = `${RUST_TOML}capabilities = ["log", "stdout", "stderr", "config"]\n[rust.reasons]\nlog = "x"\nstdout = "x"\nstderr = "x"\nconfig = "x"\n`;
    const { manifest, warnings } = await packDirectory(await rustDirectory(toml));
    expect(manifest.capabilities.map(({ capability }) => capability)).toEqual(["log", "stdout", "stderr", "config", "host:fidius:stream-pull/pull@0.1.0"]);
    expect(warnings).toEqual([]);
  });

  test.each(["clocks", "random", "env:HOME", "args", "stdin", "fs:ro:/data", "http:GET:https://api.example.com/v1", "keyvalue"])("attack: a request for %s, which nothing would keep the code to, is refused", async (capability) => {
    const toml = `${PYTHON_TOML}capabilities = [{ capability = "${capability}", reason = "x" }]\n`;
    const message = await refusal(async () => packDirectory(await pythonDirectory(toml)), "capability-unknown");
    expect(message).toContain("bounded by the bridge's isolation, not by a capability. Take the request out");
  });

  const WIT: readonly (readonly [what: string, wit: string, code: PluginErrorCode, says: string])[] = [
    ["imports WASI", changedWit("world greeter-plugin {", "world greeter-plugin { import wasi:cli/stdin@0.2.0;") + "\npackage wasi:cli@0.2.0 { interface stdin { read: func() -> string; } }", "manifest-invalid", "only interfaces of the app"],
    ["has flags, which bincode has not", changedWit("zebra: func(name: string)", "flags colours { red, green } zebra: func(name: colours)"), "manifest-invalid", "is a flags"],
    ["has a resource that is no stream", changedWit("zebra: func", "resource file { read: func() -> string; } open: func() -> file; zebra: func"), "manifest-invalid", "no stream"],
    ["exports a function of the world", changedWit("export greeter;", "export greeter; export run: func();"), "manifest-invalid", "outside of any interface"],
    ["lacks a method that is named", changedWit("describe: func() -> string;", ""), "manifest-invalid", '"describe", which the WIT does not have. It has "zebra"'],
    ["has another type for a raw method", changedWit("reverse: func(data: list<u8>)", "reverse: func(data: string)"), "manifest-invalid", "is raw"],
    ["is no WIT", "interface {", "usage-invalid", "Cannot read the WIT"],
  ];
  test.each(WIT)("refuses WIT that %s", async (_, wit, code, says) => {
    expect(await refusal(async () => packDirectory(await rustDirectory(RUST_TOML, { "wit/greeter.wit": wit })), code)).toContain(says);
  });

  test.each([
    ["../wit", "package-invalid", "leads out"],
    ["absent", "package-invalid", "cannot be found"],
    ["empty", "usage-invalid", "no .wit file"],
  ] as const)("refuses the WIT at %s", async (place, code, says) => {
    const input = await rustDirectory(RUST_TOML.replace('wit = "wit"', `wit = "${place}"`), { "empty/readme": "x" });
    expect(await refusal(() => packDirectory(input), code)).toContain(says);
  });

  test("takes the world that is named", async () => {
    const wit = changedWit("world greeter-plugin", "world other { export greeter; }\nworld greeter-plugin");
    const files = { "wit/greeter.wit": wit };
    await refusal(async () => packDirectory(await rustDirectory(RUST_TOML, files)), "usage-invalid");
    expect((await packDirectory(await rustDirectory(`${RUST_TOML}world = "greeter-plugin"\n`, files))).manifest.world.exports.interfaces).toHaveLength(1);
  });
});
