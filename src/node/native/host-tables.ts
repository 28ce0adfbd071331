import { encodeBincode } from "../../bincode/encode-bincode.js";
import { ABI_VERSION, BIND, HOST_PROBE, HOST_TABLE, SIGNATURES, STATUS } from "./fidius-abi.js";
import type { ForeignFunctions, ForeignNumber } from "./foreign-functions.js";
import type { ForeignMemory } from "./foreign-memory.js";
import type { HostCalls } from "./host-calls.js";
import { LibraryFault } from "./library-fault.js";
import { type CallbackFailure, trap } from "./outcome.js";
import type { HostImport } from "./read-host-imports.js";

export const HOST_CALL = "fidius:host-call/host@0.1.0#call";

/** A library does not say how many functions it knows of an interface, and takes no table that has another number of them. */
const FUNCTIONS = 1024;
const WITH_PAYLOAD: ReadonlySet<number> = new Set([STATUS.ok, STATUS.pluginError, STATUS.panic]);

interface HostTablesOptions {
  readonly functions: ForeignFunctions;
  readonly memory: ForeignMemory;
  readonly host: HostCalls;
  readonly failure: CallbackFailure;
  readonly messageBytes: number;
}

/** The app's functions, as the tables that fidius gives to libraries. All of them lead to one import of the plugin, as they do in its components. */
export class HostTables {
  readonly #imports: readonly HostImport[];
  readonly #options: HostTablesOptions;
  readonly #dispatch: bigint;
  readonly #free: bigint;
  readonly #answers = new Set<bigint>();

  constructor(imports: readonly HostImport[], options: HostTablesOptions) {
    this.#imports = imports;
    this.#options = options;
    this.#dispatch = options.functions.callback(SIGNATURES.dispatch, (context, place, input, size, out, outLength) => this.#answer(context, place, input, size, out, outLength));
    this.#free = options.functions.callback(SIGNATURES.freeBuffer, (address) => this.#forget(address));
  }

  /**
   * Gives the library the tables of those interfaces that the app offers as the library knows them. It finds the others not bound,
   * as it would in fidius's own host.
   *
   * @throws {LibraryFault}
   */
  bind(): void {
    for (const [place, imported] of this.#imports.entries()) {
      const answer = this.#ask(imported, HOST_PROBE, new Uint8Array());
      if (!("problem" in answer) && answer.status === STATUS.ok) this.#bind(imported, place);
    }
  }

  #bind({ name, nameAddress, version, hash, bind }: HostImport, place: number): void {
    const { functions } = this.#options;
    const take = functions.at(bind, SIGNATURES.bind);
    // It is the library's for as long as the process lives.
    const address = functions.allocate(HOST_TABLE.bytes);
    const table = functions.share(address, HOST_TABLE.bytes);
    table.setUint32(HOST_TABLE.sizeAt, HOST_TABLE.bytes, true);
    table.setUint32(HOST_TABLE.abiAt, ABI_VERSION, true);
    table.setBigUint64(HOST_TABLE.nameAt, nameAddress, true);
    table.setBigUint64(HOST_TABLE.hashAt, hash, true);
    table.setUint32(HOST_TABLE.versionAt, version, true);
    table.setBigUint64(HOST_TABLE.contextAt, BigInt(place + 1), true);
    table.setBigUint64(HOST_TABLE.dispatchAt, this.#dispatch, true);
    table.setBigUint64(HOST_TABLE.freeAt, this.#free, true);
    let status: number = BIND.functionCount;
    for (let count = 0; count <= FUNCTIONS && status === BIND.functionCount; count++) {
      table.setUint32(HOST_TABLE.functionsAt, count, true);
      status = Number(take(address));
    }
    if (status !== BIND.ok) throw new LibraryFault(`it refuses the functions of its host interface ${name} (status ${status})`);
  }

  #ask({ name, version, hash }: HostImport, place: number, args: Uint8Array): { readonly status: number; readonly payload: Uint8Array } | { readonly problem: string } {
    const answer = this.#options.host.call(HOST_CALL, [name, version, hash, place, args]);
    if ("problem" in answer) return answer;
    const [status, payload] = answer.value as readonly [number, Uint8Array];
    return { status, payload };
  }

  #answer(context: ForeignNumber = 0, place: ForeignNumber = 0, input: ForeignNumber = 0, size: ForeignNumber = 0, out: ForeignNumber = 0, outLength: ForeignNumber = 0): number {
    try {
      // Whether there is a place for the answer is known before the app does anything.
      this.#give(BigInt(out), BigInt(outLength), new Uint8Array());
      const imported = this.#imports[Number(context) - 1];
      if (imported === undefined) throw new LibraryFault("with a context that it was not given");
      const answer = this.#ask(imported, Number(place), this.#arguments(BigInt(input), Number(size)));
      const { status, payload } = "problem" in answer ? this.#fail(answer.problem) : answer;
      if (WITH_PAYLOAD.has(status)) this.#give(BigInt(out), BigInt(outLength), payload);
      return status;
    } catch (error) {
      this.#options.failure.record(trap(`it called a function of its host wrongly: ${error instanceof Error ? error.message : String(error)}`));
      return STATUS.serialization;
    }
  }

  /** fidius has no status for this. What the app failed with is the app's. */
  #fail(problem: string): { readonly status: number; readonly payload: Uint8Array } {
    this.#options.failure.record({ kind: "host-failed", message: problem });
    return { status: STATUS.panic, payload: encodeBincode("string", "it failed in the app") };
  }

  #arguments(address: bigint, size: number): Uint8Array {
    const { memory, messageBytes } = this.#options;
    if (size > messageBytes) throw new LibraryFault(`with ${size} bytes of arguments, and at most ${messageBytes} are allowed`);
    return size === 0 ? new Uint8Array() : memory.read(address, size, "in_ptr");
  }

  #give(out: bigint, outLength: bigint, payload: Uint8Array): void {
    const { functions, memory } = this.#options;
    const address = payload.length === 0 ? 0n : functions.allocate(payload.length);
    if (address !== 0n) {
      functions.copy.to(address, payload);
      this.#answers.add(address);
    }
    memory.write(out, new Uint8Array(new BigUint64Array([address]).buffer), "out_ptr", 8);
    memory.write(outLength, new Uint8Array(new Uint32Array([payload.length]).buffer), "out_len", 4);
  }

  #forget(address: ForeignNumber = 0): undefined {
    const answer = BigInt(address);
    // What was freed before, or never given, is not ours to free.
    if (this.#answers.delete(answer)) this.#options.functions.free(answer);
  }
}
