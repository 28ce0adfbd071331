import { runInThisContext } from "node:vm";
import { beforeAll, describe, expect, test } from "vitest";
import { postProcessGlue } from "../../../src/compile/post-process-glue.js";
import type { Transpiler } from "../../../src/compile/transpile-component.js";
import { transpileOptions } from "../../../src/compile/transpile-options.js";
import { supportedTargets } from "../../../src/compile/supported-targets.js";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { isExpected, type FixtureName } from "../../fixtures/index.js";
import { asScript, comparableSyntax } from "./glue-syntax.js";
import { committedFixtures, component, vendoredTranspiler } from "./vendored-transpiler.js";

let transpiler: Transpiler;
beforeAll(async () => {
  transpiler = await vendoredTranspiler();
});

async function jcoModule(name: Parameters<typeof component>[0], target: "browser-sync" | "browser-jspi") {
  const bytes = await component(name);
  const { files } = transpiler(bytes, transpileOptions(decodeComponent(bytes), target));
  return new TextDecoder().decode(files.find(([file]) => file.endsWith(".js"))?.[1]);
}

describe("postProcessGlue", () => {
  const built: readonly FixtureName[] = ["medium-js", "big-js"];
  const expected = [...committedFixtures, ...built.filter(isExpected)];

  test.each(expected)("%s: only tracing and unused suspending halves are dropped", async (name) => {
    for (const target of supportedTargets(decodeComponent(await component(name)))) {
      const module = await jcoModule(name, target);
      const glue = postProcessGlue(module);
      expect(comparableSyntax(glue)).toEqual(comparableSyntax(asScript(module)));
      expect(glue).toMatch(/^function instantiate\(getCoreModule,imports,instantiateCore,liftBounds\)\{"use strict";/);
      expect(glue.length).toBeLessThan(module.length * 0.62);
    }
  });

  test("a script around the glue can call it", async () => {
    const glue = postProcessGlue(await jcoModule("small-c", "browser-sync"));
    expect(runInThisContext(`(() => { ${glue}; return instantiate.length; })()`)).toBe(4);
  });

  describe("refuses", () => {
    const refuse = async (change: (module: string) => string) => {
      const module = await jcoModule("small-c", "browser-sync");
      const changed = change(module);
      expect(changed).not.toBe(module);
      expect(() => postProcessGlue(changed)).toThrow(expect.objectContaining({ code: "transpile-failed" }));
    };
    const inBody = (text: string) => (module: string) => module.replace("const _debugLog =", `${text}\nconst _debugLog =`);

    test("another beginning", () => refuse((module) => module.replace('"use components";', "")));
    test("another end", () => refuse((module) => module.replace("export const _util", "export const other")));
    test("core modules found in another way", () => refuse((module) => module.replace("if (!getCoreModule)", "if (! getCoreModule)")));
    test("an import", () => refuse((module) => module.replace("export const _util", 'import "x";\nexport const _util')));
    test("a dynamic import", () => refuse(inBody('import("x");')));
    test("import.meta", () => refuse(inBody("import.meta.url;")));
    test("an export", () => refuse(inBody("export let x;")));
    test("code outside the function", () => refuse(inBody("} evil(); {")));
    test("an unbalanced bracket", () => refuse(inBody("(")));
    test("a regular expression", () => refuse(inBody("x = /y/;")));
    test("nothing at all", () => refuse(() => ""));
  });
});
