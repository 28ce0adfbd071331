import { BincodeProblem, type BincodeType } from "../../bincode/bincode-type.js";
import { checkBincode } from "../../bincode/check-bincode.js";
import { encodeBincode } from "../../bincode/encode-bincode.js";
import type { BridgeFunction } from "../../runtime/bridge/bridge-functions.js";
import type { ExecutorOutcome } from "../executor/executor.js";
import type { ConsumedStreams } from "./consumed-streams.js";
import { SIGNATURES, STATUS } from "./fidius-abi.js";
import type { ForeignFunctions } from "./foreign-functions.js";
import type { HostTables } from "./host-tables.js";
import type { LibraryCaller } from "./library-caller.js";
import { LibraryFault } from "./library-fault.js";
import { type NativeMethod, stepOf } from "./match-methods.js";
import { type CallbackFailure, ok, trap } from "./outcome.js";
import { pluginErrorOutcome, readPluginError } from "./plugin-error-outcome.js";
import type { ProducedStreams } from "./produced-streams.js";
import type { NativeDescriptor } from "./read-plugin.js";
import type { NativeStart } from "./start-message.js";
import { statusTrap } from "./status-trap.js";

const NOTHING: BincodeType = { kind: "tuple", items: [] };
/** Before the bytes of a list, which raw methods are not given and do not give. */
const LIST_HEAD_BYTES = 8;

interface NativePluginParts {
  readonly start: NativeStart;
  readonly functions: ForeignFunctions;
  readonly descriptor: NativeDescriptor;
  /** By target. */
  readonly methods: ReadonlyMap<string, NativeMethod>;
  readonly caller: LibraryCaller;
  readonly produced: ProducedStreams;
  readonly consumed: ConsumedStreams;
  /** Left out where the plugin may not call the app. */
  readonly host: HostTables | undefined;
  readonly failure: CallbackFailure;
}

/** A plugin of a library, with the one instance of it that this process has. */
export class NativePlugin {
  readonly #parts: NativePluginParts;
  /** The resource of each function that gives the next item of a stream, by target. */
  readonly #steps: ReadonlyMap<string, string>;
  #instance: bigint | undefined;

  constructor(parts: NativePluginParts) {
    const { start, methods } = parts;
    this.#parts = parts;
    this.#steps = new Map([...methods.values()].flatMap(({ produces }) => (produces === undefined ? [] : [[`${start.interfaceName}#${stepOf(produces)}`, produces]])));
  }

  /**
   * Calls a function of the interface. One call at a time.
   *
   * @param args - bincode of its arguments, from a client: it is checked before the library gets it
   */
  async call(target: string, args: Uint8Array): Promise<ExecutorOutcome> {
    return this.#conclude(async () => this.#perform(target, args));
  }

  async drop(resource: number): Promise<ExecutorOutcome> {
    return this.#conclude(async () => this.#parts.produced.drop(resource));
  }

  /** Drops what it holds, as its own host would. */
  async end(): Promise<void> {
    const { produced, descriptor: { destroy }, functions, caller } = this.#parts;
    await produced.dropAll();
    if (destroy !== undefined && this.#instance !== undefined && this.#instance !== 0n) await caller.call(functions.at(destroy, SIGNATURES.destroy), this.#instance);
  }

  async #conclude(work: () => Promise<ExecutorOutcome>): Promise<ExecutorOutcome> {
    let outcome: ExecutorOutcome;
    try {
      outcome = await work();
    } catch (error) {
      if (!(error instanceof LibraryFault || error instanceof BincodeProblem)) throw error;
      outcome = trap(error.message);
    }
    return this.#parts.failure.take() ?? this.#bound(outcome);
  }

  #bound(outcome: ExecutorOutcome): ExecutorOutcome {
    const { messageBytes } = this.#parts.start;
    const isTooLarge = "bytes" in outcome && outcome.bytes.length > messageBytes;
    return isTooLarge ? trap(`it answered with ${outcome.bytes.length} bytes, and at most ${messageBytes} are allowed`) : outcome;
  }

  async #perform(target: string, args: Uint8Array): Promise<ExecutorOutcome> {
    const { start, methods, produced, descriptor } = this.#parts;
    const type = start.exports.get(target);
    if (type === undefined) return trap(`there is no function ${target}`);
    checkBincode(type.arguments, args, "arguments");
    const method = methods.get(target);
    if (method !== undefined) return this.#callMethod(target, method, args);
    const resource = this.#steps.get(target);
    if (resource !== undefined) return produced.step(resource, new DataView(args.buffer, args.byteOffset).getUint32(0, true), type);
    if (target === `${start.interfaceName}#fidius-interface-hash`) return answer(type, encodeBincode("u64", descriptor.interfaceHash));
    if (target === `${start.interfaceName}#fidius-configure`) return this.#configure(type, args.subarray(LIST_HEAD_BYTES));
    return trap(`there is no function ${target} in a native plugin`);
  }

  async #configure(type: BridgeFunction, config: Uint8Array): Promise<ExecutorOutcome> {
    if (this.#instance !== undefined) return trap("it was configured before, or called");
    await this.#construct(config);
    return answer(type, new Uint8Array());
  }

  async #callMethod(target: string, { type, entry, raw, takesStream, produces }: NativeMethod, args: Uint8Array): Promise<ExecutorOutcome> {
    const { functions, caller, consumed, produced, descriptor } = this.#parts;
    if (entry === undefined) return pluginErrorOutcome({ code: "not-implemented", message: `the plugin does not have the optional method ${target}`, details: undefined }, type);
    const instance = this.#instance ?? (await this.#construct(new Uint8Array()));
    const signature = takesStream ? SIGNATURES.takesStream : descriptor.isArena ? SIGNATURES.arena : SIGNATURES.pluginAllocated;
    const input = raw ? args.subarray(LIST_HEAD_BYTES) : args;
    const { status, output, address } = await caller.method(functions.at(entry, signature), instance, input, takesStream ? consumed.open() : undefined);
    if (status === STATUS.pluginError) return pluginErrorOutcome(readPluginError(output()), type);
    if (status !== STATUS.ok) return statusTrap(status, status === STATUS.panic ? output() : undefined);
    if (produces !== undefined) return ok(produced.keep(produces, address));
    return raw ? ok(list(output())) : answer(type, output());
  }

  async #construct(config: Uint8Array): Promise<bigint> {
    const { host, descriptor: { construct }, functions, caller } = this.#parts;
    host?.bind();
    const instance = construct === undefined ? 0n : await caller.construct(functions.at(construct, SIGNATURES.construct), config);
    // fidius does not look, and calls methods with null.
    if (instance === 0n && construct !== undefined) throw new LibraryFault(config.length === 0 ? "it needs a configuration, and was given none" : "it does not accept its configuration");
    this.#instance = instance;
    return instance;
  }
}

/** @throws {BincodeProblem} for what is no value of the function's type: libraries are not believed */
function answer({ ok: type }: BridgeFunction, bytes: Uint8Array): ExecutorOutcome {
  checkBincode(type ?? NOTHING, bytes, "its answer");
  return ok(bytes);
}

function list(bytes: Uint8Array): Uint8Array {
  const head = new Uint8Array(new BigUint64Array([BigInt(bytes.length)]).buffer);
  return Buffer.concat([head, bytes]);
}
