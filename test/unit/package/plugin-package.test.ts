import { beforeAll, describe, expect, test } from "vitest";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { PluginError } from "../../../src/errors/plugin-error.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import type { Manifest } from "../../../src/package/manifest.js";
import { PluginPackage } from "../../../src/package/plugin-package.js";
import { readArchive } from "../../../src/package/read-archive.js";
import { writeTar } from "../../../src/package/write-archive.js";
import { buildPackage, readComponentFixture, refusal } from "./package-fixture.js";

let manifest: Manifest;
let files: Map<string, Uint8Array>;

beforeAll(async () => {
  ({ manifest, files } = await buildPackage());
});

function fileAt(path: string): Uint8Array {
  const bytes = files.get(path);
  if (bytes === undefined) throw new Error(`no ${path}`);
  return bytes;
}

/** Opens the package over a source that can be watched and disturbed. */
function open(readFile: (path: string, signal?: AbortSignal) => Promise<Uint8Array>): PluginPackage {
  return PluginPackage.open(
    { origin: "memory", manifestBytes: fileAt("manifest.json"), signatureBytes: null, readFile },
    DEFAULT_LIMITS,
  );
}

const transpiled = () => {
  const [output] = manifest.transpiled;
  if (output === undefined) throw new Error("no output");
  return output;
};

describe("PluginPackage", () => {
  test("cannot be constructed but by its factories", () => {
    expect((): unknown => Reflect.construct(PluginPackage, [Symbol("PluginPackage"), {}, DEFAULT_LIMITS])).toThrow(TypeError);
  });

  test("keeps its own copy of what is signed", () => {
    const manifestBytes = fileAt("manifest.json").slice();
    const signatureBytes = Uint8Array.of(1);
    const opened = PluginPackage.open({ origin: "x", manifestBytes, signatureBytes, readFile: async () => signatureBytes }, DEFAULT_LIMITS);
    manifestBytes.fill(0);
    signatureBytes.fill(0);
    expect(opened.manifestBytes).toEqual(fileAt("manifest.json"));
    expect(opened.signatureBytes).toEqual(Uint8Array.of(1));
  });

  test("reads listed files, and refuses others without asking the source", async () => {
    const asked: string[] = [];
    const opened = open(async (path) => (asked.push(path), fileAt(path)));
    expect(await opened.readFile("transpiled/core/own.wasm")).toEqual(fileAt("transpiled/core/own.wasm"));
    for (const path of ["manifest.json", "../x", "__proto__", "", "Component.wasm"]) {
      await refusal(() => opened.readFile(path), "package-invalid");
    }
    expect(asked).toEqual(["transpiled/core/own.wasm"]);
  });

  test("checks a file every time it is read, and names what differs", async () => {
    let bytes = fileAt("transpiled/core/own.wasm");
    const opened = open(async () => bytes);
    await opened.readFile("transpiled/core/own.wasm");
    bytes = bytes.map((byte, index) => (index === 7 ? byte ^ 1 : byte));
    const message = await refusal(() => opened.readFile("transpiled/core/own.wasm"), "digest-mismatch");
    expect(message).toContain('acme.sample from "memory"');
    expect(message).toContain('"transpiled/core/own.wasm" has SHA-256');
    expect(message).toContain(manifest.files[2]?.sha256);
    bytes = new Uint8Array(9);
    expect(await refusal(() => opened.readFile("transpiled/core/own.wasm"), "digest-mismatch")).toContain("9 bytes, its manifest says 8");
  });

  test("fetches the component once for all readers", async () => {
    let fetched = 0;
    const opened = open(async (path) => ((fetched += path === "component.wasm" ? 1 : 0), fileAt(path)));
    await Promise.all([opened.readComponent(), opened.readFile("component.wasm"), opened.readTranspiled(opened.manifest.transpiled[0] ?? transpiled())]);
    expect(await opened.readComponent()).toEqual(fileAt("component.wasm"));
    expect(fetched).toBe(1);
  });

  test("fetches the component again after a failure, and after a caller transferred it away", async () => {
    let fail = true;
    const opened = open(async () => {
      if (fail) throw new Error("offline");
      return fileAt("component.wasm").slice();
    });
    expect(await refusal(() => opened.readComponent(), "source-unreachable")).toContain("component.wasm");
    fail = false;
    const first = await opened.readComponent();
    structuredClone(first, { transfer: [first.buffer as ArrayBuffer] });
    expect(first.length).toBe(0);
    expect(await opened.readComponent()).toEqual(fileAt("component.wasm"));
  });

  test("keeps a coded error of the source as it is", async () => {
    const cause = new PluginError({ code: "package-too-large", stage: "download", message: "too much" });
    const opened = open(async () => Promise.reject(cause));
    await expect(opened.readFile("component.wasm")).rejects.toBe(cause);
  });

  test("one reader's abort does not fail another's", async () => {
    const opened = open((path, signal) => new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(new Error("stopped")));
      if (signal === undefined) resolve(fileAt(path));
    }));
    const controller = new AbortController();
    const aborted = refusal(() => opened.readComponent(controller.signal), "aborted");
    const other = opened.readComponent();
    controller.abort();
    await aborted;
    expect(await other).toEqual(fileAt("component.wasm"));
    await refusal(() => opened.readFile("transpiled/core/own.wasm", controller.signal), "aborted");
  });

  test("reads transpiled output, with modules cut out of the component and from their own files", async () => {
    const opened = open(async (path) => fileAt(path));
    const [output] = opened.manifest.transpiled;
    const { glue, coreModules } = await opened.readTranspiled(output ?? transpiled());
    expect(glue).toContain("function instantiate");
    expect(coreModules.map((module) => module.name)).toEqual(["plugin.core.wasm", "plugin.core2.wasm"]);
    for (const { bytes } of coreModules) {
      expect([...bytes.subarray(0, 8)]).toEqual([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    }
  });

  test("refuses a transpiled output that its manifest does not have", async () => {
    const opened = open(async (path) => fileAt(path));
    await refusal(() => opened.readTranspiled(structuredClone(transpiled())), "usage-invalid");
  });
});

