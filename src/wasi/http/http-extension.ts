import { after, attempt, type Awaitable } from "../awaitable.js";
import { type GuestContext, type ImportImplementation, ImportError, type ResourceClass } from "../guest-context.js";
import type { ImportExtension } from "../import-table.js";
import { httpErrorCode } from "./error-code.js";
import { Fields } from "./fields.js";
import { FutureIncomingResponse, FutureTrailers, IncomingBody, IncomingResponse } from "./incoming-response.js";
import { type BodyContent, OutgoingBody } from "./outgoing-body.js";
import { type NamedCase, type OutgoingRequest, outgoingRequestClass, partsOf, type RequestParts } from "./outgoing-request.js";
import { milliseconds, RequestOptions } from "./request-options.js";

/**
 * wasi:http 0.2, the client's side, given with the capability `http`. What a request may be is decided on the page; what
 * belongs to servers (`incoming-request`, `response-outparam`, `outgoing-response`) stays denied.
 */
export const httpExtension: ImportExtension = (context) => {
  if (!context.grants.has("http")) return [];
  const types: ImportImplementation = {
    functions: new Map([["http-error-code", httpErrorCode]]),
    resources: new Map<string, ResourceClass>([
      ["fields", Fields],
      ["outgoing-request", outgoingRequestClass(context)],
      ["outgoing-body", OutgoingBody],
      ["request-options", RequestOptions],
      ["future-incoming-response", FutureIncomingResponse],
      ["incoming-response", IncomingResponse],
      ["incoming-body", IncomingBody],
      ["future-trailers", FutureTrailers],
    ]),
  };
  const handle = (request: OutgoingRequest, options: RequestOptions | undefined) => send(context, partsOf(request), options);
  return [
    ["wasi:http/types", types],
    ["wasi:http/outgoing-handler", { functions: new Map([["handle", handle]]), resources: new Map() }],
  ];
};

function send(context: GuestContext, parts: RequestParts, options: RequestOptions | undefined): Awaitable<FutureIncomingResponse> {
  return after(parts.body?.content(), (content) => {
    if (content?.kind === "failed") throw new ImportError(content.code);
    const values = [
      methodName(parts.method), schemeName(parts.scheme), parts.authority, parts.path, parts.headers.entries(), sentBody(content),
      milliseconds(options?.firstByteTimeout()), milliseconds(options?.betweenBytesTimeout()),
    ];
    const sent = (exchange: unknown) => {
      parts.body?.release();
      return new FutureIncomingResponse(context, Number(exchange));
    };
    return attempt(() => context.channel.call("http.send", values), sent, (error) => {
      if (parts.body?.isOpen !== true || !(error instanceof ImportError)) {
        parts.body?.release();
        throw error;
      }
      // The guest is still writing the body. Told at once, StarlingMonkey leaves its writer behind, and polls what that has
      // dropped; the interface lets the future say it.
      parts.body.discard();
      return new FutureIncomingResponse(context, { refused: error.payload });
    });
  });
}

function sentBody(content: Exclude<BodyContent, { readonly kind: "failed" }> | undefined): Uint8Array | number | undefined {
  return content?.kind === "page" ? content.handle : content?.bytes;
}

function methodName({ tag, val }: NamedCase): string {
  return tag === "other" ? (val ?? "") : tag.toUpperCase();
}

/** https where the guest names none: the interface leaves the choice to the host. */
function schemeName(scheme: NamedCase | undefined): string {
  return scheme === undefined ? "https" : (scheme.tag === "other" ? (scheme.val ?? "") : scheme.tag).toLowerCase();
}
