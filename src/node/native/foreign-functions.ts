import { endianness } from "node:os";
import type * as koffiModule from "koffi";
import { PluginError } from "../../errors/plugin-error.js";

type Koffi = typeof koffiModule;
export type ForeignLibrary = ReturnType<Koffi["load"]>;
type Parameter = "uint32" | "uint64" | "int";
type Result = "int32" | "uint64" | "void";

/** How a function of C is called. Addresses are `uint64`: they are checked as numbers, and must not be followed on the way. */
export interface Signature {
  readonly result: Result;
  readonly parameters: readonly Parameter[];
}

export type ForeignNumber = number | bigint;

/** A function of a library that can be called. */
export interface ForeignFunction {
  (...values: readonly ForeignNumber[]): ForeignNumber | undefined;
  /** On another thread. Meanwhile callbacks from any thread are answered here, which a plain call cannot do. */
  readonly inThread: (...values: readonly ForeignNumber[]) => Promise<ForeignNumber | undefined>;
}

/** Copies between memory of libraries and of JavaScript, without asking whether it is there. */
export interface MemoryCopy {
  from(address: bigint, size: number): Buffer;
  to(address: bigint, bytes: Uint8Array): void;
}

/** As much as threads of Rust and C have. The stack that koffi calls on is smaller. */
const STACK_BYTES = 8 * 1024 * 1024;
/** One for the call, one for a callback in it. */
const KEPT_POOLS = 2;

/** Calls into libraries, by way of koffi, which the app installs: a native addon cannot be part of a package that is bundled. */
export class ForeignFunctions {
  readonly #koffi: Koffi;
  readonly #prototypes = new Map<Signature, ReturnType<Koffi["proto"]>>();
  readonly #known = new Map<Signature, Map<bigint, ForeignFunction>>();
  /** koffi unloads what nobody holds. Addresses hold nothing. */
  readonly #loaded: ForeignLibrary[] = [];
  /** What the process itself is linked with: the C library. */
  readonly system: ForeignLibrary;
  readonly copy: MemoryCopy;

  private constructor(koffi: Koffi) {
    this.#koffi = koffi;
    // Sizes can be set only before the first library is loaded.
    koffi.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES, resident_async_pools: KEPT_POOLS });
    this.system = koffi.load(null);
    this.copy = memoryCopy(this.system);
  }

  /** @throws {PluginError} `runtime-unsupported` */
  static async open(): Promise<ForeignFunctions> {
    const koffi = await importKoffi();
    if (process.platform === "win32" || endianness() !== "LE" || koffi.sizeof("void *") !== 8) {
      throw unsupported(`they need Linux or macOS and a 64-bit little-endian processor, and this is ${process.platform}-${process.arch}`);
    }
    return new ForeignFunctions(koffi);
  }

  /** @throws what the system's loader says */
  load(path: string): ForeignLibrary {
    const library = this.#koffi.load(path);
    this.#loaded.push(library);
    return library;
  }

  /** The function of that name; `undefined` if the library has none. */
  named(library: ForeignLibrary, name: string, signature: Signature): ForeignFunction | undefined {
    let address: unknown;
    try {
      address = library.symbol(name);
    } catch {
      return undefined;
    }
    return typeof address === "bigint" ? this.at(address, signature) : undefined;
  }

  /** The function at an address, which must be one. */
  at(address: bigint, signature: Signature): ForeignFunction {
    const known = this.#known.get(signature) ?? new Map<bigint, ForeignFunction>();
    this.#known.set(signature, known);
    const found = known.get(address) ?? foreignFunction(this.#koffi.decode(address, this.#prototype(signature)) as CallableByKoffi);
    known.set(address, found);
    return found;
  }

  /**
   * The address of a function that libraries can call, for as long as the process lives.
   *
   * @param answer - must not throw: koffi would answer 0, which stands for success.
   */
  callback(signature: Signature, answer: (...values: readonly ForeignNumber[]) => number | undefined): bigint {
    return this.#koffi.register(answer, this.#koffi.pointer(this.#prototype(signature)));
  }

  #prototype(signature: Signature): ReturnType<Koffi["proto"]> {
    const prototype = this.#prototypes.get(signature) ?? this.#koffi.proto(signature.result, [...signature.parameters]);
    this.#prototypes.set(signature, prototype);
    return prototype;
  }

  allocate(size: number): bigint {
    return BigInt(this.#koffi.alloc("uint8", size) as ForeignNumber);
  }

  free(address: bigint): void {
    this.#koffi.free(address);
  }

  /** Memory of a library's as memory of JavaScript's, never to be freed. */
  share(address: bigint, size: number): DataView {
    return new DataView(this.#koffi.view(address, size));
  }

  /** What calls `then` once, when something can be read. The descriptor never waits by itself from here on. */
  watch(descriptor: number): (then: () => void) => void {
    const handle = this.#koffi.node.poll(descriptor, { readable: true }, () => undefined);
    handle.stop();
    return (then) => {
      handle.start({ readable: true }, () => {
        handle.stop();
        then();
      });
    };
  }
}

interface CallableByKoffi {
  (...values: readonly ForeignNumber[]): ForeignNumber | undefined;
  readonly async: (...values: readonly unknown[]) => void;
}

function foreignFunction(call: CallableByKoffi): ForeignFunction {
  const inThread = async (...values: readonly ForeignNumber[]): Promise<ForeignNumber | undefined> =>
    new Promise((resolve, reject) => call.async(...values, (error: Error | null, value: ForeignNumber | undefined) => (error === null ? resolve(value) : reject(error))));
  return Object.assign((...values: readonly ForeignNumber[]) => call(...values), { inThread });
}

function memoryCopy(system: ForeignLibrary): MemoryCopy {
  const from = system.func("memcpy", "void", ["void *", "uint64", "size_t"]);
  const to = system.func("memcpy", "void", ["uint64", "void *", "size_t"]);
  return {
    from(address, size) {
      // Small ones share a buffer of Node's, which is several times faster than one of their own.
      const bytes = Buffer.allocUnsafe(size);
      if (size > 0) from(bytes, address, size);
      return bytes;
    },
    to(address, bytes) {
      if (bytes.length > 0) to(address, bytes, bytes.length);
    },
  };
}

async function importKoffi(): Promise<Koffi> {
  let koffi: Koffi;
  try {
    koffi = await import("koffi");
  } catch (cause) {
    throw unsupported("koffi, which calls them, is not installed beside portcullis, or not for this system. Run: npm install koffi", cause);
  }
  const [major = 0, minor = 0] = koffi.version.split(".").map(Number);
  if (major !== 3 || minor < 3) throw unsupported(`koffi ${koffi.version} is installed, and 3.3 or a later one of 3 is wanted. Run: npm install koffi@3`);
  return koffi;
}

function unsupported(reason: string, cause?: unknown): PluginError {
  return new PluginError({ code: "runtime-unsupported", stage: "instantiate", message: `Cannot run native plugins here: ${reason}`, cause });
}
