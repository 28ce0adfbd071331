import { toUtf8 } from "../../bytes/utf8.js";
import type { BridgeFunction } from "../../runtime/bridge/bridge-functions.js";
import type { ExecutorHostAnswer } from "./executor.js";
import { decodeTarget, type ProcessFrame } from "./process-frames.js";

const [OK, ERR, FAILED] = [0, 1, 2];

export interface HostCall {
  readonly target: string;
  readonly args: Uint8Array;
}

/** The calls of the app's functions that one process has made and that have no answer yet. */
export class HostCalls {
  readonly #imports: ReadonlyMap<string, BridgeFunction>;
  readonly #most: number;
  readonly #messageBytes: number;
  readonly #open = new Set<number>();

  constructor(imports: ReadonlyMap<string, BridgeFunction>, most: number, messageBytes: number) {
    this.#imports = imports;
    this.#most = most;
    this.#messageBytes = messageBytes;
  }

  /** @returns what the process did wrong instead, as a text: our runners do nothing of it. */
  accept({ id, payload }: ProcessFrame): HostCall | string {
    const call = decodeTarget(payload);
    if (call === undefined) return "sent a host call without a target";
    if (!this.#imports.has(call.target)) return `called ${JSON.stringify(call.target)}, which it does not import or was not granted`;
    if (call.rest.length > this.#messageBytes) return `called ${call.target} with ${call.rest.length} bytes, and at most ${this.#messageBytes} are allowed`;
    if (this.#open.has(id)) return `made two host calls with the number ${id}`;
    if (this.#open.size >= this.#most) return `made more than ${this.#most} host calls at a time`;
    this.#open.add(id);
    return { target: call.target, args: call.rest };
  }

  /** The answer's parts for the process; `undefined` if it waits for none of that number. */
  settle(id: number, answer: ExecutorHostAnswer): readonly Uint8Array[] | undefined {
    if (!this.#open.delete(id)) return undefined;
    const failed = (message: string): readonly Uint8Array[] => [Uint8Array.of(FAILED), toUtf8(message)];
    if (answer.kind === "failed") return failed(answer.message);
    if (answer.kind === "denied") return failed(`${answer.import} was denied: it needs ${answer.authority}`);
    if (answer.bytes.length > this.#messageBytes) return failed(`the answer has ${answer.bytes.length} bytes, and at most ${this.#messageBytes} are allowed`);
    return [Uint8Array.of(answer.kind === "ok" ? OK : ERR), answer.bytes];
  }
}
