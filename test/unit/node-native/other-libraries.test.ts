import { describe, expect, onTestFinished, test } from "vitest";
import type { BincodeType } from "../../../src/bincode/bincode-type.js";
import type { BridgeFunction } from "../../../src/runtime/bridge/bridge-functions.js";
import { PLUGIN_ERROR } from "../../support/native-greeter.js";
import { caller, functionOf, hasLibrary, NativeProcess, type NativeStartOptions } from "../../support/native-process.js";

const bytes: BincodeType = { kind: "list", element: "u8" };
const API = "acme:native/api@1.0.0";
const of = (name: string, parameters: readonly BincodeType[], ok: BincodeType | null, failure?: { readonly err: BincodeType | null }) => functionOf(`${API}#${name}`, parameters, ok, failure);

async function start(library: string, interfaceHash: string, functions: readonly BridgeFunction[], methods: NativeStartOptions["methods"]) {
  const { process, started } = await NativeProcess.start({ library, interfaceHash, interfaceName: API, exports: functions, ...(methods === undefined ? {} : { methods }) });
  onTestFinished(async () => void (await process.end()));
  return { started, call: caller(process, functions) };
}

describe.skipIf(!hasLibrary("arena"))("a library that writes into an arena", () => {
  const ODD: BincodeType = { kind: "variant", cases: [{ name: "too-large", type: null }, { name: "odd-number", type: "string" }] };
  const functions = [
    of("repeat", ["string", "u32"], "string"), of("halve", ["u32"], "u32", { err: ODD }), of("double", [bytes], bytes), of("nothing", [], null), of("fail", [], null),
  ];
  const methods = ["repeat", "halve", "double", "nothing", "fail"].map((name) => ({ function: name, raw: name === "double", takesStream: false }));
  const startArena = async () => start("arena", "5ca9cda9459d7758", functions, methods);

  test("is found beside another plugin, and answers", async () => {
    const { call, started } = await startArena();
    expect(started).toEqual({ runtime: "fidius ABI 500", metadata: { trait: {}, methods: {} } });
    expect(await call("repeat", "ab", 3)).toEqual({ kind: "ok", value: "ababab" });
    expect(await call("nothing")).toEqual({ kind: "ok", value: undefined });
    expect(await call("double", new Uint8Array([1, 2]))).toEqual({ kind: "ok", value: new Uint8Array([1, 2, 1, 2]) });
  });

  test("gets a larger arena when it wants one, up to the bound", async () => {
    const { call } = await startArena();
    expect(await call("repeat", "ab", 300_000)).toEqual({ kind: "ok", value: "ab".repeat(300_000) });
    expect(await call("repeat", "ab", 3)).toEqual({ kind: "ok", value: "ababab" });
    expect(await call("repeat", "ab", 600_000)).toEqual({ kind: "trap", value: "it wants 1200008 bytes for its answer, and at most 1048576 are allowed" });
  });

  test("has errors, which become the case of their code, and panics without a text", async () => {
    const { call } = await startArena();
    expect(await call("halve", 8)).toEqual({ kind: "ok", value: 4 });
    expect(await call("halve", 7)).toEqual({ kind: "err", value: { tag: "odd-number", val: "7 is odd" } });
    expect(await call("fail")).toEqual({ kind: "trap", value: "it panicked" });
  });

  test("needs no configuration, and does not mind one", async () => {
    const { call } = await start("arena", "5ca9cda9459d7758", [...functions, of("fidius-configure", [bytes], null)], methods);
    expect(await call("fidius-configure", new Uint8Array([1, 2, 3]))).toEqual({ kind: "ok", value: undefined });
    expect(await call("repeat", "ab", 1)).toEqual({ kind: "ok", value: "ab" });
  });
});

describe.skipIf(!hasLibrary("optional"))("optional methods", () => {
  const functions = [of("read", ["string"], "string"), of("remove", ["string"], "bool", { err: PLUGIN_ERROR }), of("size", [], "u64")];
  const plain = { raw: false, takesStream: false };
  const methods = [{ function: "read", ...plain }, { function: "remove", ...plain, optionalBit: 0 }, { function: "size", ...plain, optionalBit: 1 }];

  test("are there", async () => {
    const { call } = await start("optional-later", "5e9d054c72227a8e", functions, methods);
    expect(await call("remove", "a")).toEqual({ kind: "ok", value: true });
    expect(await call("remove", "")).toMatchObject({ kind: "err", value: { code: "no-key" } });
    expect(await call("size")).toEqual({ kind: "ok", value: 42n });
  });

  test("are not there, in a library that was built before them", async () => {
    const { call } = await start("optional", "5e9d054c72227a8e", functions, methods);
    expect(await call("read", "a")).toEqual({ kind: "ok", value: "the value of a" });
    expect(await call("remove", "a")).toMatchObject({ kind: "err", value: { code: "not-implemented" } });
    expect(await call("size")).toMatchObject({ kind: "trap", value: expect.stringContaining("not-implemented") as unknown });
  });

  test("attack: a method that is not optional, or that the library says to have, must be there", async () => {
    const required = methods.map(({ function: name }) => ({ function: name, ...plain }));
    await expect(start("optional", "5e9d054c72227a8e", functions, required)).rejects.toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("its method_count is 1, and its method remove (place 1) is not optional") as unknown });
  });

  test("attack: a library with more methods than are described does not start: their places are not known", async () => {
    await expect(start("optional-later", "5e9d054c72227a8e", functions, methods.slice(0, 2))).rejects.toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("its method_count is 3, and the manifest describes 2 methods") as unknown });
  });
});
