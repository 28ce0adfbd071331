import { permitsRequest } from "../../capability/http-match.js";
import { isToken } from "../../capability/http-fields.js";
import type { Broker, BrokerContext, HostOperation } from "../broker.js";
import { receivedBytes } from "../byte-array.js";
import { InterfaceError, MalformedCall } from "../call-errors.js";
import { HostInputStream } from "../input-streams.js";
import { ExchangeFailure, internalError, requestDenied } from "./error-code.js";
import { Exchange } from "./exchange.js";
import { BodyBudget, RequestBody } from "./request-body.js";
import { checkHeaders } from "./request-headers.js";
import { requestUrl } from "./request-url.js";
import { readSendRequest, type SendRequest } from "./send-request.js";
import { type FilledHeaders, fillSecrets, SecretRefused } from "./secrets.js";

export interface HttpBrokerOptions {
  /** What makes the requests. Default: the page's own. A service worker of the app sees them, as it sees the page's. */
  readonly fetch?: typeof fetch | undefined;
  /** By name: what `{secret:NAME}` in a header's value stands for. */
  readonly secrets?: ReadonlyMap<string, string> | undefined;
}

const HANDLE = "wasi:http/outgoing-handler#handle";
// Fetch Standard, "forbidden method". No capability can name one either.
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
const LONGEST_SUMMARY = 200;

/**
 * The page's end of wasi:http/outgoing-handler: makes the requests that were granted, with `fetch`. A request is decided on
 * its parsed URL and its method, when it is made, when it leaves, when its answer comes and at every piece of that.
 * It carries no credentials, no referrer and no cookies, is never redirected, and is bounded in time and size.
 *
 * What `fetch` cannot do: trailers in either direction, a body with GET or HEAD, and an answer before the request's body is whole.
 * A guest tells failures apart by `error-code`:
 * - `HTTP-request-denied`: not granted (any more), or a header that the browser keeps for itself
 * - `HTTP-request-URI-invalid`, `HTTP-request-method-invalid`: not written as URLs and methods are
 * - `HTTP-protocol-error`: the server answered with a redirect, and nothing else has this code
 * - `HTTP-response-timeout`: the host's bound of the whole exchange; `connection-read-timeout`: the guest's own;
 *   `connection-write-timeout`: the guest had not finished the body
 * - `HTTP-request-body-size`, `HTTP-response-body-size`: larger than its bound (decoded, so that compression hides nothing)
 * - `connection-limit-reached`: too many at once
 * - `internal-error`: no answer. A browser does not tell a page whether the server is gone or forbids it to read (CORS).
 */
export function createHttpBroker(context: BrokerContext, options: HttpBrokerOptions): Broker {
  const service = new HttpService(context, options);
  return {
    operations: new Map<string, HostOperation>([
      ["http.send", (values) => orInterfaceError(() => service.send(readSendRequest(values)))],
      ["http.response", ([exchange]) => orInterfaceError(() => service.response(exchange))],
      ["http.body.open", () => orInterfaceError(() => service.openBody())],
      ["http.body.write", ([id, bytes]) => orInterfaceError(() => context.handles.get(id, RequestBody).write(receivedBytes(bytes)))],
      [
        "http.body.finish",
        ([id, bytes]) => orInterfaceError(() => {
          const body = context.handles.get(id, RequestBody);
          body.write(receivedBytes(bytes));
          body.finish();
        }),
      ],
    ]),
    dispose: () => service.dispose(),
  };
}

class HttpService {
  readonly #context: BrokerContext;
  readonly #fetch: typeof fetch;
  readonly #secrets: ReadonlyMap<string, string>;
  readonly #budget: BodyBudget;
  readonly #underWay = new Set<Exchange>();

  constructor(context: BrokerContext, { fetch: send, secrets }: HttpBrokerOptions) {
    this.#context = context;
    // Called without a receiver: `fetch` refuses any but the window.
    this.#fetch = send ?? ((input, init) => fetch(input, init));
    this.#secrets = secrets ?? new Map();
    this.#budget = new BodyBudget(context.limits.httpRequestBytes);
    context.signal.addEventListener("abort", () => this.dispose(), { once: true });
  }

