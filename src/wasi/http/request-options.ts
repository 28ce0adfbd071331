import { ImportError } from "../guest-context.js";

const NANOSECONDS_PER_MILLISECOND = 1_000_000;

/** `wasi:http/types` `request-options`. A browser does not show when a connection is made, so that time cannot be bounded by itself. */
export class RequestOptions {
  #firstByte: bigint | undefined;
  #betweenBytes: bigint | undefined;

  connectTimeout(): bigint | undefined {
    return undefined;
  }
  /** "Not supported", as the interface says it. */
  setConnectTimeout(duration: bigint | undefined): void {
    if (duration !== undefined) throw new ImportError(undefined);
  }
  firstByteTimeout(): bigint | undefined {
    return this.#firstByte;
  }
  setFirstByteTimeout(duration: bigint | undefined): void {
    this.#firstByte = duration;
  }
  betweenBytesTimeout(): bigint | undefined {
    return this.#betweenBytes;
  }
  setBetweenBytesTimeout(duration: bigint | undefined): void {
    this.#betweenBytes = duration;
  }
}

/** A `duration` of wasi:clocks in milliseconds. */
export function milliseconds(duration: bigint | undefined): number | undefined {
  return duration === undefined ? undefined : Number(duration) / NANOSECONDS_PER_MILLISECOND;
}
