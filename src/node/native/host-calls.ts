import { BincodeProblem } from "../../bincode/bincode-type.js";
import { decodeBincode } from "../../bincode/decode-bincode.js";
import { encodeBincode } from "../../bincode/encode-bincode.js";
import { fromUtf8 } from "../../bytes/utf8.js";
import type { BridgeFunction } from "../../runtime/bridge/bridge-functions.js";
import { encodeTarget, ORDER, REPORT } from "../executor/process-frames.js";
import type { FrameChannel } from "./frame-channel.js";

const OK = 0;
const FAILED = 2;

/** What a function of the app answered, or why it did not, which the plugin's call ends with. */
export type HostAnswer = { readonly value: unknown } | { readonly problem: string };

/** Calls of the plugin for functions of the app. Each has its answer before it returns, whatever else waits. */
export class HostCalls {
  readonly #channel: FrameChannel;
  readonly #imports: ReadonlyMap<string, BridgeFunction>;
  readonly #messageBytes: number;
  #last = 0;

  /** @param imports - what the plugin was granted, by target */
  constructor(channel: FrameChannel, imports: ReadonlyMap<string, BridgeFunction>, messageBytes: number) {
    this.#channel = channel;
    this.#imports = imports;
    this.#messageBytes = messageBytes;
  }

  isGranted(target: string): boolean {
    return this.#imports.has(target);
  }

  /** Asks the app, and waits. Frames of other kinds stay for later. */
  call(target: string, args: readonly unknown[]): HostAnswer {
    const type = this.#imports.get(target);
    if (type === undefined) return { problem: `it needs ${target}, which it was not granted` };
    const encoded = encodeBincode(type.arguments, args, "arguments");
    // The executor would end the process for it.
    if (encoded.length > this.#messageBytes) return { problem: `it calls ${target} with ${encoded.length} bytes of arguments, and at most ${this.#messageBytes} are allowed` };
    const id = this.#nextId();
    this.#channel.send(REPORT.hostCall, id, encodeTarget(target), encoded);
    const frame = this.#channel.receiveWhere(({ kind, id: answered }) => kind === ORDER.hostAnswer && answered === id);
    // Its plugin waits in a call that nobody wants any more, and cannot be left.
    if (frame === undefined) endAtOnce();
    return readAnswer(type, frame.payload[0], frame.payload.subarray(1));
  }

  #nextId(): number {
    this.#last = this.#last === 0xffff_ffff ? 1 : this.#last + 1;
    return this.#last;
  }
}

function readAnswer({ target, ok }: BridgeFunction, kind: number | undefined, body: Uint8Array): HostAnswer {
  if (kind === FAILED) return { problem: fromUtf8(body) ?? "it failed" };
  if (kind !== OK || ok === null) return { problem: `${target} answered in a way that its type does not provide for` };
  try {
    return { value: decodeBincode(ok, body, "the answer") };
  } catch (error) {
    if (error instanceof BincodeProblem) return { problem: `${target} answered wrongly: ${error.message}` };
    throw error;
  }
}

/** Not by `process.exit`, which waits for threads, and those wait for us. */
function endAtOnce(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("This process has ended");
}
