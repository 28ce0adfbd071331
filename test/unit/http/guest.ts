import { readFileSync } from "node:fs";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { toCamelCase, toPascalCase } from "../../../src/component/javascript-names.js";
import type { CapabilityKind } from "../../../src/capability/capability.js";
import type { GuestEvent, Outcome } from "../../../src/rpc/messages.js";
import { disposeSymbol, type GuestContext, ImportError } from "../../../src/wasi/guest-context.js";
import type { HostChannel } from "../../../src/wasi/host-channel.js";
import type { httpErrorCode } from "../../../src/wasi/http/error-code.js";
import type { Fields } from "../../../src/wasi/http/fields.js";
import { httpExtension } from "../../../src/wasi/http/http-extension.js";
import type { FutureIncomingResponse, FutureTrailers, IncomingBody, IncomingResponse } from "../../../src/wasi/http/incoming-response.js";
import type { OutgoingBody } from "../../../src/wasi/http/outgoing-body.js";
import type { OutgoingRequest } from "../../../src/wasi/http/outgoing-request.js";
import type { RequestOptions } from "../../../src/wasi/http/request-options.js";
import { createImportTable } from "../../../src/wasi/import-table.js";
import type { ErrorResource } from "../../../src/wasi/io.js";
import { fixturePath } from "../../fixtures/index.js";

/** What the glue of a component over wasi:http is given. */
export interface GuestHttp {
  readonly Fields: typeof Fields;
  readonly OutgoingRequest: new (headers: Fields) => OutgoingRequest;
  readonly OutgoingBody: typeof OutgoingBody;
  readonly RequestOptions: typeof RequestOptions;
  readonly IncomingBody: typeof IncomingBody;
  readonly handle: (request: OutgoingRequest, options?: RequestOptions) => FutureIncomingResponse | Promise<FutureIncomingResponse>;
  readonly httpErrorCode: typeof httpErrorCode;
}

const world = decodeComponent(readFileSync(fixturePath("network-probe")));

export function guestContext(channel: HostChannel, grants: readonly CapabilityKind[] = ["http"]): { context: GuestContext; events: GuestEvent[]; endings: Outcome[] } {
  const events: GuestEvent[] = [];
  const endings: Outcome[] = [];
  const context: GuestContext = {
    authority: { grants, environment: [], arguments: [], config: [], directories: [], hostInterfaces: [], standardInput: undefined, clockResolutionMilliseconds: 0 },
    grants: new Set(grants),
    emit: (event) => void events.push(event),
    channel,
    fatal: undefined,
    end(reason) {
      endings.push(reason);
      return new WebAssembly.RuntimeError("ended");
    },
  };
  return { context, events, endings };
}

/** The interfaces that the extension gives, by their JavaScript names. */
export function guestHttp(context: GuestContext): GuestHttp {
  const members = [...httpExtension(context, world)].flatMap(([, { functions, resources }]) => [
    ...[...functions].map(([name, implementation]): [string, unknown] => [toCamelCase(name), implementation]),
    ...[...resources].map(([name, resource]): [string, unknown] => [toPascalCase(name), resource]),
  ]);
  return Object.fromEntries(members) as unknown as GuestHttp;
}

/** What the glue of a real component is given, by interface without version. */
export function probeImports(context: GuestContext): ReadonlyMap<string, object> {
  const table = createImportTable(world, new Map(), context, [httpExtension]);
  return new Map(Object.entries(table).map(([name, members]) => [name.replace(/@.*/, ""), members]));
}

export interface GuestRequest {
  readonly method?: string;
  readonly url: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Uint8Array | string;
  readonly options?: RequestOptions;
}

export interface GuestResponse {
  readonly status: number;
  readonly headers: Fields;
  readonly body: Uint8Array;
  readonly text: string;
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]);

