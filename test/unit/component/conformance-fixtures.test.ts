/** What implements fidius:conformance: one world, one hash, one behaviour. test/conformance runs all of it from a page. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { hashExports } from "../../../src/component/interface-hash.js";
import { fidiusInterfaceHash } from "../../../src/fidius/interface-hash.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { readPackInput } from "../../../src/node/pack-input.js";
import { worldFromWit } from "../../../src/node/types/wit.js";
import { conformanceHash, conformanceInterface, conformanceSignatures, ledger } from "../../fixtures/bridge/conformance.js";
import { fixturePath, isExpected, witFolder } from "../../fixtures/index.js";
import { assembleBridgePlugins } from "../../support/pack-bridge.mjs";
import { type ConformanceInstance, conformanceInstances } from "./support/run-conformance.js";

const components = (["conformance-rust", "conformance-c", "conformance-js", "conformance-py"] as const).filter(isExpected);
const settings = { greeting: "Hello", marks: 1 };
const trap = expect.any(WebAssembly.RuntimeError);

const point = { x: -2147483648, y: 2147483647 };
const least = { unsigned8: 0, signed8: -128, unsigned16: 0, signed16: -32768, unsigned32: 0, signed32: -2147483648, unsigned64: 0n, signed64: -(2n ** 63n), float32: -0, float64: Number.MIN_VALUE, truth: false, letter: "\u0000" };
const most = { unsigned8: 255, signed8: 127, unsigned16: 65535, signed16: 32767, unsigned32: 4294967295, signed32: 2147483647, unsigned64: 2n ** 64n - 1n, signed64: 2n ** 63n - 1n, float32: Infinity, float64: NaN, truth: true, letter: "\u{10FFFF}" };
const lists = { bytes: Uint8Array.of(0, 255), words: ["", "grüße 🦊"], longs: BigUint64Array.of(0n, 2n ** 64n - 1n), nested: [Int16Array.of(-32768, 32767), new Int16Array()], floats: Float32Array.of(-0.5, NaN) };
const shapes = [{ tag: "empty" }, { tag: "circle", val: -0.5 }, { tag: "named", val: "ä" }, { tag: "at", val: point }];
const entries = [["", 0], ["a", 4294967295]];

const answers: readonly (readonly [name: string, values: readonly unknown[], answer: unknown])[] = [
  ["echoNumbers", [least], least],
  ["echoNumbers", [most], most],
  ["echoText", ["grüße 🦊\u0000"], "grüße 🦊\u0000"],
  ["echoLists", Object.values(lists), lists],
  ["echoOptions", ["", 4294967295, point], { text: "", number: 4294967295, point }],
  ["echoOptions", [undefined, undefined, undefined], { text: undefined, number: undefined, point: undefined }],
  ["echoShapes", [shapes], shapes],
  ["echoMap", [entries], entries],
  ["echoPair", [[-2147483648, "x"]], [-2147483648, "x"]],
  ["divide", [-7n, 2n], -3n],
  ["divide", [7n, -2n], -3n],
  ["divide", [-(2n ** 63n), -1n], -(2n ** 63n)],
  ["reverse", [Uint8Array.of(1, 2, 3)], Uint8Array.of(3, 2, 1)],
  ["nextState", [], 1],
  ["nextState", [], 2],
  ["greet", ["Ada"], "Hello, Ada!"],
  ["balance", ["ada"], -41n],
  ["fail", ["not at all"], undefined],
];

/** What was thrown, or the payload of the error that it is. */
function failureOf(work: () => unknown): unknown {
  try {
    return { answered: work() };
  } catch (error) {
    return typeof error === "object" && error !== null && "payload" in error ? error.payload : error;
  }
}

