import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import type { BridgeDescription } from "../../../src/node/bridge-description.js";
import { parsePackageToml } from "../../../src/node/plugin-description.js";
import { outcome, refusal } from "../package/package-fixture.js";
import { PYTHON_TOML, RUST_TOML } from "./bridge-support.js";

const parse = (toml: string) => parsePackageToml(toUtf8(toml));
const code = (toml: string): BridgeDescription => {
  const found = parse(toml).code;
  if (found.runtime === "wasm") throw new Error("it is a component");
  return found;
};
const taking = (streams: string): string => RUST_TOML.replace(/^takes_stream.*$/m, streams);

describe("the [rust] and [python] tables of a package.toml", () => {
  test("say what there is and how it is called, by the names of WIT", () => {
    expect(code(RUST_TOML)).toEqual({
      runtime: "rust", wit: "wit", world: undefined, interfaceHash: "be38ca5674ec66ca", raw: new Set(["reverse", "checked-reverse"]),
      takesStream: new Map([["sum", "u64"], ["shout", "string"]]), optional: new Map([["describe", 0]]),
      libraries: new Map([["linux-x64", "target/release/libgreeter.so"]]), entryModule: undefined, requirements: undefined,
    });
    expect(code(PYTHON_TOML.replace("entry_module", 'requirements = "all.txt"\nworld = "w"\nentry_module'))).toMatchObject({
      runtime: "python", world: "w", entryModule: "greeter", requirements: "all.txt", optional: new Map(), libraries: new Map(),
    });
  });

  test("have reasons of their own", () => {
    const { description } = parse(`${PYTHON_TOML}capabilities = ["log"]\n[python.reasons]\nlog = "To tell."\n`);
    expect(description.capabilities).toEqual([{ capability: "log", reason: "To tell.", optional: false }]);
  });

  test.each(["0xbe38ca5674ec66ca", "be38ca5674ec66ca", "0xBE38CA5674EC66CA"])("have the hash %s", (hash) => {
    expect(code(RUST_TOML.replace("0xbe38ca5674ec66ca", hash)).interfaceHash).toBe("be38ca5674ec66ca");
  });

  test("have a hash as Rust prints one that begins with zeros", () => {
    expect(code(RUST_TOML.replace("0xbe38ca5674ec66ca", "0x38ca")).interfaceHash).toBe("00000000000038ca");
  });

  test.each<[toml: string, type: unknown]>([
    ['takes_stream = ["sum"]', undefined],
    ["takes_stream = { sum = \"f32\" }", "f32"],
    ['takes_stream.sum = { kind = "list", element = "u8" }', { kind: "list", element: "u8" }],
    ['takes_stream.sum = { kind = "record", fields = [{ name = "first-name", type = "string" }] }', { kind: "record", fields: [{ name: "first-name", type: "string" }] }],
    ['takes_stream.sum = { kind = "variant", cases = [{ name = "empty" }, { name = "at", type = "u8" }] }', { kind: "variant", cases: [{ name: "empty", type: null }, { name: "at", type: "u8" }] }],
    ['takes_stream.sum = { kind = "result", ok = "u8" }', { kind: "result", ok: "u8", err: null }],
    ['takes_stream.sum = { kind = "option", value = { kind = "result", err = { kind = "enum", cases = ["a"] } } }', { kind: "option", value: { kind: "result", ok: null, err: { kind: "enum", cases: ["a"] } } }],
  ])("%s", (toml, type) => {
    expect(code(taking(toml)).takesStream).toEqual(new Map([["sum", type]]));
  });

  test("may name functions that are called like what objects have", () => {
    const toml = taking('takes_stream = { constructor = "u8", prototype = "u16", __proto__ = "u32" }').replace("describe = 0", "constructor = 3, to_string = 4");
    expect([...code(toml).takesStream]).toEqual([["constructor", "u8"], ["prototype", "u16"], ["--proto--", "u32"]]);
    expect([...code(toml).optional]).toEqual([["constructor", 3], ["to-string", 4]]);
  });

  test("mean nothing to a plugin of another runtime, which is said", () => {
    expect(parse(`${RUST_TOML}[python]\nentry_module = "x"\n`).warnings).toEqual(["package.toml has [python], which is not used here"]);
    expect(parse(`${PYTHON_TOML}[wasm]\ncomponent = "x.wasm"\nprecompiled = "x.cwasm"\n`).warnings).toEqual(["package.toml has [wasm], which is not used here"]);
  });

  const REFUSED: readonly (readonly [what: string, toml: string, says: string])[] = [
    ["a fidius package.toml of native code", RUST_TOML.replace(/\[rust\][^]*/, ""), 'has no [rust] table. Add one:\n[rust]\nlibraries = { "linux-x64"'],
    ["a fidius package.toml of Python code", PYTHON_TOML.replace(/^(?:wit|interface_hash|raw|takes_stream).*$/gm, ""), "interface_hash = "],
    ["no libraries", RUST_TOML.replace(/^libraries.*$/m, ""), "libraries"],
    ["an empty table of libraries", RUST_TOML.replace(/^libraries.*$/m, "libraries = {}"), "must name a library"],
    ["one library for all platforms", RUST_TOML.replace(/^libraries.*$/m, 'libraries = "x.so"'), "libraries"],
    ["a library for a triple", RUST_TOML.replace("linux-x64", "x86_64-unknown-linux-gnu"), "such as linux-x64"],
    ["a library that is no path", RUST_TOML.replace('"target/release/libgreeter.so"', "7"), "libraries"],
    ["no WIT", RUST_TOML.replace(/^wit.*$/m, ""), "wit"],
    ["no hash", PYTHON_TOML.replace(/^interface_hash.*$/m, ""), "interface_hash"],
    ["a hash with too few digits and no prefix", RUST_TOML.replace("0xbe38ca5674ec66ca", "be38ca"), "interface_hash"],
    ["a hash with too many digits", RUST_TOML.replace("0xbe38ca5674ec66ca", "0xbe38ca5674ec66ca0"), "interface_hash"],
    ["a hash of other letters", RUST_TOML.replace("0xbe38ca5674ec66ca", "0xbe38ca5674ec66cg"), "interface_hash"],
    ["a hash with a sign", RUST_TOML.replace("0xbe38ca5674ec66ca", "-0xbe38ca5674ec66"), "interface_hash"],
    ["an empty hash", RUST_TOML.replace("0xbe38ca5674ec66ca", "0x"), "interface_hash"],
    ["a hash that is a number", RUST_TOML.replace('"0xbe38ca5674ec66ca"', "0x38ca"), "interface_hash"],
    ["no entry module", PYTHON_TOML.replace(/^entry_module.*$/m, ""), "entry_module"],
    ["a misspelled member", RUST_TOML.replace("takes_stream", "take_stream"), "take_stream"],
    ["a member of the other runtime", PYTHON_TOML.replace("[python]", "[python]\noptional = { describe = 0 }"), "optional"],
    ["a function that is raw twice", RUST_TOML.replace('"checked_reverse"', '"reverse"'), "rust.raw names the function \"reverse\" twice"],
    ["a function that is raw in two spellings", RUST_TOML.replace('"reverse"', '"checked-reverse"'), "twice"],
    ["raw as one text", RUST_TOML.replace(/^raw.*$/m, 'raw = "reverse"'), "raw"],
    ["a stream in two spellings", taking('takes_stream = ["a_b", "a-b"]'), "twice"],
    ["streams as a number", taking("takes_stream = 1"), "takes_stream"],
    ["streams as a date", taking("takes_stream = 2026-01-01"), "takes_stream"],
    ["a type that is none", taking('takes_stream = { sum = "u128" }'), 'rust.takes_stream."sum" must be'],
    ["a type that is a list of types", taking('takes_stream = { sum = ["u8"] }'), "takes_stream"],
    ["a type with an unknown member", taking('takes_stream = { sum = { kind = "list", element = "u8", bound = 3 } }'), "bound"],
    ["a type that is nested too deep", taking(`takes_stream = { sum = ${'{ kind = "option", value = '.repeat(20)}"u8"${" }".repeat(20)} }`), "nested"],
    ["a bit that is a text", RUST_TOML.replace("describe = 0", 'describe = "0"'), "rust.optional.\"describe\" must be the bit"],
    ["a bit below 0", RUST_TOML.replace("describe = 0", "describe = -1"), "must be the bit"],
    ["an optional function in two spellings", RUST_TOML.replace("describe = 0", "a_b = 0, a-b = 1"), "twice"],
    ["no reason for a capability", `${PYTHON_TOML}capabilities = ["log"]\n`, "[python.reasons]"],
    ["a table that is a text", PYTHON_TOML.replace(/\[python\][^]*/, "").replace("[package]", 'python = "greeter"\n[package]'), "[python]"],
  ];
  test.each(REFUSED)("with %s are refused", async (_, toml, says) => {
    expect(await refusal(() => parse(toml), "manifest-invalid")).toContain(says);
  });

  test("damaged anywhere are read or refused, and never fail otherwise", async () => {
    const change = fc.tuple(fc.nat(RUST_TOML.length), fc.constantFrom("", "[", "]", '"', "=", ".", "{", "}", "\0", "__proto__", "1e999", "kind", "0x"));
    await fc.assert(fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.constantFrom(RUST_TOML, PYTHON_TOML), async (changes, start) => {
      let toml = start;
      for (const [at, text] of changes) toml = toml.slice(0, at) + text + toml.slice(at + 1);
      await outcome(() => parse(toml));
    }), { seed: 20_261_128, numRuns: 2_000 });
  });
});
