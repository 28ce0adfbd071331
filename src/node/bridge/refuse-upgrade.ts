import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Refusal } from "./bridge-metrics.js";

const STATUS: Record<Refusal, number> = {
  path: 400,
  protocol: 400,
  host: 403,
  origin: 403,
  token: 401,
  "token-expired": 401,
  "too-many-failures": 429,
  "too-many-connections": 429,
  timeout: 503,
  draining: 503,
  unavailable: 503,
};

/** When it is worth asking again, in seconds. */
const RETRY_AFTER: Partial<Record<Refusal, number>> = { "too-many-failures": 60, "too-many-connections": 5, timeout: 5, draining: 5, unavailable: 5 };

const COMMON_HEADERS: OutgoingHttpHeaders = {
  "Content-Type": "application/json",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

/** Answers a request for a connection with a refusal, as plain HTTP, and lets go of the socket. */
export function refuseUpgrade(socket: Duplex, code: Refusal, message: string): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify({ code, message });
  const retry = RETRY_AFTER[code];
  const headers = { ...COMMON_HEADERS, Connection: "close", "Content-Length": Buffer.byteLength(body), ...(retry === undefined ? {} : { "Retry-After": retry }) };
  const head = [`HTTP/1.1 ${STATUS[code]} ${STATUS_CODES[STATUS[code]] ?? ""}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`)];
  // What the peer still sends is not read, and must not keep the socket.
  socket.once("finish", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** Answers a plain request in JSON, or as text of another type. */
export function answerRequest(response: ServerResponse, status: number, body: string, contentType = "application/json"): void {
  response.writeHead(status, { ...COMMON_HEADERS, "Content-Type": contentType, "Content-Length": Buffer.byteLength(body) });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
