import { SIGNATURES, STATUS, STREAM } from "./fidius-abi.js";
import type { ForeignFunctions, ForeignNumber } from "./foreign-functions.js";
import type { ForeignMemory } from "./foreign-memory.js";
import type { HostCalls } from "./host-calls.js";
import { LibraryFault } from "./library-fault.js";
import { type CallbackFailure, trap } from "./outcome.js";

export const STREAM_PULL = "fidius:stream-pull/pull@0.1.0#next";

/** A plugin drops what it consumed. More than so many at once are a leak, or an attack on memory that no bound of the plugin's counts. */
const OPEN_STREAMS = 4096;

interface ConsumedStream {
  /** An item that did not fit into the plugin's buffer. */
  pending: Uint8Array | undefined;
  ended: boolean;
}

/** Streams that plugins are given: each is a `FidiusStreamHandle` whose functions are ours, and whose items come from the app one by one. */
export class ConsumedStreams {
  readonly #functions: ForeignFunctions;
  readonly #memory: ForeignMemory;
  readonly #host: HostCalls;
  readonly #failure: CallbackFailure;
  readonly #streams = new Map<bigint, ConsumedStream>();
  /** Those that were dropped: they are given again, and never freed, so that a plugin which goes on with one finds ours, and not what came after it. */
  readonly #dropped: bigint[] = [];
  readonly #next: bigint;
  readonly #drop: bigint;

  constructor(functions: ForeignFunctions, memory: ForeignMemory, host: HostCalls, failure: CallbackFailure) {
    this.#functions = functions;
    this.#memory = memory;
    this.#host = host;
    this.#failure = failure;
    this.#next = functions.callback(SIGNATURES.next, (handle, buffer, capacity, length) => this.#give(handle, buffer, capacity, length));
    this.#drop = functions.callback(SIGNATURES.drop, (handle) => this.#end(handle));
  }

  /**
   * The address of a new stream. It is the plugin's until it drops it.
   *
   * @throws {LibraryFault}
   */
  open(): bigint {
    if (this.#streams.size >= OPEN_STREAMS) throw new LibraryFault(`it keeps ${OPEN_STREAMS} streams that it was given, and drops none`);
    const address = this.#dropped.pop() ?? this.#newHandle();
    this.#streams.set(address, { pending: undefined, ended: false });
    return address;
  }

  #newHandle(): bigint {
    const address = this.#functions.allocate(STREAM.bytes);
    const handle = new DataView(new ArrayBuffer(STREAM.bytes));
    handle.setBigUint64(STREAM.nextAt, this.#next, true);
    handle.setBigUint64(STREAM.dropAt, this.#drop, true);
    this.#functions.copy.to(address, new Uint8Array(handle.buffer));
    return address;
  }

  #give(handle: ForeignNumber = 0, buffer: ForeignNumber = 0, capacity: ForeignNumber = 0, length: ForeignNumber = 0): number {
    try {
      return this.#giveTo(this.#streams.get(BigInt(handle)), BigInt(buffer), Number(capacity), BigInt(length));
    } catch (error) {
      this.#failure.record(trap(`it asked wrongly for an item: ${error instanceof Error ? error.message : String(error)}`));
      return STATUS.serialization;
    }
  }

  #giveTo(stream: ConsumedStream | undefined, buffer: bigint, capacity: number, length: bigint): number {
    if (stream === undefined) throw new LibraryFault("of a stream that it was not given, or has dropped");
    const item = stream.pending ?? this.#pull(stream);
    if (item === undefined) return STATUS.streamEnd;
    this.#memory.write(length, new Uint8Array(new Uint32Array([item.length]).buffer), "out_len", 4);
    stream.pending = item.length > capacity ? item : undefined;
    if (stream.pending !== undefined) return STATUS.tooSmall;
    if (item.length > 0) this.#memory.write(buffer, item, "the buffer");
    return STATUS.ok;
  }

  #pull(stream: ConsumedStream): Uint8Array | undefined {
    if (stream.ended) return undefined;
    const answer = this.#host.call(STREAM_PULL, []);
    if ("value" in answer && answer.value instanceof Uint8Array) return answer.value;
    stream.ended = true;
    if ("problem" in answer) this.#failure.record({ kind: "host-failed", message: answer.problem });
    return undefined;
  }

  #end(handle: ForeignNumber = 0): undefined {
    const address = BigInt(handle);
    if (this.#streams.delete(address)) this.#dropped.push(address);
  }
}
