import { setFlagsFromString } from "node:v8";
import { $init, generate } from "@bytecodealliance/jco-transpile/component";
import type { BincodeType } from "../../../../src/bincode/bincode-type.js";
import { decodeBincode } from "../../../../src/bincode/decode-bincode.js";
import { encodeBincode } from "../../../../src/bincode/encode-bincode.js";
import { decodeComponent } from "../../../../src/component/decode-component.js";
import { FIDIUS_ERROR_TYPE } from "../../../../src/fidius/host-call.js";
import { createImportTable } from "../../../../src/wasi/import-table.js";
import { conformanceInterface, ledger, settingsType } from "../../../fixtures/bridge/conformance.js";
import { testGuest } from "../../wasi/denied-guest.js";
import { TEXT_DECODER } from "./glue.js";

type Functions = Readonly<Record<string, (...values: unknown[]) => unknown>>;

/** An instance of fidius:conformance, with a host that knows one account. */
export interface ConformanceInstance {
  /** @throws what the glue throws: an error with a `payload`, or a trap. */
  readonly call: (name: string, ...values: unknown[]) => any;
  readonly configure: (settings: unknown) => void;
  /** Gives the next input. */
  readonly give: (type: BincodeType, items: Iterable<unknown>) => void;
}

/** Transpiles the component once. What it answers makes a fresh instance each time. */
export async function conformanceInstances(bytes: Uint8Array): Promise<() => Promise<ConformanceInstance>> {
  // Node 20 knows extended constant expressions, which the one in Python has, only with it.
  setFlagsFromString("--experimental-wasm-extended-const");
  await $init;
  const world = decodeComponent(bytes);
  const names = world.imports.interfaces.map(({ name }): [string, string] => [name, name]);
  const { files } = generate(bytes, { name: "plugin", instantiation: { tag: "async" }, map: names, noTypescript: true, noNodejsCompat: true, base64Cutoff: 0, strict: true });
  const contents = new Map(files);
  const glue = TEXT_DECODER + new TextDecoder().decode(contents.get("plugin.js"));
  const module: unknown = await import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(glue).toString("base64")}`);
  const { instantiate } = module as { instantiate: (coreModule: (name: string) => WebAssembly.Module | undefined, imports: object) => Promise<Record<string, Functions>> };
  const modules = new Map(files.filter(([name]) => name.endsWith(".wasm")).map(([name, code]) => [name, new WebAssembly.Module(code as Uint8Array<ArrayBuffer>)]));
  return async () => {
    let input: Iterator<Uint8Array> = [][Symbol.iterator]();
    const exported = await instantiate((name) => modules.get(name), {
      ...createImportTable(world, new Map(), testGuest().context, []),
      "fidius:host-call/host@0.1.0": { call: callLedger },
      "fidius:stream-pull/pull@0.1.0": { next: () => input.next().value },
    });
    const call = (name: string, ...values: unknown[]): unknown => exported[conformanceInterface]?.[name]?.(...values);
    return {
      call,
      configure: (settings) => void call("fidiusConfigure", encodeBincode(settingsType, settings, "settings")),
      give: (type, items) => (input = encoded(type, items)),
    };
  };
}

function* encoded(type: BincodeType, items: Iterable<unknown>): Generator<Uint8Array, void> {
  for (const item of items) yield encodeBincode(type, item, "the item");
}

function callLedger(name: string, version: number, hash: bigint, index: number, args: Uint8Array): [status: number, payload: Uint8Array] {
  if (name !== ledger.name || version !== ledger.version || hash !== ledger.hash) return [-7, new Uint8Array()];
  // Whether it is there.
  if (index === 0xffff_ffff) return [0, new Uint8Array()];
  const [account] = decodeBincode({ kind: "tuple", items: ["string"] }, args, "args") as readonly string[];
  if (account === "ada") return [0, encodeBincode("s64", -41n, "the balance")];
  if (account === "closed") return [-6, new Uint8Array()];
  return [-3, encodeBincode(FIDIUS_ERROR_TYPE, { code: "no-account", message: "none of this name", details: `{"account":"${account}"}` }, "the error")];
}
