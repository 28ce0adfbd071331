import { realpath } from "node:fs/promises";
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type Server, type ServerResponse } from "node:http";
import { isIPv6 } from "node:net";
import { PluginError } from "../errors/plugin-error.js";
import { systemCode, systemReason, unreadable } from "./read-bounded-file.js";
import { FileCompressor, readServedFile, type ServedFile } from "./served-file.js";

export interface ServeOptions {
  /** The registry's directory. */
  readonly directory: string;
  /** @defaultValue 0: any free port */
  readonly port?: number;
  /** Address to listen at. @defaultValue `127.0.0.1`: only programs on this machine reach it */
  readonly host?: string;
  /** Called for each answered request. */
  readonly onRequest?: (request: ServedRequest) => void;
}

export interface ServedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** A running server. */
export interface RegistryServer {
  /** Such as `http://127.0.0.1:8080/`. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and ends open connections. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Serves a registry's files over HTTP, to pages of any origin: they are public and signed. For development
 * and small installations; any static file server or CDN does the same.
 *
 * Files whose name is their digest are cacheable for ever; all others are checked with their ETag each time.
 *
 * @throws {PluginError} `source-unreachable` if the directory cannot be read, `usage-invalid` if the port or
 * address cannot be used
 */
export async function serveRegistry(options: ServeOptions): Promise<RegistryServer> {
  const { directory, port = 0, host = "127.0.0.1", onRequest } = options;
  const root = await realpath(directory).catch((cause: unknown) => {
    throw unreadable(directory, "configure", cause);
  });
  const compressor = new FileCompressor();
  const server = createServer((request, response) => {
    response.once("close", () => onRequest?.({ method: request.method ?? "", path: request.url ?? "", status: response.statusCode }));
    answer(request, response, root, compressor).catch(() => {
      if (!response.headersSent) response.writeHead(500, COMMON_HEADERS);
      response.end();
    });
  });
  await listen(server, port, host);
  const address = server.address();
  const usedPort = typeof address === "object" && address !== null ? address.port : port;
  const close = (): Promise<void> => new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  return { url: `http://${isIPv6(host) ? `[${host}]` : host}:${usedPort}/`, port: usedPort, close, [Symbol.asyncDispose]: close };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const reason = systemCode(cause) === "EADDRINUSE" ? "another program uses that port" : systemReason(cause);
      reject(new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot listen at ${host}:${port}: ${reason}`, cause }));
    });
    server.listen({ port, host }, resolve);
  });
}

const COMMON_HEADERS: OutgoingHttpHeaders = {
  "Access-Control-Allow-Origin": "*",
  // So that pages that are cross-origin isolated can load from here.
  "Cross-Origin-Resource-Policy": "cross-origin",
  "X-Content-Type-Options": "nosniff",
  // What is stored here is only ever loaded by other pages: it is no page itself.
  "Content-Security-Policy": "default-src 'none'; sandbox",
};

async function answer(request: IncomingMessage, response: ServerResponse, root: string, compressor: FileCompressor): Promise<void> {
  if (request.method === "OPTIONS") {
    response.writeHead(204, { ...COMMON_HEADERS, "Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Allow-Headers": "*", "Access-Control-Max-Age": "86400" }).end();
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { ...COMMON_HEADERS, Allow: "GET, HEAD, OPTIONS" }).end();
    return;
  }
  const [path = ""] = (request.url ?? "").split("?", 1);
  const file = await readServedFile(root, path);
  if (file === undefined) {
    response.writeHead(404, { ...COMMON_HEADERS, "Cache-Control": "no-cache", "Content-Type": "text/plain; charset=utf-8" }).end(request.method === "HEAD" ? undefined : "Not found\n");
    return;
  }
  await sendFile(request, response, file, compressor);
}

async function sendFile(request: IncomingMessage, response: ServerResponse, file: ServedFile, compressor: FileCompressor): Promise<void> {
  const headers: OutgoingHttpHeaders = {
    ...COMMON_HEADERS,
    // Weak, because the same tag stands for the plain and the compressed form (RFC 9110 §8.8.1).
    ETag: `W/${file.etag}`,
    Vary: "Accept-Encoding",
    "Cache-Control": file.immutable ? "public, max-age=31536000, immutable" : "no-cache",
  };
  if (hasTag(request.headers["if-none-match"], file.etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  const compressed = acceptsGzip(request.headers["accept-encoding"]) ? await compressor.compress(file) : undefined;
  const bytes = compressed ?? file.bytes;
  response.writeHead(200, {
    ...headers,
    "Content-Type": file.contentType,
    "Content-Length": bytes.length,
    ...(compressed === undefined ? {} : { "Content-Encoding": "gzip" }),
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

function hasTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === "*" || header.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  const [, quality] = /(?:^|,)\s*gzip\s*(?:;\s*q=([0-9.]+))?\s*(?:,|$)/i.exec(String(header ?? "")) ?? [null, "0"];
  return quality === undefined || Number(quality) > 0;
}
