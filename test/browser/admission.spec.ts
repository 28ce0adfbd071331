/** What a host admits: compatible interfaces, known imports, versions that fit. */
import { readFile } from "node:fs/promises";
import type { InterfaceDescriptorData } from "../../src/component/interface-descriptor.js";
import type { World } from "../../src/component/world.js";
import type { Manifest } from "../../src/package/manifest.js";
import { fixturePath, type FixtureName } from "../fixtures/index.js";
import { expect, test } from "../support/browser-test.js";
import { descriptorOfWorld } from "../support/descriptor.js";
import { packagedDescriptor, PluginPage } from "../support/plugin-page.js";
import { expectAnswers } from "../support/small-plugin.js";
import { changedPackage, newKey, packedManifest, putRegistry } from "../support/test-registry.js";

/** A text with `part` in it, for `toMatchObject`. */
const containing = (part: string): unknown => expect.stringContaining(part);

const changed = (id: string, change: Partial<Manifest> = {}) =>
  changedPackage("small-c", { manifest: (manifest) => ({ ...manifest, id, ...change }) });

/** The manifest of native code with the same exports. */
function nativeManifest({ component = "", ...manifest }: Manifest): Manifest {
  const methods = manifest.world.exports.interfaces.flatMap(({ functions }) => functions.map(({ name }) => ({ function: name, raw: false, takesStream: false })));
  const bridge = { interfaceHash: "0".repeat(16), methods, libraries: [{ platform: "linux-x64", path: component }] };
  return { ...manifest, id: "acme.native", runtime: "rust", transpiled: [], bridge };
}

test.describe("compatibility", () => {
  const edited = async (edit: (world: World) => World): Promise<InterfaceDescriptorData> => descriptorOfWorld(edit((await packagedDescriptor("small-c")).world), "the app's echo");
  const editInterface = (edit: (shape: World["exports"]["interfaces"][number]) => World["exports"]["interfaces"][number]) => (world: World): World =>
    ({ ...world, exports: { ...world.exports, interfaces: world.exports.interfaces.map(edit) } });

  test("an app that wants less: strict refuses and says how, lenient loads exactly that", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const descriptor = await edited(editInterface((shape) => ({ ...shape, functions: shape.functions.filter(({ name }) => name === "add") })));
    const strict = await plugins.loadPackaged("small-c", { descriptor });
    expect(strict.error).toMatchObject({ code: "interface-mismatch", message: containing('compatibility: "lenient"') });
    const lenient = await plugins.loadPackaged("small-c", { descriptor, load: { compatibility: "lenient" } });
    expect(lenient.error).toBeUndefined();
    expect(await plugins.call("small-c", "add", [40, 2])).toEqual({ value: 42 });
    expect((await plugins.call("small-c", "echo", [new Uint8Array(1)])).error?.code).toBe("function-unknown");
    expect((await plugins.loadPackaged("small-c", { descriptor, host: { compatibility: "lenient" }, load: { compatibility: "strict" } })).error?.code).toBe("interface-mismatch");
  });

  const incompatible: readonly (readonly [what: string, edit: (world: World) => World, found: RegExp])[] = [
    ["a function more", editInterface((shape) => ({ ...shape, functions: [...shape.functions, { name: "subtract", type: { async: false, parameters: [], result: null } }] })), /subtract/],
    ["another parameter type", editInterface((shape) => ({ ...shape, functions: shape.functions.map((named) => (named.name === "add" ? { ...named, type: { ...named.type, parameters: [{ name: "a", type: "u64" }, { name: "b", type: "u32" }] } } : named)) })), /add.*u(32|64)/],
    ["another result", editInterface((shape) => ({ ...shape, functions: shape.functions.map((named) => (named.name === "add" ? { ...named, type: { ...named.type, result: "s32" } } : named)) })), /add/],
    ["another interface", editInterface((shape) => ({ ...shape, name: "bench:other/echo@1.0.0" })), /bench:other\/echo/],
    ["a newer version", editInterface((shape) => ({ ...shape, name: "bench:echo/echo@1.0.1" })), /echo@1\.0\.1/],
    ["an incompatible version", editInterface((shape) => ({ ...shape, name: "bench:echo/echo@2.0.0" })), /echo@2\.0\.0/],
  ];
  for (const [what, edit, found] of incompatible) {
    test(`an app that wants ${what} is refused under both policies`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const descriptor = await edited(edit);
      for (const compatibility of ["strict", "lenient"] as const) {
        const { error } = await plugins.loadPackaged("small-c", { descriptor, load: { compatibility } });
        expect(error?.code, compatibility).toBe("interface-mismatch");
        expect(error?.message).toMatch(found);
      }
    });
  }

  test("a plugin of a newer compatible version loads under lenient, and its calls arrive", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const component = (await readFile(fixturePath("small-c"))).toString("latin1").replaceAll("echo@1.0.0", "echo@1.4.0");
    await server.putFile("fixtures/components/newer.wasm", Buffer.from(component, "latin1"));
    const source = { file: "../fixtures/components/newer.wasm", options: { id: "local.newer" } };
    const load = (compatibility: "strict" | "lenient") => plugins.loadComponent("small-c", { id: "local.newer", source, load: { compatibility } });
    expect((await load("strict")).error?.code).toBe("interface-mismatch");
    expect((await load("lenient")).error).toBeUndefined();
    await expectAnswers(plugins, "small-c");
  });

  test("lenient weakens neither trust nor grants", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const stranger = await newKey();
    expect((await plugins.loadPackaged("small-c", { load: { compatibility: "lenient" }, trust: { keys: [stranger.publicKey] } })).error?.code).toBe("key-untrusted");
    expect((await plugins.loadPackaged("logger", { load: { compatibility: "lenient" } })).error?.code).toBe("capability-not-granted");
  });
});

