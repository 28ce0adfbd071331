import type { CarrierStep, GuestEvent, HostCallRequest, Outcome, SelfTest, SourceRequest } from "./messages.js";

/**
 * Reads what a worker sent. The worker is an attacker: nothing is assumed of a message's shape, only own
 * members are read, and the result is built anew, so no extra member travels further.
 * Every function returns `undefined` for a message that is not what it must be.
 */
export function parseOutcome(message: unknown): Outcome | undefined {
  const members = ownMembers(message);
  switch (members?.get("kind")) {
    case "ok":
      return { kind: "ok", value: members.get("value") };
    case "err":
      return { kind: "err", value: members.get("value") };
    case "denied":
      return denial(members);
    case "exited": {
      const success = members.get("success");
      return typeof success === "boolean" ? { kind: "exited", success } : undefined;
    }
    case "resource-invalid":
      return withMessage("resource-invalid", members);
    case "host-failed":
      return withMessage("host-failed", members);
    case "memory-exhausted":
      return withMessage("memory-exhausted", members);
    case "trap":
      return withMessage("trap", members);
    case "too-large": {
      const messageBytes = members.get("messageBytes");
      return typeof messageBytes === "number" ? { kind: "too-large", messageBytes } : undefined;
    }
    default:
      return undefined;
  }
}

function parseGuestEvent(message: unknown): GuestEvent | undefined {
  const members = ownMembers(message);
  switch (members?.get("kind")) {
    case "output": {
      const stream = members.get("stream");
      const text = members.get("text");
      if ((stream !== "stdout" && stream !== "stderr") || typeof text !== "string") return undefined;
      return { kind: "output", stream, text };
    }
    case "log": {
      const [level, context, text] = [members.get("level"), members.get("context"), members.get("message")];
      if (typeof level !== "string" || typeof context !== "string" || typeof text !== "string") return undefined;
      return { kind: "log", level, context, message: text };
    }
    case "denied":
      return denial(members);
    case "output-truncated":
      return { kind: "output-truncated" };
    default:
      return undefined;
  }
}

function parseSelfTest(message: unknown): SelfTest | undefined {
  const members = ownMembers(message);
  const sealed = members?.get("sealed");
  if (sealed === true) return { sealed };
  const open = boundedText(members?.get("open"));
  return sealed === false && open !== undefined ? { sealed, open } : undefined;
}

/**
 * A Comlink answer in the one form that the link allows: a raw value for a call.
 * Comlink's own "proxy" and "throw" forms would hand the worker an object of the page, or objects made of
 * its choosing; the plugin worker never needs them.
 */
export function parseAnswer(message: unknown): { readonly id: string; readonly value: unknown } | undefined {
  const members = ownMembers(message);
  const id = members?.get("id");
  if (typeof id !== "string" || members?.get("type") !== "RAW") return undefined;
  return { id, value: members.get("value") };
}

/** A message that the worker sent of its own accord. */
export type Announcement = { readonly sourceRequest: SourceRequest } | { readonly event: GuestEvent } | { readonly hostCall: HostCallRequest } | { readonly seal: SelfTest };

/** Reads `{ event }`, `{ hostCall }`, `{ sourceRequest }`, or `{ seal }`, which comes once at the worker's start. */
export function parseAnnouncement(message: unknown): Announcement | undefined {
  const members = ownMembers(message);
  if (members?.size !== 1) return undefined;
  const hostCall = parseHostCall(members.get("hostCall"));
  if (hostCall !== undefined) return { hostCall };
  const sourceRequest = parseSourceRequest(members.get("sourceRequest"));
  if (sourceRequest !== undefined) return { sourceRequest };
  const event = parseGuestEvent(members.get("event"));
  if (event !== undefined) return { event };
  const seal = parseSelfTest(members.get("seal"));
  return seal === undefined ? undefined : { seal };
}

function parseHostCall(message: unknown): HostCallRequest | undefined {
  const members = ownMembers(message);
  const [id, operation, values] = [members?.get("id"), members?.get("operation"), members?.get("arguments")];
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0) return undefined;
  if (typeof operation !== "string" || operation.length > OPERATION_LENGTH || !Array.isArray(values)) return undefined;
  return { id, operation, arguments: values };
}

function parseSourceRequest(message: unknown): SourceRequest | undefined {
  const members = ownMembers(message);
  const [source, wish] = [members?.get("source"), members?.get("wish")];
  if (typeof source !== "number" || !Number.isSafeInteger(source) || (wish !== "next" && wish !== "leave")) return undefined;
  return { source, wish };
}

/** Reads what a worker answered for one step of its own stream or future: those cannot fail but with their instance. */
export function parseCarrierStep(message: unknown): Exclude<CarrierStep, { readonly kind: "failed" }> | undefined {
  const members = ownMembers(message);
  const kind = members?.get("kind");
  if (kind === "end") return { kind };
  return kind === "item" ? { kind, value: members?.get("value") } : undefined;
}

// Operations are our own names; the longest has about twenty characters.
const OPERATION_LENGTH = 64;

function withMessage<Kind extends "resource-invalid" | "host-failed" | "memory-exhausted" | "trap">(kind: Kind, members: ReadonlyMap<string, unknown>): { kind: Kind; message: string } | undefined {
  const message = boundedText(members.get("message"));
  return message === undefined ? undefined : { kind, message };
}

function denial(members: ReadonlyMap<string, unknown>): { kind: "denied"; authority: string; import: string } | undefined {
  const authority = boundedText(members.get("authority"));
  const imported = boundedText(members.get("import"));
  if (authority === undefined || imported === undefined) return undefined;
  return { kind: "denied", authority, import: imported };
}

// A name or reason for people. What is longer is not one, and would only fill the app's logs.
const TEXT_LENGTH = 4_096;

function boundedText(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, TEXT_LENGTH) : undefined;
}

// Messages have at most five members; one with hundreds of thousands would cost time to list.
const MEMBER_COUNT = 16;

function ownMembers(message: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const entries = Object.entries(message);
  return entries.length <= MEMBER_COUNT ? new Map(entries) : undefined;
}
