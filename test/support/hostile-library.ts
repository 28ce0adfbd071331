/** The libraries of test/fixtures/bridge/hostile: each is wrong in one thing. */
import { onTestFinished } from "vitest";
import type { BincodeType } from "../../src/bincode/bincode-type.js";
import { encodeBincode } from "../../src/bincode/encode-bincode.js";
import type { StartMessage } from "../../src/node/executor/process-frames.js";
import { HOST_CALL, hostCallImport, PLUGIN_ERROR, pullImport } from "./native-greeter.js";
import { caller, functionOf, hasLibrary, type HostAnswer, NativeProcess, type NativeStartOptions, startMessage } from "./native-process.js";

const API = "acme:hostile/api@1.0.0";
const bytes: BincodeType = { kind: "list", element: "u8" };
const functions = [
  functionOf(`${API}#call`, [bytes], bytes, { err: PLUGIN_ERROR }),
  functionOf(`${API}#open`, [], "u32"),
  functionOf(`${API}#ask`, [], "s32"),
  functionOf(`${API}#take`, [], "s32"),
  functionOf(`${API}#[method]items.next`, ["u32"], { kind: "option", value: "u32" }),
];
const plain = { raw: false, takesStream: false };
const methods: StartMessage["methods"] = [
  { function: "call", ...plain }, { function: "open", ...plain, produces: "items" }, { function: "ask", ...plain }, { function: "take", ...plain, takesStream: true },
];
/** Arenas have no streams. */
export const arenaMethods: StartMessage["methods"] = methods.map((method) => ({ function: method.function, ...plain }));

export const hasHostileLibraries = hasLibrary("hostile-good");

/** Answers a host call with `hello`, an item of a stream with five bytes that begin with 10. */
export function hostileAnswer(target: string): HostAnswer {
  const value = target === HOST_CALL ? ([0, new TextEncoder().encode("hello")] as const) : new Uint8Array([10, 0, 0, 0, 0]);
  return { kind: "ok", bytes: encodeBincode((target === HOST_CALL ? hostCallImport : pullImport).ok ?? "u8", value) };
}

export function hostileStart(name: string, more: Partial<StartMessage> = {}): StartMessage {
  return startMessage(`hostile-${name}`, { interfaceHash: "1122334455667788", interfaceName: API, methods, exports: functions, imports: [hostCallImport, pullImport], ...more });
}

/** @returns what calls its functions. The process ends with the test. */
export async function startHostile(name: string, { onHostCall = hostileAnswer, ...more }: Partial<NativeStartOptions> = {}): Promise<ReturnType<typeof caller>> {
  const { process } = await NativeProcess.start({ ...hostileStart(name, more), library: `hostile-${name}`, onHostCall });
  onTestFinished(async () => void (await process.end()));
  return caller(process, functions);
}
