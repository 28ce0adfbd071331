import { type BincodeType } from "../bincode/bincode-type.js";
import { decodeBincode } from "../bincode/decode-bincode.js";
import { encodeBincode } from "../bincode/encode-bincode.js";
import { defineHostInterface, type HostCaller, type HostInterface } from "../capability/host-interface.js";
import { hostInterface } from "../capability/implement-interface.js";
import type { World } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";

/** The interface through which components of fidius call their host. */
export const HOST_CALL = "fidius:host-call/host@0.1.0";

const WORLD: World = {
  types: [{ kind: "list", element: "u8" }, { kind: "tuple", items: ["s32", 0] }],
  imports: {
    interfaces: [{
      name: HOST_CALL,
      functions: [{
        name: "call",
        type: {
          async: false,
          parameters: [
            { name: "interface-name", type: "string" }, { name: "expected-version", type: "u32" }, { name: "expected-hash", type: "u64" },
            { name: "index", type: "u32" }, { name: "args", type: 0 },
          ],
          result: 1,
        },
      }],
      resources: [],
    }],
    functions: [],
  },
  exports: { interfaces: [], functions: [] },
};

/** A function of the app, in the place that it has in the Rust trait. */
export type FidiusHostMethod =
  | {
    /** For messages. */
    readonly name: string;
    readonly parameters: readonly BincodeType[];
    /** What it answers; for a `Result` the type of its success, with a {@link FidiusError} thrown for the error. */
    readonly result: BincodeType | null;
    /** Called with the arguments, and last with who calls. */
    readonly call: (...values: never[]) => unknown;
  }
  | {
    readonly name: string;
    /** Takes the bincode of the arguments' tuple, and answers with the bincode of the result. */
    readonly encoded: (args: Uint8Array, caller: HostCaller) => Uint8Array | Promise<Uint8Array>;
  };

/** An interface of the app that was declared with fidius's `#[host_interface]`. */
export interface FidiusHostInterface {
  /** The Rust trait's name. */
  readonly name: string;
  readonly version: number;
  /** As `fidiusInterfaceHash` or the macro's constant has it. */
  readonly hash: bigint;
  /** What it lets a plugin do, in the words of a permission prompt. */
  readonly documentation: string;
  /** In the order of the trait. */
  readonly methods: readonly FidiusHostMethod[];
}

/** The `PluginError` of a fidius host function: thrown by its implementation. */
export class FidiusError extends Error {
  readonly code: string;
  /** JSON, by fidius's convention. */
  readonly details: string | undefined;

  constructor(code: string, message: string, details?: string) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** fidius's `PluginError`. */
export const FIDIUS_ERROR_TYPE: BincodeType = {
  kind: "record",
  fields: [{ name: "code", type: "string" }, { name: "message", type: "string" }, { name: "details", type: { kind: "option", value: "string" } }],
};

// fidius's status codes, and its index for a question whether an interface is there.
const STATUS = { ok: 0, serialization: -2, pluginError: -3, panic: -4, invalidIndex: -6, notBound: -7, versionMismatch: -8, hashMismatch: -9 } as const;
const PROBE = 0xffff_ffff;

type Answer = readonly [status: number, payload: Uint8Array];

/**
 * The carrier of fidius's host functions: name, version and hash are checked at every call, as fidius does, after the grant was.
 *
 * @param report - told what the app's own functions did wrong. The plugin learns only that they failed.
 * @throws {PluginError} `usage-invalid` for two interfaces of one name.
 */
export function hostCallCarrier(interfaces: readonly FidiusHostInterface[], report: (functionName: string, error: unknown) => void): HostInterface {
  const byName = new Map(interfaces.map((offered) => [offered.name, offered]));
  if (byName.size !== interfaces.length) {
    throw new PluginError({ code: "usage-invalid", stage: "configure", message: "Cannot offer fidius host interfaces: two have the same name" });
  }
  const call = async (name: string, version: number, hash: bigint, index: number, args: Uint8Array, caller: HostCaller): Promise<Answer> => {
    const offered = byName.get(name);
    if (offered === undefined) return [STATUS.notBound, new Uint8Array()];
    if (offered.version !== version) return [STATUS.versionMismatch, encodeBincode({ kind: "tuple", items: ["u32", "u32"] }, [version, offered.version])];
    if (offered.hash !== hash) return [STATUS.hashMismatch, encodeBincode({ kind: "tuple", items: ["u64", "u64"] }, [hash, offered.hash])];
    if (index === PROBE) return [STATUS.ok, new Uint8Array()];
    const method = offered.methods[index];
    return method === undefined ? [STATUS.invalidIndex, new Uint8Array()] : perform(method, args, caller, (error) => report(`${name}.${method.name}`, error));
  };
  const documentation = interfaces.length === 0 ? "Ask the app for functions, of which it offers none" : interfaces.map(({ name, documentation: text }) => `${name}: ${text}`).join("; ");
  return hostInterface(defineHostInterface<{ call: (name: string, version: number, hash: bigint, index: number, args: Uint8Array) => Answer }>({ name: HOST_CALL, world: WORLD }), { call }, { documentation });
}

async function perform(method: FidiusHostMethod, args: Uint8Array, caller: HostCaller, report: (error: unknown) => void): Promise<Answer> {
  const decoded = "encoded" in method ? undefined : attempt(() => decodeBincode({ kind: "tuple", items: method.parameters }, args, "args") as readonly unknown[]);
  if (decoded !== undefined && "problem" in decoded) return [STATUS.serialization, new Uint8Array()];
  let answer: unknown;
  try {
    answer = "encoded" in method
      ? await method.encoded(args, caller)
      : await (Reflect.apply(method.call, undefined, [...(decoded?.value ?? []), caller]) as unknown);
  } catch (error) {
    if (error instanceof FidiusError) return refused(error, report);
    report(error);
    return [STATUS.panic, encodeBincode("string", "it failed in the app")];
  }
  if ("encoded" in method) {
    if (answer instanceof Uint8Array) return [STATUS.ok, answer];
    report(new TypeError(`${method.name} did not answer with bytes`));
    return [STATUS.serialization, new Uint8Array()];
  }
  const { result } = method;
  const encoded = attempt(() => (result === null ? new Uint8Array() : encodeBincode(result, answer, `the result of ${method.name}`)));
  if ("value" in encoded) return [STATUS.ok, encoded.value];
  report(encoded.problem);
  return [STATUS.serialization, new Uint8Array()];
}

function refused({ code, message, details }: FidiusError, report: (error: unknown) => void): Answer {
  const encoded = attempt(() => encodeBincode(FIDIUS_ERROR_TYPE, { code, message, details }, "the error"));
  if ("value" in encoded) return [STATUS.pluginError, encoded.value];
  report(encoded.problem);
  return [STATUS.serialization, new Uint8Array()];
}

function attempt<Value>(work: () => Value): { readonly value: Value } | { readonly problem: unknown } {
  try {
    return { value: work() };
  } catch (problem) {
    return { problem };
  }
}
