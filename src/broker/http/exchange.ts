import type { HostHandle } from "../handle-table.js";
import type { ByteSource } from "../input-streams.js";
import { ExchangeFailure, internalError, requestBodyTooLarge } from "./error-code.js";
import type { RequestBody } from "./request-body.js";
import { isRedirect, readHead, type ResponseHead } from "./response-head.js";
import type { FilledHeaders } from "./secrets.js";

/** The guest's own bounds, in milliseconds. */
export interface ExchangeTimeouts {
  /** Until the head of the answer. */
  readonly firstByte: number | undefined;
  /** Between two pieces of its body. */
  readonly betweenBytes: number | undefined;
}

export interface ExchangeOptions {
  readonly fetch: typeof fetch;
  readonly url: URL;
  readonly method: string;
  readonly body: RequestBody | undefined;
  readonly timeouts: ExchangeTimeouts;
  /** Bound of the whole exchange, in milliseconds. */
  readonly milliseconds: number;
  /** Bound of the answer's decoded body. */
  readonly responseBytes: number;
  /**
   * Checks the grants as they are now, and fills the secrets in.
   * @throws {ExchangeFailure} `HTTP-request-denied`.
   */
  readonly authorize: () => FilledHeaders;
  /** The server sent the request on. */
  readonly onRedirect: () => void;
  readonly onEnd: () => void;
}

