import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "@bytecodealliance/jco";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { packPlugin } from "../../../src/node/pack.js";
import { withWasmTools } from "../../../src/node/types/wasm-tools.js";
import { readArchive } from "../../../src/package/read-archive.js";
import { PluginPackage } from "../../../src/package/plugin-package.js";
import { expectRefusal, refusal } from "../package/package-fixture.js";
import { componentPath, directoryContent, packComponent, pluginDirectory, temporaryDirectory } from "./support.js";

const SEED = new Uint8Array(32).fill(7);
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
