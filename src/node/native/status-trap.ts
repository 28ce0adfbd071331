import { BincodeProblem } from "../../bincode/bincode-type.js";
import { decodeBincode } from "../../bincode/decode-bincode.js";
import type { ExecutorOutcome } from "../executor/executor.js";
import { STATUS } from "./fidius-abi.js";
import { trap } from "./outcome.js";

const MEANINGS: ReadonlyMap<number, string> = new Map([
  [STATUS.tooSmall, "it wants more room again than it asked for before (status -1)"],
  [STATUS.serialization, "it could not read its arguments, or not write its answer (status -2)"],
  [STATUS.streamEnd, "it answered with the end of a stream, and is none (status -5)"],
  [STATUS.invalidIndex, "it says that it has no such function (status -6)"],
]);

/**
 * What a status means that is neither an answer nor an error of the plugin's.
 *
 * @param output - for a panic: bincode of its text, which not every kind of method can give
 */
export function statusTrap(status: number, output: Uint8Array | undefined): ExecutorOutcome {
  if (status === STATUS.panic) return trap(`it panicked${panicText(output)}`);
  return trap(MEANINGS.get(status) ?? `it answered with the unknown status ${status}`);
}

function panicText(output: Uint8Array | undefined): string {
  if (output === undefined || output.length === 0) return "";
  try {
    return `: ${String(decodeBincode("string", output))}`;
  } catch (error) {
    if (error instanceof BincodeProblem) return ", and did not say why";
    throw error;
  }
}
