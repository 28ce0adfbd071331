import { beforeAll, describe, expect, test } from "vitest";
import { canonicalJson, type JsonValue } from "../../../src/bytes/canonical-json.js";
import { fromUtf8, toUtf8 } from "../../../src/bytes/utf8.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../../../src/limits/plugin-limits.js";
import type { Manifest } from "../../../src/package/manifest.js";
import { encodeManifest, parseManifest } from "../../../src/package/parse-manifest.js";
import { buildPackage, expectRefusal, outcome, refusal } from "./package-fixture.js";
import { SeededRandom } from "./seeded-random.js";

let manifest: Manifest;
let bytes: Uint8Array;

beforeAll(async () => {
  ({ manifest } = await buildPackage());
  bytes = encodeManifest(manifest);
});

const parse = (value: unknown, limits: PluginLimits = DEFAULT_LIMITS): Manifest =>
  parseManifest(toUtf8(canonicalJson(value as JsonValue)), limits);

const digest = "a".repeat(64);

function withOutput(changes: object): unknown {
  return { ...manifest, transpiled: [{ ...manifest.transpiled[0], ...changes }] };
}

function withModule(changes: object): unknown {
  return withOutput({ coreModules: [{ ...manifest.transpiled[0]?.coreModules[0], ...changes }] });
}

