import { beforeAll, describe, expect, it } from "vitest";
import { boundLifting } from "../../../src/compile/bound-lifting.js";
import { glueTokens } from "../../../src/compile/glue-tokens.js";
import { postProcessGlue } from "../../../src/compile/post-process-glue.js";
import { printGlue } from "../../../src/compile/print-glue.js";
import { supportedTargets } from "../../../src/compile/supported-targets.js";
import type { Transpiler } from "../../../src/compile/transpile-component.js";
import { transpileOptions } from "../../../src/compile/transpile-options.js";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { committedFixtures, component, vendoredTranspiler } from "./vendored-transpiler.js";

const bounded = (text: string) => printGlue(boundLifting(glueTokens(text)));
const list = (body: string) => `var result1 = []; for (let i = 0; i < len1; i++) { ${body} result1.push(x); }`;
const bytesOf = (body: string) => Number(/take\(len1,(\d+)\)/.exec(bounded(list(body)))?.[1]);

describe("boundLifting", () => {
  it("asks before the loop", () => {
    expect(bounded(list("const base = base1 + i * 4;"))).toMatch(/^var result1=\[\];liftBounds\.take\(len1,8\);for\(let i=0;/);
  });

  it.each([
    ["numbers", "", 8],
    ["a record", "var x = { a: 1, 'class': 2, c: y ? 3 : 4 };", 8 + 24],
    ["a tuple", "var x = [a, f(b, c), d[0]];", 8 + 24],
    ["a tuple in tuples", "var x = [[[a]]];", 8 + 24],
    ["flags", "var x = { a: Boolean(f & 1), b: Boolean(f & 2) };", 8 + 8],
    ["a variant: its largest case", "let x; switch (v) { case 0: { x = { tag: 'a' }; break; } case 1: { x = { tag: 'b', val: { c: 1, d: 2 } }; break; } default: throw e; }", 8 + 32],
    ["a variant in a variant", "switch (v) { case 0: { switch (w) { case 0: { x = { a: 1 }; } case 1: { x = { a: 1, b: 2 }; } } } case 1: { x = { c: 3 }; } }", 8 + 16],
    ["a resource", "var x = Object.create(Thing.prototype);", 8 + 256],
  ])("counts what an element takes: %s", (_what, body, bytes) => expect(bytesOf(body)).toBe(bytes));

  it("leaves what an inner list takes to that list", () => {
    const inner = "var result0 = []; for (let i = 0; i < len0; i++) { var y = { a: 1, b: 2 }; result0.push(y); } var x = { c: result0 };";
    const text = bounded(list(inner));
    expect(text).toContain("take(len1,16)");
    expect(text).toContain("take(len0,24)");
  });

  it("counts a list of fixed length", () => {
    expect(bounded("const result0 = []; for (let i = 0; i < 40; i++) { result0.push(x); }")).toContain("liftBounds.take(40,8);for");
  });

  it.each([
    ["another loop", "var result1 = []; while (i < len1) { result1.push(x); }"],
    ["another bound", "var result1 = []; for (let i = 0; i < n; i++) { result1.push(x); }"],
    ["something between", "var result1 = []; f(); for (let i = 0; i < len1; i++) { result1.push(x); }"],
  ])("refuses a list that is lifted by %s", (_what, text) => expect(() => bounded(text)).toThrow(SyntaxError));

  it("counts what passes through a stream, and refuses one that is read in another way", () => {
    expect(bounded("class ManagedBuffer { read(count, opts = {}) { f(); } }")).toContain("{liftBounds.take(count,4);f();}");
    expect(() => bounded("class ManagedBuffer { read(amount) { f(); } }")).toThrow(SyntaxError);
    expect(() => bounded("function _liftFlatRecord(meta) { return (ctx) => ({}); }")).toThrow(SyntaxError);
  });

  it("counts handles instead of keeping every representation", () => {
    expect(bounded("function rscTableCreateOwn(table, rep) { table._createdReps.add(rep); }")).toContain("{liftBounds.handles(table.length);}");
  });
});

describe("in all glue", () => {
  let transpiler: Transpiler;
  beforeAll(async () => {
    transpiler = await vendoredTranspiler();
  });

  it.each(committedFixtures)("%s", async (name) => {
    const bytes = await component(name);
    const world = decodeComponent(bytes);
    for (const target of supportedTargets(world)) {
      const { files } = transpiler(bytes, transpileOptions(world, target));
      const glue = postProcessGlue(new TextDecoder().decode(files.find(([file]) => file.endsWith(".js"))?.[1]));
      const count = (pattern: RegExp) => [...glue.matchAll(pattern)].length;
      expect(count(/result\d+=\[\];liftBounds\.take\(len\d+,/g)).toBe(count(/result\d+=\[\];/g));
      // The other path, which WASI 0.3 takes: whatever makes something there counts it.
      for (const made of ["Record", "Tuple", "Variant", "Flags", "Own"]) {
        expect(count(new RegExp(`function _liftFlat${made}Inner\\(ctx\\)\\{liftBounds\\.take\\(`, "g"))).toBe(count(new RegExp(`function _liftFlat${made}\\(meta\\)`, "g")));
      }
      expect(count(/readValuesAndReset=\([^)]*\)=>\{liftBounds\.take\(len,/g)).toBe(count(/function _liftFlatList\(meta\)/g));
      expect(count(/const hostProvided=true;liftBounds\.renew\(\);/g)).toBe(count(/const hostProvided=true;/g));
      expect(glue).not.toContain("_createdReps.add");
    }
  });
});