/** A request and its answer. Ready when the answer's head is there, or the failure. */
export class Exchange implements HostHandle {
  readonly #options: ExchangeOptions;
  readonly #abort = new AbortController();
  readonly #wholeTimer: ReturnType<typeof setTimeout>;
  #failure: ExchangeFailure | undefined;
  #answer: { readonly head: ResponseHead; readonly body: ByteSource } | undefined;
  #isTaken = false;
  #isOver = false;
  // Rejects when the exchange fails: whatever is waited for then, an app's own `fetch` may never end it.
  #reject: (failure: ExchangeFailure) => void = () => undefined;
  readonly #failing = new Promise<never>((_, reject) => (this.#reject = reject));
  readonly #settled: Promise<void>;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#failing.catch(() => undefined);
    this.#wholeTimer = setTimeout(() => this.fail(this.#tooLong()), options.milliseconds);
    this.#settled = this.#run().catch((error: unknown) => this.fail(failureOf(error)));
  }

  ready(): Promise<void> | undefined {
    return this.#answer === undefined && this.#failure === undefined ? this.#settled : undefined;
  }

  /** The answer, once; `undefined` if it is not there yet. @throws {ExchangeFailure} if there will be none. */
  take(): { readonly head: ResponseHead; readonly body: ByteSource } | undefined {
    if (this.#failure !== undefined && !this.#isTaken) throw this.#failure;
    if (this.#answer === undefined || this.#isTaken) return undefined;
    this.#isTaken = true;
    return this.#answer;
  }

  /** Ends it, whatever it is doing. */
  fail(failure: ExchangeFailure): void {
    if (this.#isOver) return;
    this.#failure = failure;
    this.#end();
    this.#options.body?.fail(failure);
    this.#reject(failure);
    this.#abort.abort();
  }

  /** The guest dropped its future. An answer that it has taken lives on in its body. */
  dispose(): void {
    if (!this.#isTaken) this.fail(internalError("the request was dropped"));
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#wholeTimer);
    this.#options.body?.free();
    this.#options.onEnd();
  }

  #tooLong(): ExchangeFailure {
    const { body, milliseconds } = this.#options;
    if (body !== undefined && !body.isFinished) {
      return new ExchangeFailure({ tag: "connection-write-timeout" }, `the request's body was not finished within ${milliseconds} ms`);
    }
    return new ExchangeFailure({ tag: "HTTP-response-timeout" }, `the exchange took longer than ${milliseconds} ms`);
  }

  async #run(): Promise<void> {
    const { method, body, timeouts, responseBytes, authorize, onRedirect } = this.#options;
    const content = await this.#orFailure(body?.whole());
    if (content !== undefined && (method === "GET" || method === "HEAD")) {
      throw requestBodyTooLarge(content.size, `no browser sends a body with ${method}`);
    }
    // Again: while the guest wrote the body, the grant may have been taken back.
    const { headers, used } = authorize();
    const response = await this.#within(timeouts.firstByte, this.#fetch(headers, content));
    body?.free();
    authorize();
    if (isRedirect(response)) {
      onRedirect();
      throw new ExchangeFailure({ tag: "HTTP-protocol-error" }, "the server answered with a redirect, which is never followed");
    }
    const head = readHead(response, method, responseBytes, used);
    this.#answer = { head, body: this.#bodyOf(response) };
  }

  async #fetch(headers: FilledHeaders["headers"], body: Blob | undefined): Promise<Response> {
    const { fetch: send, url, method } = this.#options;
    const init: RequestInit = {
      method,
      headers: headers.map(([name, value]): [string, string] => [name, value]),
      body: body ?? null,
      signal: this.#abort.signal,
      // None of the user's authority, and nothing about where the request comes from.
      credentials: "omit",
      referrer: "",
      referrerPolicy: "no-referrer",
      cache: "no-store",
      redirect: "manual",
      // Always: the page could send requests that it may not read, but a plugin shall not.
      mode: "cors",
      keepalive: false,
      window: null,
    };
    try {
      const response = await send(url.href, init);
      // An app's own `fetch` may answer after the end.
      if (this.#isOver) void response.body?.cancel().catch(() => undefined);
      return response;
    } catch {
      throw internalError("no answer: the server cannot be reached, or does not let this page's origin read it (CORS), or the page's policy forbids it (connect-src)");
    }
  }

  #bodyOf(response: Response): ByteSource {
    const reader = response.body?.getReader();
    if (reader === undefined) {
      this.#end();
      return { next: () => Promise.resolve(undefined), cancel: () => undefined };
    }
    let received = 0;
    return {
      cancel: () => this.fail(internalError("the answer was dropped")),
      next: async () => {
        const { timeouts, responseBytes, authorize } = this.#options;
        try {
          if (this.#failure !== undefined) throw this.#failure;
          authorize();
          const { done, value } = await this.#within(timeouts.betweenBytes, reader.read());
          if (done) {
            if (!this.#isOver) this.#end();
            return undefined;
          }
          received += value.byteLength;
          if (received > responseBytes) throw new ExchangeFailure({ tag: "HTTP-response-body-size", val: BigInt(received) }, `an answer may have ${responseBytes} bytes`);
          return value;
        } catch (error) {
          const failure = this.#failure ?? (error instanceof ExchangeFailure ? error : incomplete());
          this.fail(failure);
          throw failure;
        }
      },
    };
  }

  /** What comes of `work`, unless the exchange ends before. */
  #orFailure<Value>(work: Promise<Value> | undefined): Promise<Value | undefined> {
    return Promise.race([work, this.#failing]);
  }

  /** The same, and the guest's own time for it. */
  async #within<Value>(milliseconds: number | undefined, work: Promise<Value>): Promise<Value> {
    if (milliseconds === undefined) return Promise.race([work, this.#failing]);
    const failure = new ExchangeFailure({ tag: "connection-read-timeout" }, `nothing came for ${milliseconds} ms, which is the plugin's own bound`);
    const timer = setTimeout(() => this.fail(failure), milliseconds);
    try {
      return await Promise.race([work, this.#failing]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function failureOf(error: unknown): ExchangeFailure {
  return error instanceof ExchangeFailure ? error : internalError("the exchange failed");
}

function incomplete(): ExchangeFailure {
  return new ExchangeFailure({ tag: "HTTP-response-incomplete" }, "the connection ended in the middle of the answer");
}
