import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { runInThisContext } from "node:vm";
import { beforeAll, describe, expect, test } from "vitest";
import { transpileComponent, type Transpiler } from "../../../src/compile/transpile-component.js";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { fixturePath } from "../../fixtures/index.js";
import { component, transpilerFolder, vendoredTranspiler } from "./vendored-transpiler.js";

type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: object,
  instantiateCore: (module: WebAssembly.Module, imports?: WebAssembly.Imports) => WebAssembly.Instance,
) => Record<string, Record<string, (...values: unknown[]) => unknown>>;

let transpiler: Transpiler;
beforeAll(async () => {
  transpiler = await vendoredTranspiler();
});

async function transpiled(name: Parameters<typeof component>[0], target: "browser-sync" | "browser-jspi" = "browser-sync") {
  const bytes = await component(name);
  return transpileComponent(transpiler, bytes, decodeComponent(bytes), target);
}

describe("transpileComponent", () => {
  test("the glue runs, synchronously, and imports are asked for with their version", async () => {
    const { glue, coreModules } = await transpiled("two-versions");
    const instantiate = runInThisContext(`(() => { ${glue}; return instantiate; })()`) as Instantiate;
    const modules = new Map(coreModules.map(({ name, bytes }) => [name, new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)]));
    const asked = new Set<string>();
    const imports = new Proxy({}, {
      get: (_target, name) => {
        asked.add(String(name));
        return new Proxy({}, { get: () => () => 0 });
      },
    });
    instantiate(
      (name) => modules.get(name) ?? expect.fail(`the glue asked for ${name}`),
      imports,
      (module, values) => new WebAssembly.Instance(module, values),
    );
    const world = decodeComponent(await component("two-versions"));
    expect(asked).toEqual(new Set(world.imports.interfaces.map(({ name }) => name)));
    expect(asked.size).toBeGreaterThan(1);
  });

  test("most core modules are slices of the component", async () => {
    const bytes = Buffer.from(await component("types-rust"));
    const { coreModules } = await transpiled("types-rust");
    expect(coreModules.length).toBeGreaterThan(0);
    expect(bytes.indexOf(coreModules[0]?.bytes ?? "none")).toBeGreaterThan(0);
  });

  test("equal bytes in the shipped worker, in two other processes", async () => {
    const here = await transpiled("types-rust");
    const script = join(await transpilerFolder(), "transpiler-worker.js");
    const world = decodeComponent(await component("types-rust"));
    const run = async () => {
      const { stdout } = await promisify(execFile)(process.execPath, ["-e", IN_PROCESS, script, fixturePath("types-rust"), JSON.stringify(world)]);
      return stdout;
    };
    const [one, two] = await Promise.all([run(), run()]);
    const digest = createHash("sha256").update(here.glue);
    for (const { name, bytes } of here.coreModules) digest.update(name).update(bytes);
    expect(one).toBe(digest.digest("hex"));
    expect(two).toBe(one);
  });

  describe("refuses", () => {
    const world = { types: [], imports: { interfaces: [], functions: [] }, exports: { interfaces: [], functions: [] } };
    const refusal = (bytes: Uint8Array) => {
      try {
        transpileComponent(transpiler, bytes, world, "browser-sync");
      } catch (error) {
        return error;
      }
      return expect.fail("it was taken");
    };

    test.each([
      ["the text format", new TextEncoder().encode("(component)")],
      ["a core module", new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])],
      ["nothing", new Uint8Array()],
    ])("%s", (_what, bytes) => {
      expect(refusal(bytes)).toMatchObject({ code: "component-invalid" });
    });

    test("a component that ends in the middle", async () => {
      const bytes = await component("types-rust");
      expect(refusal(bytes.slice(0, 5_000))).toMatchObject({ code: "transpile-failed", stage: "transpile" });
    });
  });
});

// Stands in for a worker's global scope around the shipped script.
const IN_PROCESS = `
const { readFileSync } = require("node:fs");
const { createHash } = require("node:crypto");
const [script, component, world] = process.argv.slice(1);
let listener;
globalThis.addEventListener = (type, added) => { listener = added; };
globalThis.postMessage = ({ transpiled, failure }) => {
  if (failure) throw new Error(failure.message);
  const digest = createHash("sha256").update(transpiled.glue);
  for (const { name, bytes } of transpiled.coreModules) digest.update(name).update(bytes);
  process.stdout.write(digest.digest("hex"));
};
(0, eval)(readFileSync(script, "utf8"));
const module = (name) => new Uint8Array(readFileSync(script.replace("-worker.js", name)));
listener({ data: { core: module(".core.wasm"), core2: module(".core2.wasm"), component: new Uint8Array(readFileSync(component)), world: JSON.parse(world), target: "browser-sync" } });
`;