describe("PluginPackage.fromArchive()", () => {
  const fromArchive = (changed: ReadonlyMap<string, Uint8Array>) => PluginPackage.fromArchive(changed, "sample.tar.gz", DEFAULT_LIMITS);

  test("opens what writeTar and readArchive pass on, unsigned and signed", async () => {
    const signed = new Map([...files, ["manifest.sig", toUtf8("x")]]);
    const opened = await fromArchive(await readArchive(writeTar(signed), DEFAULT_LIMITS));
    expect(opened.manifest).toEqual(manifest);
    expect(opened.signatureBytes).toEqual(toUtf8("x"));
    expect((await fromArchive(files)).signatureBytes).toBeNull();
  });

  test("refuses a missing file, an unlisted one, and one without a manifest", async () => {
    for (const path of files.keys()) {
      await refusal(() => fromArchive(new Map([...files].filter(([name]) => name !== path))), "package-invalid");
    }
    for (const path of ["extra.js", "__proto__", "MANIFEST.json"]) {
      expect(await refusal(() => fromArchive(new Map([...files, [path, toUtf8("")]])), "package-invalid")).toContain(path);
    }
  });

  test("refuses a changed file", async () => {
    for (const [path, bytes] of files) {
      if (path === "manifest.json") continue;
      const changed = bytes.slice();
      changed[0] = (changed[0] ?? 0) ^ 0x80;
      expect(await refusal(() => fromArchive(new Map([...files, [path, changed]])), "digest-mismatch")).toContain(path);
      await refusal(() => fromArchive(new Map([...files, [path, bytes.subarray(1)]])), "digest-mismatch");
    }
  });
});

describe("PluginPackage.fromComponent()", () => {
  test("describes a bare component from itself", async () => {
    const bytes = await readComponentFixture("types-c.wasm");
    const opened = await PluginPackage.fromComponent(bytes, { id: "dropped.file", origin: "types-c.wasm" }, DEFAULT_LIMITS);
    expect(opened.manifest).toMatchObject({ id: "dropped.file", version: "0.0.0", runtime: "wasm", capabilities: [], transpiled: [] });
    expect(opened.manifest.world.exports.interfaces.length + opened.manifest.world.exports.functions.length).toBeGreaterThan(0);
    expect(opened.manifest.interface.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(opened.signatureBytes).toBeNull();
    expect(await opened.readComponent()).toEqual(bytes);
  });

  test("refuses what is no component, no identity, and too large", async () => {
    const bytes = await readComponentFixture();
    const open = (component: Uint8Array, identity: { id: string; version?: string }, limits = DEFAULT_LIMITS) =>
      PluginPackage.fromComponent(component, { ...identity, origin: "x" }, limits);
    await refusal(() => open(toUtf8("not wasm"), { id: "a.b" }), "component-invalid");
    await refusal(() => open(bytes, { id: "A b" }), "manifest-invalid");
    await refusal(() => open(bytes, { id: "a.b", version: "1" }), "manifest-invalid");
    await refusal(() => open(bytes, { id: "a.b" }, { ...DEFAULT_LIMITS, packageBytes: bytes.length - 1 }), "package-too-large");
  });
});
