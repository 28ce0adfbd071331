/** wasi:http `error-code`, in the shape of its WIT type. */
export interface ErrorCode {
  readonly tag: string;
  readonly val?: unknown;
}

/** Why an exchange came to nothing. */
export class ExchangeFailure extends Error {
  readonly code: ErrorCode;

  /** @param reason - for people: it is what a stream's error resource says, after the code's name. */
  constructor(code: ErrorCode, reason: string) {
    super(`${code.tag}: ${reason}`);
    this.code = code;
  }
}

export function internalError(reason: string): ExchangeFailure {
  return new ExchangeFailure({ tag: "internal-error", val: reason }, reason);
}

export function requestBodyTooLarge(size: number, reason: string): ExchangeFailure {
  return new ExchangeFailure({ tag: "HTTP-request-body-size", val: BigInt(size) }, reason);
}

export function requestDenied(reason: string): ExchangeFailure {
  return new ExchangeFailure({ tag: "HTTP-request-denied" }, reason);
}
