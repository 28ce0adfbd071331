import { BincodeProblem } from "../../bincode/bincode-type.js";
import { decodeBincode } from "../../bincode/decode-bincode.js";
import { encodeBincode } from "../../bincode/encode-bincode.js";
import { CLIENT_FRAME, SERVER_FRAME } from "./frame-types.js";

interface Tagged<Tag extends string, Value = undefined> {
  readonly tag: Tag;
  readonly val: Value;
}

/** Why something was refused or ended: the members of a `PluginError`. Codes and stages are texts until they are parsed. */
export interface FrameFailure {
  readonly code: string;
  readonly stage: string;
  readonly message: string;
}

/** What a page wants of one instance. */
export interface OpenFrame {
  /** The page's own number for the instance: never used twice on one connection. */
  readonly instance: number;
  readonly id: string;
  readonly version: string;
  readonly manifestSha256: string;
  /** What the page granted. The bridge intersects it with what the manifest asks for. */
  readonly grants: readonly string[];
  /** JSON. */
  readonly config: string | undefined;
  readonly limits: {
    readonly instantiateMilliseconds: number;
    readonly callMilliseconds: number;
    readonly memoryBytes: bigint;
    readonly messageBytes: bigint;
    readonly logBytes: bigint;
  };
}

export interface CallFrame {
  readonly instance: number;
  readonly call: number;
  /** `interface#function`, by component-level names. */
  readonly target: string;
  /** Bincode of the arguments' tuple. */
  readonly arguments: Uint8Array;
  readonly milliseconds: number;
}

export type HostAnswerFrame =
  | Tagged<"ok", Uint8Array>
  | Tagged<"err", Uint8Array>
  | Tagged<"denied", { readonly authority: string; readonly import: string }>
  | Tagged<"failed", string>;

/** Everything that a page may send. */
export type ClientFrame =
  | Tagged<"list", { readonly request: number }>
  | Tagged<"read", { readonly request: number; readonly id: string; readonly version: string | undefined }>
  | Tagged<"open", OpenFrame>
  | Tagged<"call", CallFrame>
  | Tagged<"drop", { readonly instance: number; readonly call: number; readonly resource: number }>
  | Tagged<"host-answer", { readonly instance: number; readonly id: number; readonly answer: HostAnswerFrame }>
  /** What the instance has from now on: less than before. */
  | Tagged<"revoke", { readonly instance: number; readonly grants: readonly string[] }>
  | Tagged<"close", { readonly instance: number }>
  | Tagged<"ping", number>;

export interface BridgeListing {
  readonly id: string;
  readonly version: string;
  /** `rust` or `python`. */
  readonly runtime: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
}

export type AnswerFrame =
  | Tagged<"ok", Uint8Array>
  | Tagged<"err", Uint8Array>
  | Tagged<"trap", string>
  | Tagged<"resource-invalid", string>
  | Tagged<"host-failed", string>
  | Tagged<"denied", { readonly authority: string; readonly import: string }>
  /** The bridge refused or ended the call: a deadline, a limit. */
  | Tagged<"failed", FrameFailure>;

export type EventFrame =
  | Tagged<"output", { readonly stream: "stdout" | "stderr"; readonly text: string }>
  | Tagged<"log", { readonly level: string; readonly context: string; readonly message: string }>
  | { readonly tag: "output-truncated" };

/** Everything that a bridge may send. */
export type ServerFrame =
  /** The first frame: what this connection may do at most. */
  | Tagged<"welcome", { readonly heartbeatMilliseconds: number; readonly messageBytes: bigint; readonly instances: number; readonly calls: number }>
  | Tagged<"listing", { readonly request: number; readonly plugins: readonly BridgeListing[] }>
  | Tagged<"package", { readonly request: number; readonly found: { readonly manifest: Uint8Array; readonly signature: Uint8Array | undefined } | undefined }>
  | Tagged<"refused", { readonly request: number; readonly failure: FrameFailure }>
  | Tagged<"opened", { readonly instance: number }>
  | Tagged<"answer", { readonly instance: number; readonly call: number; readonly outcome: AnswerFrame }>
  /** The instance did not start, or has ended. Nothing more comes of it. */
  | Tagged<"ended", { readonly instance: number; readonly failure: FrameFailure }>
  | Tagged<"host-call", { readonly instance: number; readonly id: number; readonly target: string; readonly arguments: Uint8Array }>
  | Tagged<"event", { readonly instance: number; readonly event: EventFrame }>
  /** The bridge is going to stop: no new instances. What runs may finish. */
  | { readonly tag: "draining" }
  | Tagged<"pong", number>;

export function encodeClientFrame(frame: ClientFrame): Uint8Array<ArrayBuffer> {
  return encodeBincode(CLIENT_FRAME, frame, "frame");
}

export function encodeServerFrame(frame: ServerFrame): Uint8Array<ArrayBuffer> {
  return encodeBincode(SERVER_FRAME, frame, "frame");
}

/** @returns what is wrong with it instead, as a text, if it is no frame. */
export function decodeClientFrame(bytes: Uint8Array): ClientFrame | string {
  return attempt(() => decodeBincode(CLIENT_FRAME, bytes, "frame") as ClientFrame);
}

/** @returns what is wrong with it instead, as a text, if it is no frame. */
export function decodeServerFrame(bytes: Uint8Array): ServerFrame | string {
  return attempt(() => decodeBincode(SERVER_FRAME, bytes, "frame") as ServerFrame);
}

function attempt<Frame>(read: () => Frame): Frame | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof BincodeProblem) return error.message;
    throw error;
  }
}