  openBody(): number {
    return this.#context.handles.add(new RequestBody(this.#budget), { tag: "connection-limit-reached" });
  }

  send(request: SendRequest): number {
    const { limits, handles, signal } = this.#context;
    const { method } = request;
    if (!isToken(method)) throw new ExchangeFailure({ tag: "HTTP-request-method-invalid" }, "the method is no token");
    const url = requestUrl(request.scheme, request.authority, request.path);
    const authorize = () => this.#authorize(url, request);
    authorize();
    if (signal.aborted || this.#underWay.size >= limits.httpConcurrent) {
      throw new ExchangeFailure({ tag: "connection-limit-reached" }, `${limits.httpConcurrent} exchanges are under way`);
    }
    const body = this.#claimBody(request.body);
    const exchange = new Exchange({
      fetch: this.#fetch,
      url, method, body, authorize,
      timeouts: request.timeouts,
      milliseconds: limits.httpMilliseconds,
      responseBytes: limits.httpResponseBytes,
      onRedirect: () => this.#deny("http", `${summary(method, url)} (answered with a redirect)`),
      onEnd: () => this.#underWay.delete(exchange),
    });
    this.#underWay.add(exchange);
    return handles.add(exchange, { tag: "connection-limit-reached" });
  }

  /** The head of the answer and its body's stream; `undefined` if it is not there yet. */
  response(id: unknown): unknown {
    const { handles } = this.#context;
    const answer = handles.get(id, Exchange).take();
    if (answer === undefined) return undefined;
    return { ...answer.head, body: handles.add(new HostInputStream(answer.body), { tag: "connection-limit-reached" }) };
  }

  dispose(): void {
    for (const exchange of this.#underWay) exchange.fail(internalError("the plugin's instance has ended"));
  }

  #claimBody(body: SendRequest["body"]): RequestBody | undefined {
    if (body === undefined) return undefined;
    if (typeof body === "number") {
      const open = this.#context.handles.get(body, RequestBody);
      if (!open.claim()) throw new MalformedCall("a body for two requests");
      return open;
    }
    const whole = new RequestBody(this.#budget);
    whole.write(body);
    whole.finish();
    whole.claim();
    return whole;
  }

  #authorize(url: URL, { method, headers }: SendRequest): FilledHeaders {
    const grants = this.#context.grants();
    const isGranted = !FORBIDDEN_METHODS.has(method.toUpperCase()) && grants.some((grant) => grant.kind === "http" && permitsRequest(grant, url, method));
    if (!isGranted) throw this.#refuse("http", summary(method, url), "no capability is granted for this request");
    try {
      return fillSecrets(this.#checked(url, method, headers), url, grants, this.#secrets);
    } catch (error) {
      if (!(error instanceof SecretRefused)) throw error;
      if (!error.isUnusable) throw this.#refuse("secret", `${error.secret} for ${summary(method, url)}`, "a secret may not be sent there");
      this.#context.reportFailure(error);
      throw new ExchangeFailure({ tag: "configuration-error" }, "the app's secret cannot be sent");
    }
  }

  #checked(url: URL, method: string, headers: SendRequest["headers"]): SendRequest["headers"] {
    try {
      return checkHeaders(headers);
    } catch (error) {
      if (error instanceof ExchangeFailure && error.code.tag === "HTTP-request-denied") this.#deny("http", `${summary(method, url)} with a forbidden header`);
      throw error;
    }
  }

  #refuse(capability: "http" | "secret", what: string, reason: string): ExchangeFailure {
    this.#deny(capability, what);
    return requestDenied(reason);
  }

  #deny(capability: "http" | "secret", what: string): void {
    this.#context.deny({ capability, function: HANDLE, summary: what.slice(0, LONGEST_SUMMARY) });
  }
}

/** Without the query, which may be confidential. */
function summary(method: string, url: URL): string {
  return `${method} ${url.origin}${url.pathname}`;
}

function orInterfaceError<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw error instanceof ExchangeFailure ? new InterfaceError(error.code) : error;
  }
}
