import { checkBincode } from "../../bincode/check-bincode.js";
import type { BridgeFunction } from "../../runtime/bridge/bridge-functions.js";
import type { ExecutorOutcome } from "../executor/executor.js";
import { SIGNATURES, STATUS, STREAM } from "./fidius-abi.js";
import type { ForeignFunction, ForeignFunctions } from "./foreign-functions.js";
import type { ForeignMemory } from "./foreign-memory.js";
import { LibraryFault } from "./library-fault.js";
import type { LibraryCaller } from "./library-caller.js";
import { ok } from "./outcome.js";
import { pluginErrorOutcome, readPluginError } from "./plugin-error-outcome.js";
import { statusTrap } from "./status-trap.js";

/** Each is memory of the plugin's. An app that opens so many has a fault. */
const OPEN_STREAMS = 4096;
const END = new Uint8Array([0]);
const ITEM = new Uint8Array([1]);

interface ProducedStream {
  readonly resource: string;
  readonly address: bigint;
  readonly next: ForeignFunction;
  readonly drop: ForeignFunction;
  /** After its end or an error there is nothing more, and fidius does not ask again. */
  ended: boolean;
}

/** Streams that methods answered with, under numbers that are never used again. */
export class ProducedStreams {
  readonly #functions: ForeignFunctions;
  readonly #memory: ForeignMemory;
  readonly #caller: LibraryCaller;
  readonly #streams = new Map<number, ProducedStream>();
  #last = 0;

  constructor(functions: ForeignFunctions, memory: ForeignMemory, caller: LibraryCaller) {
    this.#functions = functions;
    this.#memory = memory;
    this.#caller = caller;
  }

  /**
   * @param address - of the `FidiusStreamHandle`
   * @returns its number, as bincode
   * @throws {LibraryFault}
   */
  keep(resource: string, address: bigint): Uint8Array {
    if (this.#streams.size >= OPEN_STREAMS) throw new LibraryFault(`${OPEN_STREAMS} of its streams are open, which are the most`);
    const handle = this.#memory.view(address, STREAM.bytes, "the stream that it answered with");
    const next = this.#memory.code(handle.getBigUint64(STREAM.nextAt, true), "next of the stream that it answered with");
    const drop = this.#memory.code(handle.getBigUint64(STREAM.dropAt, true), "drop_fn of the stream that it answered with");
    const number = ++this.#last;
    this.#streams.set(number, { resource, address, next: this.#functions.at(next, SIGNATURES.next), drop: this.#functions.at(drop, SIGNATURES.drop), ended: false });
    return new Uint8Array(new Uint32Array([number]).buffer);
  }

  /**
   * The next item.
   *
   * @throws {LibraryFault}
   */
  async step(resource: string, number: number, type: BridgeFunction): Promise<ExecutorOutcome> {
    const stream = this.#streams.get(number);
    if (stream?.resource !== resource) return invalid(number);
    if (stream.ended) return ok(END);
    const { status, output } = await this.#caller.next(stream.next, stream.address);
    stream.ended = status !== STATUS.ok;
    if (status === STATUS.pluginError) return pluginErrorOutcome(readPluginError(output()), type);
    if (status === STATUS.streamEnd) return ok(END);
    if (status !== STATUS.ok) return statusTrap(status, undefined);
    const answer = Buffer.concat([ITEM, output()]);
    if (type.ok !== null) checkBincode(type.ok, answer, "the item");
    return ok(answer);
  }

  /** Drops a stream, once. */
  async drop(number: number): Promise<ExecutorOutcome> {
    const stream = this.#streams.get(number);
    if (stream === undefined) return invalid(number);
    this.#streams.delete(number);
    await this.#caller.call(stream.drop, stream.address);
    return ok();
  }

  async dropAll(): Promise<void> {
    for (const number of this.#streams.keys()) await this.drop(number);
  }
}

function invalid(number: number): ExecutorOutcome {
  return { kind: "resource-invalid", message: `there is no stream ${number}: it was dropped, or never given` };
}

