import type { ImportImplementation } from "./guest-context.js";
import { monotonicNow } from "./platform.js";

/*
 * wasi:io for a plugin worker. preview2-shim's streams are not used: in a browser their `block` and `poll`
 * return promises, which synchronous glue takes for a finished wait (a 30 ms sleep returned after 1.4 ms),
 * and their classes are shared by all instances of a page. Here a wait really blocks the worker.
 */

/** `wasi:io/error` `error`. */
export class ErrorResource {
  readonly #reason: string;

  constructor(reason: string) {
    this.#reason = reason;
  }

  toDebugString(): string {
    return this.#reason;
  }
}

/** `wasi:io/poll` `pollable`: something that becomes ready at one time, or is ready at once. */
export class Pollable {
  /** In milliseconds of `performance.now()`. */
  readonly readyAt: number;

  constructor(readyAt: number) {
    this.readyAt = readyAt;
  }

  ready(): boolean {
    return monotonicNow() >= this.readyAt;
  }

  block(): void {
    waitUntil(this.readyAt);
  }
}

/** `wasi:io/poll` `poll`: waits for the first and returns the positions of all that are ready. */
function poll(pollables: readonly Pollable[]): Uint32Array {
  if (pollables.length === 0) throw new WebAssembly.RuntimeError("poll of an empty list (wasi:io/poll requires one entry)");
  let first = Number.POSITIVE_INFINITY;
  for (const pollable of pollables) first = Math.min(first, pollable.readyAt);
  waitUntil(first);
  const now = monotonicNow();
  return Uint32Array.from(pollables.flatMap((pollable, position) => (pollable.readyAt <= now ? [position] : [])));
}

let sleepCell: Int32Array | undefined;

/** Blocks the worker's thread. The host's deadline still holds: terminating the worker ends the wait. */
function waitUntil(time: number): void {
  for (let left = time - monotonicNow(); left > 0; left = time - monotonicNow()) {
    // A shared WebAssembly memory is the only shared buffer that a page without cross-origin isolation has.
    sleepCell ??= new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer);
    Atomics.wait(sleepCell, 0, 0, left);
  }
}

/** Where an output stream's bytes go. */
export type OutputSink = (bytes: Uint8Array) => void;

// What one write may carry. wasi-libc writes in pieces of at most 4 KiB; larger guests split by this number.
const WRITE_BYTES = 65_536;

/** `wasi:io/streams` `output-stream` that passes everything on at once. */
export class OutputStream {
  readonly #write: OutputSink;

  constructor(write: OutputSink) {
    this.#write = write;
  }

  checkWrite(): bigint {
    return BigInt(WRITE_BYTES);
  }
  write(bytes: Uint8Array): void {
    this.#write(bytes);
  }
  blockingWriteAndFlush(bytes: Uint8Array): void {
    this.#write(bytes);
  }
  flush(): void {
    this.#write(new Uint8Array());
  }
  blockingFlush(): void {
    this.flush();
  }
  subscribe(): Pollable {
    return new Pollable(0);
  }
  writeZeroes(length: bigint): void {
    if (length > BigInt(WRITE_BYTES)) throw new WebAssembly.RuntimeError("write-zeroes of more than check-write permits");
    this.#write(new Uint8Array(Number(length)));
  }
  blockingWriteZeroesAndFlush(length: bigint): void {
    this.writeZeroes(length);
  }
  splice(source: InputStream, length: bigint): bigint {
    const bytes = source.read(length);
    this.#write(bytes);
    return BigInt(bytes.length);
  }
  blockingSplice(source: InputStream, length: bigint): bigint {
    return this.splice(source, length);
  }
}

/** `wasi:io/streams` `input-stream` over a source that gives bytes or throws. */
export class InputStream {
  readonly #read: (length: number) => Uint8Array;

  constructor(read: (length: number) => Uint8Array) {
    this.#read = read;
  }

  read(length: bigint): Uint8Array {
    return this.#read(Math.min(Number(length), WRITE_BYTES));
  }
  blockingRead(length: bigint): Uint8Array {
    return this.read(length);
  }
  skip(length: bigint): bigint {
    return BigInt(this.read(length).length);
  }
  blockingSkip(length: bigint): bigint {
    return this.skip(length);
  }
  subscribe(): Pollable {
    return new Pollable(0);
  }
}


// Asks whether a stream's error came from a file or a request. None does here; the question carries no authority,
// and the preview 1 adapter asks it after every failed read or write, so denying it would end the guest instead.
const noErrorCode = (name: string): ImportImplementation => ({ functions: new Map([[name, () => undefined]]), resources: new Map() });

/** The interfaces of wasi:io. They carry no authority: only granted interfaces hand out what they act on. */
export function ioImplementations(): ReadonlyMap<string, ImportImplementation> {
  return new Map<string, ImportImplementation>([
    ["wasi:filesystem/types", noErrorCode("filesystem-error-code")],
    ["wasi:http/types", noErrorCode("http-error-code")],
    ["wasi:io/error", { functions: new Map(), resources: new Map([["error", ErrorResource]]) }],
    ["wasi:io/poll", { functions: new Map([["poll", poll]]), resources: new Map([["pollable", Pollable]]) }],
    [
      "wasi:io/streams",
      {
        functions: new Map(),
        resources: new Map<string, typeof InputStream | typeof OutputStream>([
          ["input-stream", InputStream],
          ["output-stream", OutputStream],
        ]),
      },
    ],
  ]);
}
