import { BincodeProblem, type BincodeType } from "../../bincode/bincode-type.js";
import { decodeBincode } from "../../bincode/decode-bincode.js";
import { encodeBincode } from "../../bincode/encode-bincode.js";
import { PLUGIN_ERROR_CODES, type PluginErrorCode, type PluginStage } from "../../errors/error-codes.js";
import type { InstanceEnd } from "./executor.js";

/** Whatever is between a bridge and its executors changes this number when it changes. */
const PREFIX = "portcullis.1";

/**
 * Where messages go. Orders are for any executor; everything else of an instance goes to one bridge and one executor, of which the
 * names are drawn anew whenever they have lost their connection, so that nothing of before can be taken for something of after.
 */
export const SUBJECT = {
  orders: `${PREFIX}.orders`,
  toExecutor: (executor: string, channel: string) => `${PREFIX}.executor.${executor}.${channel}`,
  toBridge: (bridge: string, channel: string) => `${PREFIX}.bridge.${bridge}.${channel}`,
  alive: (kind: "executor" | "bridge", id: string) => `${PREFIX}.alive.${kind}.${id}`,
} as const;

/** The executors, as a queue group: each order is given to one of them. */
export const EXECUTORS = "executors";

interface Tagged<Tag extends string, Value = undefined> {
  readonly tag: Tag;
  readonly val: Value;
}

/** A bridge asks for an executor that takes one more instance. */
export interface OfferMessage {
  readonly bridge: string;
  readonly channel: string;
}

/** An executor's answer to an offer. */
export type OfferReply = Tagged<"accepted", { readonly executor: string }> | { readonly tag: "busy" };

export type PartMessage =
  /** A piece of a message. */
  | Tagged<"part", { readonly number: number; readonly isLast: boolean; readonly bytes: Uint8Array }>
  /** How much of the messages of the other side was taken since this was last said, in bytes. */
  | Tagged<"taken", number>
  /** Nothing more is wanted. It waits for nothing that was said before. */
  | { readonly tag: "end" };

export interface WireFailure {
  readonly code: string;
  readonly stage: string;
  readonly message: string;
}

type WireHostAnswer = Tagged<"ok", Uint8Array> | Tagged<"err", Uint8Array> | Tagged<"denied", { readonly authority: string; readonly import: string }> | Tagged<"failed", string>;
type WireOutcome = Tagged<"ok", Uint8Array> | Tagged<"err", Uint8Array> | Tagged<"trap", string> | Tagged<"resource-invalid", string> | Tagged<"host-failed", string> | Tagged<"failed", WireFailure>;
type WireEvent =
  | Tagged<"output", { readonly stream: "stdout" | "stderr"; readonly text: string }>
  | Tagged<"log", { readonly level: string; readonly context: string; readonly message: string }>
  | Tagged<"denied", { readonly authority: string; readonly import: string }>
  | { readonly tag: "output-truncated" };

export interface WireOrder {
  readonly id: string;
  readonly version: string;
  readonly manifestSha256: string;
  readonly grants: readonly string[];
  readonly config: string | undefined;
  readonly limits: { readonly instantiateMilliseconds: number; readonly callMilliseconds: number; readonly memoryBytes: number; readonly messageBytes: number; readonly logBytes: number };
}

export type ToExecutor =
  | Tagged<"start", WireOrder>
  | Tagged<"call", { readonly call: number; readonly target: string; readonly arguments: Uint8Array; readonly milliseconds: number }>
  | Tagged<"drop", { readonly call: number; readonly resource: number }>
  | Tagged<"host-answer", { readonly id: number; readonly answer: WireHostAnswer }>
  | { readonly tag: "pause" } | { readonly tag: "resume" };

export type ToBridge =
  | { readonly tag: "started" }
  | Tagged<"answer", { readonly call: number; readonly outcome: WireOutcome }>
  | Tagged<"host-call", { readonly id: number; readonly target: string; readonly arguments: Uint8Array }>
  | Tagged<"event", WireEvent>
  /** It did not start, or has ended. The last message. */
  | Tagged<"ended", WireFailure>;

const bytes: BincodeType = { kind: "list", element: "u8" };

function record(members: Readonly<Record<string, BincodeType>>): BincodeType {
  return { kind: "record", fields: Object.entries(members).map(([name, type]) => ({ name, type })) };
}

function variant(cases: Readonly<Record<string, BincodeType | null>>): BincodeType {
  return { kind: "variant", cases: Object.entries(cases).map(([name, type]) => ({ name, type })) };
}

const failure = record({ code: "string", stage: "string", message: "string" });
const denial = record({ authority: "string", import: "string" });

/** Reads and writes one kind of message. */
class MessageForm<Message> {
  readonly #type: BincodeType;

  constructor(type: BincodeType) {
    this.#type = type;
  }

  encode(message: Message): Uint8Array {
    return encodeBincode(this.#type, message, "message");
  }

  /** @returns `undefined` for what is no such message. */
  decode(message: Uint8Array): Message | undefined {
    try {
      return decodeBincode(this.#type, message, "message") as Message;
    } catch (error) {
      if (error instanceof BincodeProblem) return undefined;
      throw error;
    }
  }
}

export const OFFER = new MessageForm<OfferMessage>(record({ bridge: "string", channel: "string" }));
export const OFFER_REPLY = new MessageForm<OfferReply>(variant({ accepted: record({ executor: "string" }), busy: null }));
export const PART = new MessageForm<PartMessage>(variant({ part: record({ number: "u32", isLast: "bool", bytes }), taken: "u32", end: null }));

export const TO_EXECUTOR = new MessageForm<ToExecutor>(variant({
  start: record({
    id: "string", version: "string", manifestSha256: "string", grants: { kind: "list", element: "string" }, config: { kind: "option", value: "string" },
    limits: record({ instantiateMilliseconds: "f64", callMilliseconds: "f64", memoryBytes: "f64", messageBytes: "f64", logBytes: "f64" }),
  }),
  call: record({ call: "u32", target: "string", arguments: bytes, milliseconds: "u32" }),
  drop: record({ call: "u32", resource: "u32" }),
  "host-answer": record({ id: "u32", answer: variant({ ok: bytes, err: bytes, denied: denial, failed: "string" }) }),
  pause: null, resume: null,
}));

export const TO_BRIDGE = new MessageForm<ToBridge>(variant({
  started: null,
  answer: record({ call: "u32", outcome: variant({ ok: bytes, err: bytes, trap: "string", "resource-invalid": "string", "host-failed": "string", failed: failure }) }),
  "host-call": record({ id: "u32", target: "string", arguments: bytes }),
  event: variant({
    output: record({ stream: { kind: "enum", cases: ["stdout", "stderr"] }, text: "string" }),
    log: record({ level: "string", context: "string", message: "string" }),
    denied: denial, "output-truncated": null,
  }),
  ended: failure,
}));

const CODES: ReadonlyMap<string, PluginErrorCode> = new Map(PLUGIN_ERROR_CODES.map((code) => [code, code]));
const STAGES: ReadonlyMap<string, PluginStage> = new Map((["verify", "admit", "instantiate", "call", "close", "configure"] as const).map((stage) => [stage, stage]));
const MESSAGE_LENGTH = 4_096;

/** What an executor reports, in the terms of this side. */
export function instanceEnd({ code, stage, message }: WireFailure): InstanceEnd {
  return { code: CODES.get(code) ?? "crashed", stage: STAGES.get(stage) ?? "call", message: message.slice(0, MESSAGE_LENGTH) };
}
