/** The world of test/fixtures/bridge/native/greeter, as an executor tells it to the process. */
import type { BincodeType } from "../../src/bincode/bincode-type.js";
import { encodeBincode } from "../../src/bincode/encode-bincode.js";
import type { StartMessage } from "../../src/node/executor/process-frames.js";
import { expect, onTestFinished } from "vitest";
import { caller, functionOf, type HostAnswer, NativeProcess, type NativeStartOptions } from "./native-process.js";

export const GREETER = "fidius:greeter/greeter@0.1.0";
export const PULL = "fidius:stream-pull/pull@0.1.0#next";
export const HOST_CALL = "fidius:host-call/host@0.1.0#call";

const bytes: BincodeType = { kind: "list", element: "u8" };
const option = (value: BincodeType): BincodeType => ({ kind: "option", value });
export const PLUGIN_ERROR: BincodeType = { kind: "record", fields: [{ name: "code", type: "string" }, { name: "message", type: "string" }, { name: "details", type: option("string") }] };
const failing = { err: PLUGIN_ERROR };
const of = (name: string, parameters: readonly BincodeType[], ok: BincodeType | null, failure?: { readonly err: BincodeType | null }) => functionOf(`${GREETER}#${name}`, parameters, ok, failure);

export const greeterMethods = [
  of("greet", ["string"], "string"),
  of("add", ["s64", "s64"], "s64", failing),
  of("reverse", [bytes], bytes),
  of("shrink", [bytes], bytes, failing),
  of("tick", ["u32"], "u32"),
  of("blocks", [{ kind: "list", element: "u32" }], "u32"),
  of("sum", ["u64"], "u64"),
  of("shout", [], "u32"),
  of("sum-in-thread", [], "u64"),
  of("dropped", [], "u32"),
  of("balance", ["string"], "s64", failing),
  of("note", [{ kind: "list", element: "string" }], "string"),
  of("balances-in-threads", [{ kind: "list", element: "string" }], { kind: "list", element: "s64" }, failing),
  of("balance-later", ["string"], null),
  of("later", [], "string"),
  of("fail", ["string"], null),
  of("refuse", ["string"], null, failing),
  of("count", [], "u32"),
] as const;

export const greeterFunctions = [
  ...greeterMethods,
  of("[method]tick-stream.next", ["u32"], option("u32"), failing),
  of("[method]blocks-stream.next", ["u32"], option(bytes), failing),
  of("[method]shout-stream.next", ["u32"], option("string"), failing),
  of("fidius-interface-hash", [], "u64"),
  of("fidius-configure", [bytes], null),
];

const raw = new Set(["reverse", "shrink"]);
const taking = new Set(["sum", "shout", "sum-in-thread"]);
const producing = new Set(["tick", "blocks", "shout"]);

const methods: StartMessage["methods"] = greeterMethods.map(({ target }) => {
  const name = target.slice(GREETER.length + 1);
  return { function: name, raw: raw.has(name), takesStream: taking.has(name), ...(producing.has(name) ? { produces: `${name}-stream` } : {}) };
});

export const pullImport = functionOf(PULL, [], option(bytes));
export const hostCallImport = functionOf(HOST_CALL, ["string", "u32", "u64", "u32", bytes], { kind: "tuple", items: ["s32", bytes] });

/** The hash is fidius's own, which its macros wrote into the library. */
export const GREETER_HASH = "c915fd66db316d13";

export function greeterStart(more: Partial<NativeStartOptions> = {}): NativeStartOptions {
  return { library: "greeter", interfaceHash: GREETER_HASH, interfaceName: GREETER, methods, exports: greeterFunctions, ...more };
}

const SETTINGS: BincodeType = {
  kind: "record",
  fields: [
    { name: "greeting", type: "string" },
    { name: "tone", type: { kind: "variant", cases: [{ name: "plain", type: null }, { name: "loud", type: { kind: "record", fields: [{ name: "marks", type: "u8" }] } }] } },
    { name: "signature", type: option("string") },
    { name: "limits", type: { kind: "list", element: "s64" } },
  ],
};

/** What `fidius-configure` is given. */
export const settings = encodeBincode(SETTINGS, { greeting: "Hello", tone: { tag: "loud", val: { marks: 2 } }, signature: "the fixture", limits: [1n, -2n] });

/** Answers pulls with the items, one after the other. */
export function pulling(type: BincodeType, items: Iterable<unknown>): () => HostAnswer {
  const iterator = items[Symbol.iterator]();
  return () => {
    const next = iterator.next();
    return { kind: "ok", bytes: encodeBincode(option(bytes), next.done === true ? undefined : encodeBincode(type, next.value)) };
  };
}

/** Started and, if there is a configuration, configured. The process ends with the test. */
export async function startGreeter(more: Partial<NativeStartOptions> = {}, config: Uint8Array | null = settings) {
  const { process, started } = await NativeProcess.start(greeterStart(more));
  onTestFinished(async () => void (await process.end()));
  const call = caller(process, greeterFunctions);
  if (config !== null) expect(await call("fidius-configure", config)).toEqual({ kind: "ok", value: undefined });
  return { process, started, call };
}
