import { after, attempt, type Awaitable } from "../awaitable.js";
import { disposeSymbol, type GuestContext, ImportError } from "../guest-context.js";
import { OutputStream } from "../io.js";
import { type ErrorCode, errorCodeOf, internalError } from "./error-code.js";
import type { Fields } from "./fields.js";

// What is sent to the page at a time. Language runtimes write in pieces of 4 KiB or less.
const BLOCK_BYTES = 65_536;

/** What a request takes of its body: all of it, the number of the page's, or why there is none. */
export type BodyContent = { readonly kind: "whole"; readonly bytes: Uint8Array } | { readonly kind: "page"; readonly handle: number } | { readonly kind: "failed"; readonly code: ErrorCode };

/**
 * The bytes of an `outgoing-body`. A small body stays here until its request is sent, and crosses with it. Nothing has to be
 * flushed on the way: the page sends a body when it is whole.
 */
export class BodyWriter {
  readonly #context: GuestContext;
  readonly #announced: number | undefined;
  #block = new Uint8Array(0);
  #used = 0;
  #written = 0;
  #handle: number | undefined;
  #isSent = false;
  #state: "open" | "finished" | "failed" | "discarded" = "open";
  #failure: ErrorCode | undefined;

  /** @param announced - what the request's Content-Length says */
  constructor(context: GuestContext, announced: number | undefined) {
    this.#context = context;
    this.#announced = announced;
  }

  /** Whether the guest may write more. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  write(bytes: Uint8Array): Awaitable<void> {
    // What failed is told by `finish` and by the future response. JavaScript engines end themselves over a write that fails.
    if (this.#state === "failed" || this.#state === "discarded") return;
    if (this.#state === "finished") throw new ImportError({ tag: "closed" });
    this.#written += bytes.length;
    if (this.#used + bytes.length <= BLOCK_BYTES) return this.#keep(bytes);
    const kept = this.#takeBlock();
    const pieces = bytes.length > BLOCK_BYTES ? [kept, bytes] : [kept];
    return after(this.#deliver(pieces), () => (pieces.length > 1 || this.#state === "failed" ? undefined : this.#keep(bytes)));
  }

  /** @throws {ImportError} an error code. */
  finish(): Awaitable<void> {
    if (this.#state === "failed") throw new ImportError(this.#failure);
    if (this.#state === "discarded") return;
    if (this.#announced !== undefined && this.#announced !== this.#written) {
      const code = { tag: "HTTP-request-body-size", val: BigInt(this.#written) };
      this.fail(code);
      throw new ImportError(code);
    }
    this.#state = "finished";
    const handle = this.#handle;
    if (handle === undefined) return;
    return attempt(() => this.#context.channel.call("http.body.finish", [handle, this.#takeBlock()]), () => this.#release(), (error) => {
      this.fail(errorCodeOf(error));
      throw error;
    });
  }

  /** What to send with the request, which is being made now. */
  content(): Awaitable<BodyContent> {
    this.#isSent = true;
    if (this.#failure !== undefined) return { kind: "failed", code: this.#failure };
    if (this.#state === "finished" && this.#handle === undefined) return { kind: "whole", bytes: this.#takeBlock() };
    return after(this.#open(), (handle) => ({ kind: "page", handle }));
  }

  /** The request has been made, or never will be. */
  release(): void {
    this.#isSent = true;
    if (this.#state !== "open") this.#release();
  }

  fail(code: ErrorCode): void {
    if (this.#state === "failed") return;
    this.#state = "failed";
    this.#failure = code;
    this.#block = new Uint8Array(0);
    this.#used = 0;
    // The page fails the request of a body that goes before it is finished.
    this.#drop();
  }

  /** The request was refused, and its future says so: what is still written is thrown away. */
  discard(): void {
    this.fail(internalError("the request was refused"));
    this.#state = "discarded";
  }

  /** The guest dropped the body. */
  dropped(): void {
    if (this.#state === "open") this.fail(internalError("the request's body was dropped before it was finished"));
  }

  #keep(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#block.length) {
      const larger = new Uint8Array(Math.min(BLOCK_BYTES, Math.max(4_096, 2 * this.#block.length, this.#used + bytes.length)));
      larger.set(this.#block.subarray(0, this.#used));
      this.#block = larger;
    }
    this.#block.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #takeBlock(): Uint8Array {
    const block = this.#block.slice(0, this.#used);
    this.#used = 0;
    return block;
  }

  #deliver(pieces: readonly Uint8Array[]): Awaitable<void> {
    const [piece, ...rest] = pieces;
    if (piece === undefined) return;
    const call = () => after(this.#open(), (handle) => this.#context.channel.call("http.body.write", [handle, piece]));
    return attempt(call, () => this.#deliver(rest), (error) => this.fail(errorCodeOf(error)));
  }

  #open(): Awaitable<number> {
    if (this.#handle !== undefined) return this.#handle;
    return after(this.#context.channel.call("http.body.open", []), (handle) => (this.#handle = Number(handle)));
  }

  /** The page's body is needed until it is finished and a request has it. */
  #release(): void {
    if (this.#isSent) this.#drop();
  }

  #drop(): void {
    if (this.#handle !== undefined) this.#context.channel.send("handle.drop", [this.#handle]);
    this.#handle = undefined;
  }
}

/** `wasi:http/types` `outgoing-body`. */
export class OutgoingBody {
  readonly #context: GuestContext;
  readonly #writer: BodyWriter;
  #stream: "untaken" | "taken" | "dropped" = "untaken";

  constructor(context: GuestContext, writer: BodyWriter) {
    this.#context = context;
    this.#writer = writer;
  }

  static finish(body: OutgoingBody, trailers: Fields | undefined): Awaitable<void> {
    body.#checkStream("finished");
    if (trailers !== undefined && trailers.entries().length > 0) {
      const code = { tag: "HTTP-request-trailer-section-size", val: 0 };
      body.#writer.fail(code);
      throw new ImportError(code);
    }
    return body.#writer.finish();
  }

  write(): OutputStream {
    if (this.#stream !== "untaken") throw new ImportError(undefined);
    this.#stream = "taken";
    return new OutputStream(this.#context, {
      write: (bytes) => this.#writer.write(bytes),
      flush: () => undefined,
      drop: () => (this.#stream = "dropped"),
    });
  }

  [disposeSymbol](): void {
    this.#checkStream("dropped");
    this.#writer.dropped();
  }

  /** The stream is a child of the body (types.wit, `outgoing-body.write`): it goes first. */
  #checkStream(fate: string): void {
    if (this.#stream !== "taken") return;
    throw this.#context.end({ kind: "trap", message: `an outgoing-body was ${fate} before its output-stream was dropped (wasi:http/types)` });
  }
}
