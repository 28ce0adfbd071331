import type { CapabilityKind } from "../capability/capability.js";

/** The imported function's `err`, with a payload in the shape of its WIT type. */
export class InterfaceError extends Error {
  readonly payload: unknown;

  constructor(payload: unknown) {
    super("error result");
    this.payload = payload;
  }
}

/** Ends the instance: the function has no way to say that it was denied. */
export class DeniedCall extends Error {
  readonly capability: CapabilityKind;
  readonly imported: string;

  constructor(capability: CapabilityKind, imported: string) {
    super(`denied: ${imported}`);
    this.capability = capability;
    this.imported = imported;
  }
}

/** Ends the instance: what the app provides failed, and was reported to it. The message says what, and never how. */
export class ReportedFailure extends Error {}

/** A call that the runtime in the worker never makes: something else got hold of its port. Ends the instance. */
export class MalformedCall extends Error {}