describe("parseManifest()", () => {
  test("reads what encodeManifest wrote, and writes the same bytes again", () => {
    const parsed = parseManifest(bytes, DEFAULT_LIMITS);
    expect(parsed).toEqual(manifest);
    expect(encodeManifest(parsed)).toEqual(bytes);
  });

  test.each<[string, (text: string) => string]>([
    ["white space", (text) => ` ${text}`],
    ["a byte order mark", (text) => `\ufeff${text}`],
    ["another order of members", (text) => text.replace(/^\{("capabilities":\[.*?\]),("component":"[^"]*"),/, "{$2,$1,")],
    ["a repeated member", (text) => text.replace("{", '{"id":"acme.other",')],
    ["another spelling of a number", (text) => text.replace('"memoryBytes":1048576', '"memoryBytes":1048576.0')],
    ["another spelling of a character", (text) => text.replace("Sample", "\\u0053ample")],
    ["an unknown member named __proto__", (text) => text.replace('"files":', '"__proto__":{"id":"x"},"files":')],
    ["an unknown member named constructor", (text) => text.replace('"files":', '"constructor":{},"files":')],
    ["something after its end", (text) => `${text}{}`],
    ["a number too large for JavaScript", (text) => text.replace('"config":{"type":"object"}', '"config":1e999')],
    ["nothing at all", () => ""],
    ["null", () => "null"],
    ["an array", () => "[]"],
  ])("refuses %s", async (_what, change) => {
    const changed = change(fromUtf8(bytes) ?? "");
    expect(changed).not.toBe(fromUtf8(bytes));
    await refusal(() => parseManifest(toUtf8(changed), DEFAULT_LIMITS), "manifest-invalid");
  });

  test("refuses malformed UTF-8", async () => {
    const broken = bytes.slice();
    broken[bytes.indexOf(0x53)] = 0xff;
    expect(await refusal(() => parseManifest(broken, DEFAULT_LIMITS), "manifest-invalid")).toContain("UTF-8");
  });

  test("carries opaque data unchanged, with names of Object.prototype as plain members", () => {
    const config: unknown = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"x":1}},"a":[null,"é\\ud83d"]}');
    const parsed = parse({ ...manifest, config, contributes: config });
    expect(canonicalJson(parsed.config ?? null)).toBe(canonicalJson(config as JsonValue));
    expect(Object.getPrototypeOf(parsed.config)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  });

  test("refuses JSON that is nested too deep, before it is parsed", async () => {
    const deep = toUtf8(`${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`);
    expect(await refusal(() => parseManifest(deep, DEFAULT_LIMITS), "manifest-invalid")).toContain("nested");
    let config: JsonValue = "[[[[[";
    for (let depth = 0; depth < 63; depth += 1) config = [config];
    expect(parse({ ...manifest, config }).config).toBeDefined();
    await refusal(() => parse({ ...manifest, config: [config] }), "manifest-invalid");
  });

  test("refuses a manifest above its size limit without reading it", async () => {
    const limits = { ...DEFAULT_LIMITS, manifestBytes: bytes.length };
    expect(parseManifest(bytes, limits).id).toBe("acme.sample");
    const message = await refusal(() => parseManifest(bytes, { ...limits, manifestBytes: bytes.length - 1 }), "manifest-invalid");
    expect(message).toContain(`${bytes.length}`);
  });

  test("refuses other versions by number, whatever else they contain", async () => {
    const newer = await refusal(() => parse({ protocol: 1, schema: 2, novelty: true }), "protocol-unsupported");
    expect(newer).toContain("schema 2, this host reads 1");
    expect(await refusal(() => parse({ ...manifest, protocol: 7 }), "protocol-unsupported")).toContain("protocol 7, this host reads 1");
    await refusal(() => parse({ ...manifest, schema: "1" }), "manifest-invalid");
    await refusal(() => parse({ ...manifest, protocol: null }), "manifest-invalid");
  });
});

describe("parseManifest() checks each member", () => {
  test.each([
    "", "Acme.blur", "acme..blur", ".acme", "acme.", "1acme", "acme blur", "acme/blur", "-a", "a-", "a--b", "acmé", "a".repeat(129),
  ])("id %j is refused", (id) => expectRefusal(() => parse({ ...manifest, id }), "manifest-invalid"));

  test.each(["a", "acme.blur", "acme-corp.blur-2.x9", "a".repeat(128)])("id %j is accepted", (id) => {
    expect(parse({ ...manifest, id }).id).toBe(id);
  });

  test.each(["", "1", "1.2", "01.2.3", "1.2.3.4", "v1.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "1.2.3-a..b", "1.2.3 "])(
    "version %j is refused",
    (version) => expectRefusal(() => parse({ ...manifest, version }), "manifest-invalid"),
  );

  test.each(["0.0.0", "1.2.3-rc.1", "1.2.3-0a.-", "10.20.30+build.01", "1.0.0-alpha+001"])("version %j is accepted", (version) => {
    expect(parse({ ...manifest, version, minimumHost: version }).minimumHost).toBe(version);
  });

  test.each<[string, object]>([
    ["runtime", { runtime: "native" }],
    ["minimumHost", { minimumHost: "new" }],
    ["metadata", { metadata: { title: "x", unknown: 1 } }],
    ["a title with a direction character", { metadata: { title: "safe\u202egnp" } }],
    ["a script as homepage", { metadata: { homepage: "javascript:alert(1)" } }],
    ["interface hash", { interface: { name: "x", version: 1, hash: "abc" } }],
    ["interface version", { interface: { name: "x", version: 1.5, hash: digest } }],
    ["an empty reason", { capabilities: [{ capability: "clocks", reason: "", optional: false }] }],
    ["a blank reason", { capabilities: [{ capability: "clocks", reason: "  ", optional: false }] }],
    ["a long reason", { capabilities: [{ capability: "clocks", reason: "x".repeat(1025), optional: false }] }],
    ["a missing reason", { capabilities: [{ capability: "clocks", optional: false }] }],
    ["a repeated capability", { capabilities: Array.from({ length: 2 }, () => ({ capability: "clocks", reason: "x", optional: false })) }],
    ["an unknown limit", { limits: { fuel: 1 } }],
    ["a negative limit", { limits: { memoryBytes: -1 } }],
    ["a limit of nothing", { limits: { callMilliseconds: 0 } }],
    ["a limit that is no number", { limits: { memoryBytes: "1" } }],
    ["a world that is none", { world: { imports: [] } }],
    ["an unknown member", { permissions: [] }],
    ["a component outside the files", { component: "other.wasm" }],
    ["a component outside the package", { component: "../component.wasm" }],
  ])("%s is refused", (_what, changes) => expectRefusal(() => parse({ ...manifest, ...changes }), "manifest-invalid"));

  test.each(["world", "component", "interface", "files", "transpiled", "limits", "metadata", "id"])("%s must be there", (name) =>
    expectRefusal(() => parse(Object.fromEntries(Object.entries(manifest).filter(([key]) => key !== name))), "manifest-invalid"));
});

describe("parseManifest() checks the list of files", () => {
  const add = (...paths: string[]) => ({
    ...manifest,
    files: [...manifest.files, ...paths.map((path) => ({ path, size: 1, sha256: digest }))].sort((a, b) => (a.path < b.path ? -1 : 1)),
  });

  test.each([
    ["a path that leads out", "../evil"],
    ["an absolute path", "/evil"],
    ["a device", "assets/nul.txt"],
    ["the manifest itself", "manifest.json"],
    ["the signature", "Manifest.SIG"],
    ["another spelling of a file", "Component.WASM"],
    ["a file that is a directory", "transpiled"],
    ["one path twice", "component.wasm"],
  ])("%s is refused", (_what, path) => expectRefusal(() => parse(add(path)), "manifest-invalid"));

  test("files out of order are refused", () =>
    expectRefusal(() => parse({ ...manifest, files: [...manifest.files].reverse() }), "manifest-invalid"));

  test.each([-1, 1.5, 2 ** 53, "1", null])("a size of %j is refused", (size) =>
    expectRefusal(() => parse({ ...manifest, files: [{ ...manifest.files[0], size }, ...manifest.files.slice(1)] }), "manifest-invalid"));

  test.each(["", "A".repeat(64), "a".repeat(63), `${"a".repeat(64)}\n`])("a digest of %j is refused", (sha256) =>
    expectRefusal(() => parse({ ...manifest, files: [{ ...manifest.files[0], sha256 }, ...manifest.files.slice(1)] }), "manifest-invalid"));

  test("more files than allowed are refused", async () => {
    const limits = { ...DEFAULT_LIMITS, packageFiles: 3 };
    expect(parse(manifest, limits).files).toHaveLength(3);
    expect(await refusal(() => parse(add("x"), limits), "package-too-large")).toContain("4 files, and at most 3");
  });

  test("more bytes than allowed are refused, the manifest counted", async () => {
    const total = bytes.length + manifest.files.reduce((sum, file) => sum + file.size, 0);
    expect(parse(manifest, { ...DEFAULT_LIMITS, packageBytes: total }).id).toBe(manifest.id);
    await refusal(() => parse(manifest, { ...DEFAULT_LIMITS, packageBytes: total - 1 }), "package-too-large");
    const huge = add("x");
    const files = huge.files.map((file) => ({ ...file, size: Number.MAX_SAFE_INTEGER }));
    await refusal(() => parse({ ...huge, files }), "package-too-large");
  });
});

describe("parseManifest() checks transpiled output", () => {
  test.each<[string, () => unknown]>([
    ["glue that is not listed", () => withOutput({ glue: "elsewhere.js" })],
    ["output of another component", () => withOutput({ key: { ...manifest.transpiled[0]?.key, wasmSha256: digest } })],
    ["the same output twice", () => ({ ...manifest, transpiled: [manifest.transpiled[0], manifest.transpiled[0]] })],
    ["a module name that is a path", () => withModule({ name: "../x" })],
    ["a slice that ends after the component", () => withModule({ offset: manifest.files[0]?.size ?? 0 })],
    ["a slice with a negative offset", () => withModule({ offset: -1 })],
    ["a slice whose end overflows", () => withModule({ offset: Number.MAX_SAFE_INTEGER })],
    ["a slice that is also a path", () => withModule({ path: "component.wasm" })],
    ["a module without a place", () => withModule({ offset: undefined })],
    ["a path that is not listed", () => withModule({ offset: undefined, path: "missing.wasm" })],
    ["a path with another digest", () => withModule({ offset: undefined, path: "component.wasm", sha256: digest, size: manifest.files[0]?.size })],
    ["a path with another size", () => withModule({ offset: undefined, path: "component.wasm", sha256: manifest.files[0]?.sha256, size: 1 })],
    ["one module name twice", () => withOutput({ coreModules: Array.from({ length: 2 }, () => manifest.transpiled[0]?.coreModules[0]) })],
  ])("%s is refused", (_what, change) => expectRefusal(() => parse(change()), "manifest-invalid"));

  test("slices that overlap to more than a package may hold are refused", async () => {
    const slice = { ...manifest.transpiled[0]?.coreModules[0], offset: 0, size: manifest.files[0]?.size ?? 0 };
    const coreModules = Array.from({ length: 1000 }, (_, index) => ({ ...slice, name: `m${index}` }));
    const limits = { ...DEFAULT_LIMITS, packageBytes: 200_000 };
    expect(await refusal(() => parse(withOutput({ coreModules }), limits), "manifest-invalid")).toContain("core modules of");
  });
});

test("fuzz: any change of the bytes is refused with a code", async () => {
  const random = new SeededRandom(1);
  const text = fromUtf8(bytes);
  for (let round = 0; round < 3000; round += 1) {
    const mutated = random.mutate(bytes);
    const code = await outcome(() => parseManifest(mutated, DEFAULT_LIMITS));
    if (code === undefined) {
      // Another value in the place of one: then that value is what was read.
      expect(fromUtf8(encodeManifest(parseManifest(mutated, DEFAULT_LIMITS)))).toBe(fromUtf8(mutated));
    } else if (fromUtf8(mutated) !== text) {
      expect(["manifest-invalid", "package-too-large", "protocol-unsupported"]).toContain(code);
    }
  }
});
