import { after, attempt, type Awaitable } from "../awaitable.js";
import { disposeSymbol, type GuestContext, ImportError } from "../guest-context.js";
import { InputStream } from "../io.js";
import { Pollable } from "../poll.js";
import { bodyFailure, codeOfText, type ErrorCode, errorCodeOf } from "./error-code.js";
import { type FieldEntry, Fields } from "./fields.js";

/** `result` inside another WIT type. */
export type Result<Value> = { readonly tag: "ok"; readonly val: Value } | { readonly tag: "err"; readonly val: unknown };

const ALREADY_TAKEN: Result<never> = { tag: "err", val: undefined };

/** What the page answers to `http.response`. */
interface ResponseHead {
  readonly status: number;
  readonly headers: readonly FieldEntry[];
  /** The number of the page's stream. */
  readonly body: number;
}

/** A request that was never made, with the error code that says why. */
export interface Refusal {
  readonly refused: unknown;
}

/** `wasi:http/types` `future-incoming-response`. */
export class FutureIncomingResponse {
  readonly #context: GuestContext;
  readonly #exchange: number | Refusal;
  #isTaken = false;

  constructor(context: GuestContext, exchange: number | Refusal) {
    this.#context = context;
    this.#exchange = exchange;
  }

  subscribe(): Pollable {
    return typeof this.#exchange === "number" ? Pollable.ofHandle(this.#context, this.#exchange) : Pollable.now(this.#context);
  }

  /** `undefined` until the answer is there, the answer or the error code once, and then an error. */
  get(): Awaitable<Result<Result<IncomingResponse>> | undefined> {
    if (this.#isTaken) return ALREADY_TAKEN;
    const answered = (result: Result<IncomingResponse>): Result<Result<IncomingResponse>> => {
      this.#isTaken = true;
      return { tag: "ok", val: result };
    };
    const exchange = this.#exchange;
    if (typeof exchange !== "number") return answered({ tag: "err", val: exchange.refused });
    return attempt(
      () => this.#context.channel.call("http.response", [exchange]),
      (head) => (head === undefined ? undefined : answered({ tag: "ok", val: new IncomingResponse(this.#context, head as ResponseHead) })),
      (error) => answered({ tag: "err", val: errorCodeOf(error) }),
    );
  }

  [disposeSymbol](): void {
    if (typeof this.#exchange === "number") this.#context.channel.send("handle.drop", [this.#exchange]);
  }
}

/** `wasi:http/types` `incoming-response`. */
export class IncomingResponse {
  readonly #context: GuestContext;
  readonly #head: ResponseHead;
  #isConsumed = false;

  constructor(context: GuestContext, head: ResponseHead) {
    this.#context = context;
    this.#head = head;
  }

  status(): number {
    return this.#head.status;
  }
  headers(): Fields {
    return Fields.of(this.#head.headers, true);
  }
  consume(): IncomingBody {
    if (this.#isConsumed) throw new ImportError(undefined);
    this.#isConsumed = true;
    return new IncomingBody(this.#context, this.#head.body);
  }

  [disposeSymbol](): void {
    if (!this.#isConsumed) this.#context.channel.send("handle.drop", [this.#head.body]);
  }
}

/** `wasi:http/types` `incoming-body`. */
export class IncomingBody {
  readonly #context: GuestContext;
  readonly #handle: number;
  #stream: "untaken" | "taken" | "dropped" = "untaken";
  #failure: ErrorCode | undefined;

  constructor(context: GuestContext, handle: number) {
    this.#context = context;
    this.#handle = handle;
  }

  static finish(body: IncomingBody): FutureTrailers {
    body.#close("finished");
    return new FutureTrailers(body.#context, body.#failure);
  }

  stream(): InputStream {
    if (this.#stream !== "untaken") throw new ImportError(undefined);
    this.#stream = "taken";
    return new InputStream(this.#context, {
      read: (length, blocking) => this.#read(length, blocking),
      subscribe: () => Pollable.ofHandle(this.#context, this.#handle),
      drop: () => (this.#stream = "dropped"),
    });
  }

  [disposeSymbol](): void {
    this.#close("dropped");
  }

  #read(length: number, blocking: boolean): Awaitable<Uint8Array> {
    const read = () => this.#context.channel.call("stream.read", [this.#handle, length, blocking]);
    return attempt(() => after(read(), (bytes) => bytes as Uint8Array), (bytes) => bytes, (error) => {
      const { tag, val } = errorCodeOf(error);
      if (tag !== "last-operation-failed") throw error;
      this.#failure = codeOfText(String(val));
      throw bodyFailure(this.#failure);
    });
  }

  /** The stream is a child of the body (types.wit, `incoming-body.stream`): it goes first. */
  #close(fate: string): void {
    if (this.#stream === "taken") {
      throw this.#context.end({ kind: "trap", message: `an incoming-body was ${fate} before its input-stream was dropped (wasi:http/types)` });
    }
    this.#context.channel.send("handle.drop", [this.#handle]);
  }
}

/** `wasi:http/types` `future-trailers`. There never are any: `fetch` does not show them. */
export class FutureTrailers {
  readonly #context: GuestContext;
  readonly #failure: ErrorCode | undefined;
  #isTaken = false;

  constructor(context: GuestContext, failure: ErrorCode | undefined) {
    this.#context = context;
    this.#failure = failure;
  }

  subscribe(): Pollable {
    return Pollable.now(this.#context);
  }
  get(): Result<Result<undefined>> {
    if (this.#isTaken) return ALREADY_TAKEN;
    this.#isTaken = true;
    return { tag: "ok", val: this.#failure === undefined ? { tag: "ok", val: undefined } : { tag: "err", val: this.#failure } };
  }
}
