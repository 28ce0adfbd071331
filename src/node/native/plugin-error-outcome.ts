import { BincodeProblem, type BincodeType, casesOf } from "../../bincode/bincode-type.js";
import { decodeBincode } from "../../bincode/decode-bincode.js";
import { encodeBincode } from "../../bincode/encode-bincode.js";
import type { BridgeFunction } from "../../runtime/bridge/bridge-functions.js";
import type { ExecutorOutcome } from "../executor/executor.js";
import { PLUGIN_ERROR } from "./fidius-abi.js";
import { trap } from "./outcome.js";

/** fidius's `PluginError`: the one error that its methods can answer with. */
export interface NativePluginError {
  readonly code: string;
  readonly message: string;
  readonly details: string | undefined;
}

/** What a method fails with, from the bytes that it gave: none and wrong ones become what fidius makes of them. */
export function readPluginError(bytes: Uint8Array): NativePluginError {
  try {
    return decodeBincode(PLUGIN_ERROR, bytes, "its PluginError") as NativePluginError;
  } catch (error) {
    if (!(error instanceof BincodeProblem)) throw error;
    const message = bytes.length === 0 ? "it failed without saying why" : `it failed, and did not say why: ${error.message}`;
    return { code: "UNKNOWN", message, details: undefined };
  }
}

/** The error as the function's own `err`, if its type has room for it; otherwise it is a trap, with the error's words. */
export function pluginErrorOutcome(error: NativePluginError, { fallible, err }: BridgeFunction): ExecutorOutcome {
  if (!fallible) return trap(`it failed, which its type does not provide for: ${error.code}: ${error.message}`);
  const bytes = err === null ? new Uint8Array() : errBytes(err, error);
  return bytes === undefined ? trap(`it failed with what its error type does not provide for: ${error.code}: ${error.message}`) : { kind: "err", bytes };
}

function errBytes(type: BincodeType, error: NativePluginError): Uint8Array | undefined {
  if (type === "string") return encodeBincode(type, error.message);
  if (typeof type === "string") return undefined;
  if (type.kind === "record") return isPluginErrorType(type) ? encodeBincode(PLUGIN_ERROR, error) : undefined;
  if (type.kind !== "variant" && type.kind !== "enum") return undefined;
  const found = casesOf(type).find(({ name }) => name === kebabCase(error.code));
  if (found === undefined) return undefined;
  if (type.kind === "enum") return encodeBincode(type, found.name);
  if (found.type === null) return encodeBincode(type, { tag: found.name });
  const payload = errBytes(found.type, error);
  return payload === undefined ? undefined : Buffer.concat([encodeBincode("u32", type.cases.findIndex(({ name }) => name === found.name)), payload]);
}

function isPluginErrorType({ fields }: Extract<BincodeType, { kind: "record" }>): boolean {
  const [code, message, details, ...others] = fields;
  return code?.name === "code" && code.type === "string" && message?.name === "message" && message.type === "string" && others.length === 0
    && details?.name === "details" && typeof details.type === "object" && details.type.kind === "option" && details.type.value === "string";
}

/** `INVALID_INPUT`, `InvalidInput` and `invalid input` are all `invalid-input`. */
function kebabCase(code: string): string {
  return code.replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2").replaceAll(/[^A-Za-z0-9]+/g, "-").toLowerCase();
}
