import type { BincodeType } from "../../bincode/bincode-type.js";

/**
 * The frames between a page and a bridge: one in each binary message of a WebSocket, as bincode of the types below. Both sides know
 * every type beforehand, so that a frame is checked in full by reading it, and no length in it is believed before that many bytes
 * are there. Values of calls are bincode of the plugin's own types, as bytes: a bridge passes them on without reading them.
 */
export const BRIDGE_PROTOCOL = "portcullis.bridge.1";

/** What the token has before it among the subprotocols that a page offers: browsers can set no other header of a WebSocket. */
export const TOKEN_PROTOCOL_PREFIX = "portcullis.token.";

const bytes: BincodeType = { kind: "list", element: "u8" };
const text: BincodeType = "string";

function record(members: Readonly<Record<string, BincodeType>>): BincodeType {
  return { kind: "record", fields: Object.entries(members).map(([name, type]) => ({ name, type })) };
}

function variant(cases: Readonly<Record<string, BincodeType | null>>): BincodeType {
  return { kind: "variant", cases: Object.entries(cases).map(([name, type]) => ({ name, type })) };
}

function listOf(element: BincodeType): BincodeType {
  return { kind: "list", element };
}

function optional(value: BincodeType): BincodeType {
  return { kind: "option", value };
}

const denial = record({ authority: text, import: text });
const failure = record({ code: text, stage: text, message: text });

/** From a page. */
export const CLIENT_FRAME: BincodeType = variant({
  list: record({ request: "u32" }),
  read: record({ request: "u32", id: text, version: optional(text) }),
  open: record({
    instance: "u32", id: text, version: text, manifestSha256: text, grants: listOf(text), config: optional(text),
    limits: record({ instantiateMilliseconds: "u32", callMilliseconds: "u32", memoryBytes: "u64", messageBytes: "u64", logBytes: "u64" }),
  }),
  // Bytes last: what is written before them is small, so that they are copied once.
  call: record({ instance: "u32", call: "u32", target: text, milliseconds: "u32", arguments: bytes }),
  drop: record({ instance: "u32", call: "u32", resource: "u32" }),
  "host-answer": record({ instance: "u32", id: "u32", answer: variant({ ok: bytes, err: bytes, denied: denial, failed: text }) }),
  revoke: record({ instance: "u32", grants: listOf(text) }),
  close: record({ instance: "u32" }),
  ping: "u32",
});

/** From a bridge. */
export const SERVER_FRAME: BincodeType = variant({
  welcome: record({ heartbeatMilliseconds: "u32", messageBytes: "u64", instances: "u32", calls: "u32" }),
  listing: record({
    request: "u32",
    plugins: listOf(record({ id: text, version: text, runtime: text, title: optional(text), description: optional(text) })),
  }),
  package: record({ request: "u32", found: optional(record({ manifest: bytes, signature: optional(bytes) })) }),
  refused: record({ request: "u32", failure }),
  opened: record({ instance: "u32" }),
  answer: record({
    instance: "u32", call: "u32",
    outcome: variant({ ok: bytes, err: bytes, trap: text, "resource-invalid": text, "host-failed": text, denied: denial, failed: failure }),
  }),
  ended: record({ instance: "u32", failure }),
  "host-call": record({ instance: "u32", id: "u32", target: text, arguments: bytes }),
  event: record({
    instance: "u32",
    event: variant({
      output: record({ stream: { kind: "enum", cases: ["stdout", "stderr"] }, text }),
      log: record({ level: text, context: text, message: text }),
      "output-truncated": null,
    }),
  }),
  draining: null,
  pong: "u32",
});
