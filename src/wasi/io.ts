import { after, attempt, type Awaitable } from "./awaitable.js";
import { disposeSymbol, type GuestContext, type ImportImplementation, ImportError } from "./guest-context.js";
import { Pollable } from "./poll.js";

/** `wasi:io/error` `error`. */
export class ErrorResource {
  readonly #reason: string;
  /** What `filesystem-error-code` or `http-error-code` answers for it, if it came from there. */
  readonly code: unknown;

  constructor(reason: string, code?: unknown) {
    this.#reason = reason;
    this.code = code;
  }

  toDebugString(): string {
    return this.#reason;
  }
}

/** The `stream-error` for a stream that fails with `reason`. */
export function streamFailure(reason: string, code?: unknown): unknown {
  return { tag: "last-operation-failed", val: new ErrorResource(reason, code) };
}

/** Where an output stream's bytes go. Each function may throw or reject with an {@link ImportError} of a `stream-error`. */
export interface OutputSink {
  /** Takes `bytes`; answers when more may come, so that a slow receiver holds the guest back. */
  write(bytes: Uint8Array): Awaitable<void>;
  /** Answers when all that was written has arrived. Left out where `write` already does so. */
  flush?(): Awaitable<void>;
  /** What becomes ready when more may be written. Left out where `write` waits. */
  subscribe?(): Pollable;
  drop?(): unknown;
}

/** Where an input stream's bytes come from. */
export interface InputSource {
  /**
   * At most `length` bytes; empty if nothing is there yet and `blocking` is false.
   * The end is an {@link ImportError} of `{ tag: "closed" }`.
   */
  read(length: number, blocking: boolean): Awaitable<Uint8Array>;
  /** What becomes ready when there is something to read. Left out where there always is. */
  subscribe?(): Pollable;
  drop?(): unknown;
}

// What one write or read may carry. wasi-libc writes in pieces of at most 4 KiB; larger guests split by this number.
const PIECE_BYTES = 65_536;

/** `wasi:io/streams` `output-stream`. */
export class OutputStream {
  readonly #context: GuestContext;
  readonly #sink: OutputSink;

  constructor(context: GuestContext, sink: OutputSink) {
    this.#context = context;
    this.#sink = sink;
  }

  checkWrite(): bigint {
    return BigInt(PIECE_BYTES);
  }
  write(bytes: Uint8Array): Awaitable<void> {
    return this.#sink.write(bytes);
  }
  blockingWriteAndFlush(bytes: Uint8Array): Awaitable<void> {
    return after(this.#sink.write(bytes), () => this.#sink.flush?.());
  }
  flush(): Awaitable<void> {
    return this.#sink.flush === undefined ? this.#sink.write(new Uint8Array()) : this.#sink.flush();
  }
  blockingFlush(): Awaitable<void> {
    return this.flush();
  }
  subscribe(): Pollable {
    return this.#sink.subscribe?.() ?? Pollable.now(this.#context);
  }
  writeZeroes(length: bigint): Awaitable<void> {
    if (length > BigInt(PIECE_BYTES)) throw this.#context.end({ kind: "trap", message: "write-zeroes of more than check-write permits" });
    return this.#sink.write(new Uint8Array(Number(length)));
  }
  blockingWriteZeroesAndFlush(length: bigint): Awaitable<void> {
    return after(this.writeZeroes(length), () => this.#sink.flush?.());
  }
  splice(source: InputStream, length: bigint): Awaitable<bigint> {
    return this.#splice(source.read(length));
  }
  blockingSplice(source: InputStream, length: bigint): Awaitable<bigint> {
    return this.#splice(source.blockingRead(length));
  }

  #splice(read: Awaitable<Uint8Array>): Awaitable<bigint> {
    return after(read, (bytes) => after(this.#sink.write(bytes), () => BigInt(bytes.length)));
  }

  [disposeSymbol](): void {
    this.#sink.drop?.();
  }
}

/** `wasi:io/streams` `input-stream`. */
export class InputStream {
  readonly #context: GuestContext;
  readonly #source: InputSource;

  constructor(context: GuestContext, source: InputSource) {
    this.#context = context;
    this.#source = source;
  }

  read(length: bigint): Awaitable<Uint8Array> {
    return this.#read(length, false);
  }
  blockingRead(length: bigint): Awaitable<Uint8Array> {
    return this.#read(length, true);
  }
  skip(length: bigint): Awaitable<bigint> {
    return after(this.#read(length, false), (bytes) => BigInt(bytes.length));
  }
  blockingSkip(length: bigint): Awaitable<bigint> {
    return after(this.#read(length, true), (bytes) => BigInt(bytes.length));
  }
  subscribe(): Pollable {
    return this.#source.subscribe?.() ?? Pollable.now(this.#context);
  }

  #read(length: bigint, blocking: boolean): Awaitable<Uint8Array> {
    const most = length < BigInt(PIECE_BYTES) ? Number(length) : PIECE_BYTES;
    return most === 0 ? new Uint8Array() : this.#source.read(most, blocking);
  }

  [disposeSymbol](): void {
    this.#source.drop?.();
  }
}

/**
 * An input stream over one of the page's.
 *
 * @param isOwned - the page's stream ends with this one. Left out for standard input, which programs open again and again.
 */
export function hostInputStream(context: GuestContext, handle: number, isOwned = false): InputStream {
  const { channel } = context;
  return new InputStream(context, {
    read: (length, blocking) => streamCall(() => channel.call("stream.read", [handle, length, blocking])) as Awaitable<Uint8Array>,
    subscribe: () => Pollable.ofHandle(context, handle),
    drop: () => isOwned && channel.send("handle.drop", [handle]),
  });
}

/** A host call for a stream: the text of its `last-operation-failed` becomes the error resource that the interface wants. */
export function streamCall(call: () => Awaitable<unknown>): Awaitable<unknown> {
  return attempt(call, (value) => value, (error) => {
    throw withResource(error);
  });
}

function withResource(error: unknown): unknown {
  if (!(error instanceof ImportError)) return error;
  const { tag, val } = error.payload as { readonly tag: string; readonly val?: unknown };
  return tag === "last-operation-failed" ? new ImportError(streamFailure(String(val))) : error;
}

/** wasi:io's streams and errors. They carry no authority: only granted interfaces hand out what they act on. */
export function ioImplementations(): readonly (readonly [string, ImportImplementation])[] {
  const resources = new Map<string, typeof InputStream | typeof OutputStream>([["input-stream", InputStream], ["output-stream", OutputStream]]);
  return [
    ["wasi:io/error", { functions: new Map(), resources: new Map([["error", ErrorResource]]) }],
    ["wasi:io/streams", { functions: new Map(), resources }],
  ];
}