/** A request of which every part is as the text says, however wrong that is. */
export function makeRequest(http: GuestHttp, { method = "GET", url, headers = [] }: GuestRequest): OutgoingRequest {
  const request = new http.OutgoingRequest(http.Fields.fromList(headers.map(([name, value]) => [name, Buffer.from(value, "latin1")])));
  const [, scheme = "", authority = "", path] = /^([^:]*):\/\/([^/]*)(.*)$/s.exec(url) ?? [];
  request.setMethod(METHODS.has(method) ? { tag: method.toLowerCase() } : { tag: "other", val: method });
  request.setScheme(scheme === "http" || scheme === "https" ? { tag: scheme.toUpperCase() } : { tag: "other", val: scheme });
  request.setAuthority(authority);
  request.setPathWithQuery(path);
  return request;
}

/** Sends it the way that language runtimes do, and reads all of the answer. Rejects with an {@link HttpError}. */
export async function request(http: GuestHttp, asked: GuestRequest): Promise<GuestResponse> {
  const outgoing = makeRequest(http, asked);
  const body = asked.body === undefined ? undefined : outgoing.body();
  const future = await failing(() => http.handle(outgoing, asked.options));
  if (body !== undefined) await writeBody(http, body, Buffer.from(asked.body ?? ""));
  const response = await answerOf(future);
  const incoming = response.consume();
  const bytes = await readAll(http, incoming);
  const headers = response.headers();
  response[disposeSymbol]();
  return { status: response.status(), headers, body: bytes, text: Buffer.from(bytes).toString() };
}

export async function answerOf(future: FutureIncomingResponse): Promise<IncomingResponse> {
  await future.subscribe().block();
  const result = await future.get();
  future[disposeSymbol]();
  if (result?.tag !== "ok") throw new Error(`ready, and then ${JSON.stringify(result)}`);
  if (result.val.tag === "err") throw new HttpError(result.val.val);
  return result.val.val;
}

export async function writeBody(http: GuestHttp, body: OutgoingBody, bytes: Uint8Array, pieceBytes = 4_096): Promise<void> {
  const stream = body.write();
  for (let at = 0; at < bytes.length; at += pieceBytes) await streamFailing(http, () => stream.blockingWriteAndFlush(bytes.slice(at, at + pieceBytes)));
  stream[disposeSymbol]();
  await failing(() => http.OutgoingBody.finish(body, undefined));
}

export async function readAll(http: GuestHttp, body: IncomingBody): Promise<Uint8Array> {
  const stream = body.stream();
  const pieces: Uint8Array[] = [];
  try {
    while (true) pieces.push(await streamFailing(http, () => stream.blockingRead(65_536n)));
  } catch (error) {
    if (!(error instanceof StreamClosed)) throw error;
  } finally {
    stream[disposeSymbol]();
  }
  await trailersOf(http.IncomingBody.finish(body));
  return Buffer.concat(pieces);
}

async function trailersOf(future: FutureTrailers): Promise<void> {
  await future.subscribe().block();
  future.get();
}

/** The error code that a guest got. */
export class HttpError extends Error {
  readonly code: { readonly tag: string; readonly val?: unknown };

  constructor(code: unknown) {
    super(JSON.stringify(code, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)));
    this.code = code as HttpError["code"];
  }
}

class StreamClosed extends Error {}

async function failing<Value>(work: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ImportError && error.payload !== undefined ? new HttpError(error.payload) : error;
  }
}

async function streamFailing<Value>(http: GuestHttp, work: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    const { tag, val } = error instanceof ImportError ? (error.payload as { tag: string; val?: ErrorResource }) : { tag: "" };
    if (tag === "closed") throw new StreamClosed();
    if (tag === "last-operation-failed" && val !== undefined) throw new HttpError(http.httpErrorCode(val));
    throw error;
  }
}

/** The name of the error code that `work` fails with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof HttpError) return error.code.tag;
    throw error;
  }
  throw new Error("it succeeded");
}
