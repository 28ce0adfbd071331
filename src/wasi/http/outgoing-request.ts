import { isToken } from "../../capability/http-fields.js";
import { disposeSymbol, type GuestContext, ImportError } from "../guest-context.js";
import { Fields } from "./fields.js";
import { BodyWriter, OutgoingBody } from "./outgoing-body.js";

/** `method` and `scheme` of wasi:http/types. */
export interface NamedCase {
  readonly tag: string;
  readonly val?: string;
}

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
// Visible ASCII without what ends or begins another part of a URL (RFC 3986). The page takes fewer: `HTTP-request-URI-invalid`.
const AUTHORITY = /^[!$-.0-;=A-Z[\]_a-z~@]+$/;
const PATH_WITH_QUERY = /^[!$-~]*$/;

/** What an `outgoing-request` is made of. */
export interface RequestParts {
  method: NamedCase;
  scheme: NamedCase | undefined;
  authority: string | undefined;
  path: string | undefined;
  readonly headers: Fields;
  body: BodyWriter | undefined;
}

let readParts: (request: OutgoingRequest) => RequestParts;

/** `wasi:http/types` `outgoing-request`. */
export class OutgoingRequest {
  readonly #context: GuestContext;
  readonly #parts: RequestParts;

  constructor(headers: Fields, context: GuestContext) {
    this.#context = context;
    this.#parts = { method: { tag: "get" }, scheme: undefined, authority: undefined, path: undefined, headers: Fields.of(headers.entries(), true), body: undefined };
  }

  method(): NamedCase {
    return this.#parts.method;
  }
  setMethod(method: NamedCase): void {
    refuseUnless(method.val === undefined || isToken(method.val));
    this.#parts.method = method;
  }
  pathWithQuery(): string | undefined {
    return this.#parts.path;
  }
  setPathWithQuery(path: string | undefined): void {
    refuseUnless(path === undefined || PATH_WITH_QUERY.test(path));
    this.#parts.path = path;
  }
  scheme(): NamedCase | undefined {
    return this.#parts.scheme;
  }
  setScheme(scheme: NamedCase | undefined): void {
    refuseUnless(scheme?.val === undefined || SCHEME.test(scheme.val));
    this.#parts.scheme = scheme;
  }
  authority(): string | undefined {
    return this.#parts.authority;
  }
  setAuthority(authority: string | undefined): void {
    refuseUnless(authority === undefined || AUTHORITY.test(authority));
    this.#parts.authority = authority;
  }
  headers(): Fields {
    return this.#parts.headers;
  }
  body(): OutgoingBody {
    refuseUnless(this.#parts.body === undefined);
    this.#parts.body = new BodyWriter(this.#context, announcedLength(this.#parts.headers));
    return new OutgoingBody(this.#context, this.#parts.body);
  }

  [disposeSymbol](): void {
    this.#parts.body?.release();
  }

  static {
    readParts = (request) => request.#parts;
  }
}

/** The parts of a request that is being made: no method, so that no guest can call it. */
export function partsOf(request: OutgoingRequest): RequestParts {
  return readParts(request);
}

/** The class as one instance's guest constructs it: from headers alone. */
export function outgoingRequestClass(context: GuestContext): new (headers: Fields) => OutgoingRequest {
  class InstanceRequest extends OutgoingRequest {
    constructor(headers: Fields) {
      super(headers, context);
    }
  }
  // An import table takes inherited members for missing ones, and denies them.
  for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(OutgoingRequest.prototype))) {
    if (name !== "constructor") Object.defineProperty(InstanceRequest.prototype, name, member);
  }
  return InstanceRequest;
}

/** Signals the empty error of the setters. */
function refuseUnless(isValid: boolean): void {
  if (!isValid) throw new ImportError(undefined);
}

function announcedLength(headers: Fields): number | undefined {
  const [value] = headers.get("content-length");
  const text = value === undefined ? "" : String.fromCharCode(...value.subarray(0, 20));
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
