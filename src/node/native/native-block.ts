import type { ForeignFunctions } from "./foreign-functions.js";

const LEAST_BYTES = 4096;
/** What is larger is given back when it is not needed any more. */
const KEPT_BYTES = 1024 * 1024;

/** Memory that libraries are given for the time of a call, and that is used again for the next. */
export class NativeBlock {
  readonly #functions: ForeignFunctions;
  #address = 0n;
  #size = 0;

  constructor(functions: ForeignFunctions) {
    this.#functions = functions;
  }

  get address(): bigint {
    return this.#address;
  }

  get size(): number {
    return this.#size;
  }

  /** Makes room for `size` bytes. What was in it is lost. */
  reserve(size: number): this {
    if (this.#size === 0 || size > this.#size || (this.#size > KEPT_BYTES && size <= KEPT_BYTES)) {
      if (this.#address !== 0n) this.#functions.free(this.#address);
      this.#size = Math.max(LEAST_BYTES, 2 ** Math.ceil(Math.log2(size)));
      this.#address = this.#functions.allocate(this.#size);
    }
    return this;
  }

  fill(bytes: Uint8Array): this {
    this.reserve(bytes.length);
    this.#functions.copy.to(this.#address, bytes);
    return this;
  }
}
