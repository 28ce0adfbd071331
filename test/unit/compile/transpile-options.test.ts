import { describe, expect, test } from "vitest";
import type { CompileKey } from "../../../src/compile/compile-key.js";
import { compareKeys, liveCompileKey } from "../../../src/compile/live-compile-key.js";
import { supportedTargets, targetRefusal } from "../../../src/compile/supported-targets.js";
import { engineConfigHash, transpileOptions } from "../../../src/compile/transpile-options.js";
import { TRANSPILER_VERSION } from "../../../src/compile/transpiler-identity.js";
import type { FunctionType, World } from "../../../src/component/world.js";

const sync: FunctionType = { async: false, parameters: [], result: null };
const promised: FunctionType = { async: true, parameters: [], result: null };

const world: World = {
  types: [],
  imports: {
    functions: [],
    interfaces: [
      { name: "wasi:io/poll@0.2.12", functions: [], resources: [] },
      { name: "a:b/c@1.0.0", functions: [], resources: [] },
      { name: "a:b/c@0.9.0", functions: [], resources: [] },
    ],
  },
  exports: {
    functions: [{ name: "top", type: sync }],
    interfaces: [
      {
        name: "a:b/d@1.0.0",
        functions: [
          { name: "[constructor]blob", type: sync },
          { name: "[static]blob.merge", type: sync },
          { name: "[method]blob.read", type: sync },
          { name: "apply", type: sync },
        ],
        resources: [],
      },
    ],
  },
};

const withExport = (type: FunctionType): World => ({ ...world, exports: { interfaces: [], functions: [{ name: "later", type }] } });

describe("transpileOptions", () => {
  test("maps every imported interface to itself, sorted", () => {
    const names = ["a:b/c@0.9.0", "a:b/c@1.0.0", "wasi:io/poll@0.2.12"];
    expect(transpileOptions(world, "browser-sync").map).toEqual(names.map((name) => [name, name]));
  });

  test("browser-jspi lists exports one by one, without constructors, static and async functions", () => {
    expect(transpileOptions(world, "browser-jspi").asyncMode).toEqual({
      tag: "jspi",
      val: { imports: [], exports: ["a:b/d@1.0.0#[method]blob.read", "a:b/d@1.0.0#apply", "top"] },
    });
    expect(transpileOptions(withExport(promised), "browser-jspi").asyncMode).toMatchObject({ val: { exports: [] } });
  });

  test("the hash is of every option: each change changes it", async () => {
    const options = transpileOptions(world, "browser-sync");
    const hashes = new Set([await engineConfigHash(options)]);
    for (const [name, value] of Object.entries(options)) {
      const changed = typeof value === "boolean" ? !value : typeof value === "number" ? value + 1 : "other";
      hashes.add(await engineConfigHash({ ...options, [name]: changed }));
    }
    expect(hashes.size).toBe(Object.keys(options).length + 1);
    expect(await engineConfigHash(transpileOptions(world, "browser-sync"))).toBe(await engineConfigHash(options));
  });
});

describe("supportedTargets", () => {
  test("both, the synchronous one first", () => {
    expect(supportedTargets(world)).toEqual(["browser-sync", "browser-jspi"]);
  });

  test("asynchronous functions, streams and futures need browser-jspi", () => {
    expect(supportedTargets(withExport(promised))).toEqual(["browser-jspi"]);
    expect(targetRefusal(withExport(promised), "browser-sync")).toContain("later");
    for (const type of [{ kind: "stream", element: "u8" }, { kind: "future", value: null }] as const) {
      expect(supportedTargets({ ...world, types: [type] })).toEqual(["browser-jspi"]);
    }
  });
});

describe("liveCompileKey", () => {
  test("names the transpiler exactly", () => {
    expect(TRANSPILER_VERSION).toMatch(/^jco-\d+\.\d+\.\d+\+bindgen-[0-9a-f]{16}\+post-\d+$/);
  });

  test("compareKeys names the first field that differs", async () => {
    const live = await liveCompileKey("ab".repeat(32), world, "browser-sync");
    expect(live.target).toBe("browser-sync/2");
    expect(compareKeys({ ...live }, live)).toBeUndefined();
    const fields: [keyof CompileKey, string][] = [
      ["engineConfigHash", "config"], ["target", "target"], ["transpilerVersion", "transpiler"], ["wasmSha256", "wasm"],
    ];
    let found = live;
    for (const [field, reason] of fields) {
      expect(compareKeys({ ...live, [field]: "other" }, live)).toBe(reason);
      found = { ...found, [field]: "other" };
      expect(compareKeys(found, live)).toBe(reason);
    }
  });
});
