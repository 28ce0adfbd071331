/**
 * Servers that a plugin's request may meet, below `/http/`. All but `cors=no` let every origin read them.
 *
 *   echo                    what came, as JSON: method, url, headers, body (Latin-1)
 *   status/<n>              that status; `?location=` adds where to
 *   header?name=…&value=…   a header of its own; `header?name=…&echo=…` one that repeats a header of the request
 *   bytes/<n>  stream/<n>   so many bytes, with their length or without
 *   gzip/<n>                so many bytes, compressed to almost nothing
 *   cut/<n>                 promises more than these bytes and drops the connection
 *   hang                    never answers
 *   stall                   sends the head and nothing more
 *   drip                    a byte now and then, without end
 *   cookie                  sets a cookie
 */
import { gzipSync } from "node:zlib";

/** @typedef {import("node:http").IncomingMessage} Incoming */
/** @typedef {import("node:http").ServerResponse} Outgoing */

const DRIP_MILLISECONDS = 20;
const PIECE_BYTES = 65_536;

/** @typedef {(parameter: string, query: URLSearchParams, request: Incoming, response: Outgoing) => void | Promise<void>} Answer */

const ROUTES = new Map(/** @type {[string, Answer][]} */ ([
  ["echo", (_parameter, _query, request, response) => echo(request, response)],
  ["status", (parameter, query, _request, response) => void response.writeHead(Number(parameter), location(query)).end()],
  ["header", (_parameter, query, request, response) => answerWithHeader(query, request, response)],
  ["bytes", (parameter, _query, _request, response) => void response.writeHead(200, { "content-length": parameter }).end(new Uint8Array(Number(parameter)))],
  ["stream", (parameter, _query, _request, response) => sendPieces(response, Number(parameter))],
  ["gzip", (parameter, _query, _request, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(new Uint8Array(Number(parameter))))],
  ["cut", (parameter, _query, _request, response) => cut(response, Number(parameter))],
  ["hang", () => undefined],
  ["stall", (_parameter, _query, _request, response) => response.writeHead(200, { "content-length": 1_000 }).flushHeaders()],
  ["drip", (_parameter, _query, _request, response) => drip(response)],
  ["cookie", (_parameter, _query, _request, response) => void response.writeHead(200, { "set-cookie": "session=stolen; Path=/" }).end("set")],
]));

/**
 * @param {string} path Beginning with `/http/`.
 * @param {URLSearchParams} query
 * @param {Incoming} request
 * @param {Outgoing} response
 */
export async function answerHttp(path, query, request, response) {
  const [name = "", parameter = ""] = path.split("/").slice(2);
  const route = ROUTES.get(name);
  if (route === undefined) return void response.writeHead(404).end(`no ${path}`);
  if (query.get("cors") !== "no") allowOrigins(request, response);
  if (request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined) return void response.writeHead(204).end();
  await route(parameter, query, request, response);
}

/**
 * @param {Incoming} request
 * @param {Outgoing} response
 */
function allowOrigins(request, response) {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("access-control-expose-headers", "*");
  response.setHeader("access-control-allow-methods", request.headers["access-control-request-method"] ?? "*");
  response.setHeader("access-control-allow-headers", request.headers["access-control-request-headers"] ?? "*");
}

/**
 * @param {Incoming} request
 * @param {Outgoing} response
 */
async function echo(request, response) {
  /** @type {Uint8Array[]} */
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const { method, url, headers } = request;
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(pieces).toString("latin1") }));
}

/** @param {URLSearchParams} query */
function location(query) {
  const to = query.get("location");
  return to === null ? {} : { location: to };
}

/**
 * @param {URLSearchParams} query
 * @param {Incoming} request
 * @param {Outgoing} response
 */
function answerWithHeader(query, request, response) {
  const value = query.get("value") ?? request.headers[query.get("echo") ?? ""] ?? "";
  response.writeHead(200, { [query.get("name") ?? "x-answer"]: value }).end("answered");
}

/**
 * @param {Outgoing} response
 * @param {number} length
 */
async function sendPieces(response, length) {
  response.writeHead(200);
  for (let left = length; left > 0 && !response.destroyed; left -= PIECE_BYTES) {
    const piece = new Uint8Array(Math.min(left, PIECE_BYTES));
    if (!response.write(piece)) await room(response);
  }
  response.end();
}

/**
 * @param {Outgoing} response
 * @returns {Promise<void>} Resolves when more may be written, or nobody reads any more.
 */
function room(response) {
  return new Promise((resolve) => {
    const go = () => {
      response.off("drain", go).off("close", go);
      resolve();
    };
    response.on("drain", go).on("close", go);
  });
}

/**
 * @param {Outgoing} response
 * @param {number} length
 */
function cut(response, length) {
  response.writeHead(200, { "content-length": length + 1_000 });
  response.write(new Uint8Array(length), () => response.destroy());
}

/** @param {Outgoing} response */
function drip(response) {
  response.writeHead(200);
  const timer = setInterval(() => response.write("."), DRIP_MILLISECONDS);
  response.on("close", () => clearInterval(timer));
}