describe.each(components)("%s", (name) => {
  const bytes = new Uint8Array(readFileSync(fixturePath(name)));
  let unconfigured: () => Promise<ConformanceInstance>;
  const configured = async (given: object = settings): Promise<ConformanceInstance> => {
    const instance = await unconfigured();
    instance.configure(given);
    return instance;
  };

  beforeAll(async () => {
    unconfigured = await conformanceInstances(bytes);
  }, 120_000);

  it("has the world of the WIT, and may import WASI besides", async () => {
    const [found, wanted] = [decodeComponent(bytes), await worldFromWit({ path: witFolder("conformance") })];
    // componentize-py exports an interface of its own as well.
    expect(await hashExports(found, [conformanceInterface])).toBe(await hashExports(wanted));
    const imported = found.imports.interfaces.map((shape) => shape.name).filter((shape) => !shape.startsWith("wasi:"));
    expect(imported.sort()).toEqual(wanted.imports.interfaces.map((shape) => shape.name).sort());
  });

  it("says the hash of the Rust trait, before it is configured", async () => {
    expect((await unconfigured()).call("fidiusInterfaceHash")).toBe(conformanceHash);
  });

  it("answers", async () => {
    const plugin = await configured();
    for (const [called, values, answer] of answers) expect([called, plugin.call(called, ...values)]).toEqual([called, answer]);
    // StarlingMonkey leaves it out.
    expect(plugin.call("echoText", "\uFEFFmark")).toBe(name === "conformance-js" ? "mark" : "\uFEFFmark");
  });

  it("fails with fidius's typed error, and answers on", async () => {
    const plugin = await configured();
    expect(failureOf(() => plugin.call("divide", -5n, 0n))).toEqual({ code: "division-by-zero", message: "-5 / 0", details: '{"a":-5}' });
    expect(failureOf(() => plugin.call("balance", "bob"))).toEqual({ code: "no-account", message: "none of this name", details: '{"account":"bob"}' });
    expect(failureOf(() => plugin.call("balance", "closed"))).toMatchObject({ code: "host-call" });
    expect(plugin.call("nextState")).toBe(1);
  });

  it("gives streams, counts those that are dropped, and fails in the middle", async () => {
    const plugin = await configured();
    const stream = plugin.call("count", 2n ** 64n - 2n, undefined);
    expect([stream.next(), stream.next(), stream.next()]).toEqual([2n ** 64n - 2n, 2n ** 64n - 1n, 0n]);
    stream[Symbol.dispose]();
    // componentize-py never lets go of a resource that was dropped.
    expect(plugin.call("dropped")).toBe(name === "conformance-py" ? 0 : 1);
    const failing = plugin.call("count", 5n, 6n);
    expect(failing.next()).toBe(5n);
    // fidius's macros give a stream no way to answer with an error.
    expect(failureOf(() => failing.next())).toEqual(name === "conformance-rust" ? trap : { code: "stream-failed", message: "told to fail at 6", details: undefined });
  });

  it("takes streams, and no more of them than it needs", async () => {
    const plugin = await configured();
    plugin.give("u64", [1n, 2n, 2n ** 64n - 1n]);
    expect(plugin.call("sum", 10n)).toBe(20n);
    let taken = 0;
    plugin.give("string", (function* () {
      for (;;) yield `word ${++taken}`;
    })());
    const stream = plugin.call("shout");
    expect(taken).toBe(0);
    expect([stream.next(), stream.next(), taken]).toEqual(["WORD 1", "WORD 2", 2]);
    plugin.give("string", ["groß"]);
    // The one in C knows the letters of ASCII.
    expect(stream.next()).toBe(name === "conformance-c" ? "GROß" : "GROSS");
    expect(stream.next()).toBeUndefined();
  });

  it("is configured, and refuses what is no configuration", async () => {
    expect((await configured({ greeting: "Good evening", marks: 3, signature: "ö" })).call("greet", "Ada")).toBe("Good evening, Ada!!! — ö");
    const plain = await unconfigured();
    // fidius's macros have no configuration to fall back on.
    expect(failureOf(() => plain.call("greet", "Ada"))).toEqual(name === "conformance-rust" ? trap : { answered: "Hello, Ada!" });
    const refusing = await unconfigured();
    expect(failureOf(() => refusing.call("fidiusConfigure", Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 1)))).toEqual(trap);
  });

  it.each(["panic", "abort"])("ends in a trap by %s", async (how) => {
    const plugin = await configured();
    expect(failureOf(() => plugin.call("fail", how))).toEqual(trap);
  });

  it("exits only if it has an exit, which needs WASI", async () => {
    const plugin = await configured();
    expect(failureOf(() => plugin.call("fail", "exit"))).toEqual(name === "conformance-rust" ? trap : { answered: undefined });
  });
});

describe("the signatures in Rust", () => {
  it("give the hashes that all implementations carry", () => {
    expect(fidiusInterfaceHash(conformanceSignatures)).toBe(conformanceHash);
    expect(fidiusInterfaceHash(ledger.signatures)).toBe(ledger.hash);
  });
});

describe("the plugins of a bridge", () => {
  it("have the world and the hash that the components have", async () => {
    const folder = await mkdtemp(join(tmpdir(), "conformance-"));
    const wanted = await hashExports(await worldFromWit({ path: witFolder("conformance") }));
    for (const plugin of assembleBridgePlugins(folder)) {
      const { code } = await readPackInput(plugin.folder, undefined, DEFAULT_LIMITS);
      if (code.runtime === "wasm") throw new Error(`${plugin.name} is a component`);
      expect(await hashExports(code.world), plugin.name).toBe(wanted);
      expect(BigInt(`0x${code.code.interfaceHash}`), plugin.name).toBe(conformanceHash);
      expect(code.code.methods.map((method) => method.function.replaceAll("-", "_")), plugin.name).toEqual(conformanceSignatures.map((signature) => signature.name));
    }
    await rm(folder, { recursive: true });
  });

  it("are told by the Python module what package.toml says of it", async () => {
    const module = await readFile(new URL("../../fixtures/bridge/python/conformance/conformance_plugin.py", import.meta.url), "utf8");
    expect(BigInt(/^__interface_hash__ = (0x[0-9A-F]{16})$/m.exec(module)?.[1] ?? 0)).toBe(conformanceHash);
  });
});
