import { STATUS } from "./fidius-abi.js";
import type { ForeignFunction, ForeignFunctions, ForeignNumber } from "./foreign-functions.js";
import type { ForeignMemory } from "./foreign-memory.js";
import { LibraryFault } from "./library-fault.js";
import { NativeBlock } from "./native-block.js";

/** What a call gave. */
export interface CallResult {
  readonly status: number;
  /** A copy of what it wrote, which is freed where that is the host's duty. To be called once. */
  readonly output: () => Uint8Array;
  /** Of a method that answers with a stream: where it is. */
  readonly address: bigint;
}

interface CallerOptions {
  readonly functions: ForeignFunctions;
  readonly memory: ForeignMemory;
  readonly isArena: boolean;
  /** Frees what a method wrote, where it makes room itself. */
  readonly freeBuffer: ForeignFunction | undefined;
  readonly messageBytes: number;
  /** Calls are made on another thread, so that the library's own threads can call back meanwhile. It costs more. */
  readonly inThread: boolean;
}

/** First the address or the offset of the output, then its length. */
const OUTPUT_BYTES = 16;
const LENGTH_AT = 8;

/** Calls of a library's functions, as fidius's ABI has them. */
export class LibraryCaller {
  readonly #options: CallerOptions;
  readonly #input: NativeBlock;
  /** The arena, and what items of streams are written to. */
  readonly #buffer: NativeBlock;
  readonly #output: { readonly address: bigint; readonly view: DataView };

  constructor(options: CallerOptions) {
    const { functions } = options;
    this.#options = options;
    this.#input = new NativeBlock(functions).reserve(0);
    this.#buffer = new NativeBlock(functions).reserve(0);
    const address = functions.allocate(OUTPUT_BYTES);
    this.#output = { address, view: functions.share(address, OUTPUT_BYTES) };
  }

  async call(target: ForeignFunction, ...values: readonly ForeignNumber[]): Promise<ForeignNumber | undefined> {
    return this.#options.inThread ? target.inThread(...values) : target(...values);
  }

  /** @returns the instance, which may be null */
  async construct(target: ForeignFunction, config: Uint8Array): Promise<bigint> {
    return BigInt((await this.call(target, this.#input.fill(config).address, config.length)) ?? 0);
  }

  /** @param stream - the one that it takes, if it does */
  async method(target: ForeignFunction, instance: bigint, input: Uint8Array, stream: bigint | undefined): Promise<CallResult> {
    const { address } = this.#input.fill(input);
    if (this.#options.isArena) return this.#inBuffer("arena", async (buffer, size) => this.call(target, instance, address, input.length, buffer, size, ...this.#outputs()));
    this.#clear();
    const status = await this.call(target, instance, ...(stream === undefined ? [] : [stream]), address, input.length, ...this.#outputs());
    const [found, length] = [this.#output.view.getBigUint64(0, true), this.#length()];
    return { status: Number(status), address: found, output: () => this.#take(found, length, Number(status) === STATUS.ok) };
  }

  /** The next item of a stream. */
  async next(target: ForeignFunction, stream: bigint): Promise<CallResult> {
    return this.#inBuffer("buffer", async (buffer, size) => this.call(target, stream, buffer, size, this.#outputs()[1]));
  }

  /** A call that writes into a buffer of ours, and is made once more with a larger one if it says so. */
  async #inBuffer(what: string, attempt: (buffer: bigint, size: number) => Promise<ForeignNumber | undefined>): Promise<CallResult> {
    const { messageBytes } = this.#options;
    let buffer = this.#buffer.reserve(0);
    this.#clear();
    let status = Number(await attempt(buffer.address, buffer.size));
    if (status === STATUS.tooSmall) {
      const wanted = this.#length();
      if (wanted > messageBytes) throw new LibraryFault(`it wants ${wanted} bytes for its answer, and at most ${messageBytes} are allowed`);
      buffer = this.#buffer.reserve(wanted);
      this.#clear();
      status = Number(await attempt(buffer.address, buffer.size));
    }
    const [offset, length] = [this.#output.view.getUint32(0, true), this.#length()];
    const output = (): Uint8Array => {
      if (offset + length > buffer.size) throw new LibraryFault(`it says that it wrote ${length} bytes at ${offset} of the ${what}, which has ${buffer.size}`);
      if (length > messageBytes) throw new LibraryFault(`it answered with ${length} bytes, and at most ${messageBytes} are allowed`);
      return this.#options.functions.copy.from(buffer.address + BigInt(offset), length);
    };
    return { status, output, address: 0n };
  }

  /** Copies what the library made room for, and gives it back. Of a failure it need not have made any. */
  #take(address: bigint, length: number, isNeeded: boolean): Uint8Array {
    const { memory, freeBuffer, messageBytes } = this.#options;
    if (address === 0n && isNeeded) throw new LibraryFault("it answered with no buffer (out_ptr is null)");
    // What is empty has an address that is none: Rust gives the alignment.
    if (address === 0n || length === 0) return new Uint8Array();
    if (length > messageBytes) throw new LibraryFault(`it answered with ${length} bytes, and at most ${messageBytes} are allowed`);
    const bytes = memory.read(address, length, "what it answered with");
    freeBuffer?.(address, length);
    return bytes;
  }

  #outputs(): readonly [bigint, bigint] {
    const { address } = this.#output;
    return [address, address + BigInt(LENGTH_AT)];
  }

  #clear(): void {
    this.#output.view.setBigUint64(0, 0n, true);
    this.#output.view.setBigUint64(LENGTH_AT, 0n, true);
  }

  #length(): number {
    return this.#output.view.getUint32(LENGTH_AT, true);
  }
}