test.describe("refusals", () => {
  const manifests: readonly (readonly [what: string, code: string, change: Partial<Manifest>, says: string])[] = [
    ["a newer host", "host-too-old", { minimumHost: "99.0.0" }, "99.0.0"],
    ["another protocol", "protocol-unsupported", { protocol: 2 }, "protocol 2"],
    ["a capability that does not exist", "capability-unknown", { capabilities: [{ capability: "everything", reason: "why not", optional: false }] }, "everything"],
  ];
  for (const [what, code, change, says] of manifests) {
    test(`a plugin that wants ${what} is refused as ${code}`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const index = await putRegistry(server, "wants", [await changed("acme.one", change)]);
      const { error } = await plugins.loadPackaged("small-c", { id: "acme.one", source: { index } });
      expect(error).toMatchObject({ code, message: containing(says) });
    });
  }

  test("a plugin that wants another runtime is refused as runtime-unsupported", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const index = await putRegistry(server, "native", [await changedPackage("small-c", { manifest: nativeManifest })]);
    const { error } = await plugins.loadPackaged("small-c", { id: "acme.native", source: { index } });
    expect(error).toMatchObject({ code: "runtime-unsupported", message: containing("the rust runtime") });
  });

  test("imports that nobody offers are all named", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    for (const name of ["unknown-import", "two-versions", "hostile-names"] as const satisfies readonly FixtureName[]) {
      const { world } = await packedManifest(name);
      const imported = [...world.imports.interfaces, ...world.imports.functions].map((named) => named.name);
      expect(imported.length, name).toBe(name === "two-versions" ? 2 : 1);
      const { error } = await plugins.loadPackaged(name);
      expect(error?.code, name).toBe("import-unknown");
      for (const one of imported) expect(error?.message, name).toContain(one);
    }
  });

  test("a descriptor that is none is refused with the place", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const whole = await packagedDescriptor("small-c");
    for (const descriptor of [{}, { ...whole, hash: "x" }, { ...whole, world: 7 }, null]) {
      const { error } = await plugins.loadPackaged("small-c", { descriptor: descriptor as InterfaceDescriptorData });
      expect(error).toMatchObject({ name: "PluginError", code: "manifest-invalid", message: containing("descriptor") });
    }
  });

  test("limits that bound nothing are refused", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    for (const limits of [{ loadMilliseconds: 0 }, { callMilliseconds: -1 }, { loadMilliseconds: Number.NaN }, { memoryBites: 1 }, { loadMilliseconds: 2 ** 40 }]) {
      expect((await plugins.loadPackaged("small-c", { host: { limits } })).error?.code, JSON.stringify(limits)).toBe("usage-invalid");
    }
  });
});
