import { createServer, type Server } from "node:http";
import { isIPv6 } from "node:net";
import { PluginError } from "../../errors/plugin-error.js";
import { systemCode, systemReason } from "../read-bounded-file.js";
import { bridgeLimits } from "./bridge-limits.js";
import type { Bridge, BridgeOptions } from "./bridge-options.js";
import { createBridge } from "./create-bridge.js";
import { answerRequest, refuseUpgrade } from "./refuse-upgrade.js";

export interface ServeBridgeOptions extends BridgeOptions {
  /** Address and port, such as `127.0.0.1:4010` or `[::1]:4010`; port 0 for any free one. */
  readonly listen: string;
  /**
   * A proxy before the bridge speaks TLS, and tells in `X-Forwarded-For` who asks. Without it, only addresses of this machine may be
   * listened at: a token that goes over a network in the clear is everybody's. @defaultValue false
   */
  readonly behindTlsProxy?: boolean;
}

/** A bridge with a server of its own. */
export interface BridgeService extends Omit<Bridge, "handleUpgrade" | "handleRequest"> {
  /** Such as `ws://127.0.0.1:4010/`. */
  readonly url: string;
  readonly port: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** TCP connections beside those that stand. */
const WAITING_CONNECTIONS = 512;

/**
 * Makes a bridge, and a server for it.
 *
 * @throws {PluginError} `usage-invalid` if it may not or cannot listen there, and what {@link createBridge} throws.
 */
export async function serveBridge(options: ServeBridgeOptions): Promise<BridgeService> {
  const { host, port } = parseListen(options.listen);
  const { behindTlsProxy = false, path = "/" } = options;
  if (!behindTlsProxy && !isLoopback(host)) throw unusable(`${options.listen} can be reached over a network, where tokens and plugins' data would go in the clear. Listen at 127.0.0.1, or put a proxy with TLS before it and say so with --behind-tls-proxy`);
  const { handshakeMilliseconds, connections } = bridgeLimits(options.limits ?? {});
  const bridge = await createBridge(behindTlsProxy ? { clientAddress: forwardedAddress, ...options } : options);
  const server = createServer({ headersTimeout: handshakeMilliseconds, requestTimeout: handshakeMilliseconds, connectionsCheckingInterval: Math.min(1_000, handshakeMilliseconds) }, (request, response) => {
    if (!bridge.handleRequest(request, response)) answerRequest(response, 404, JSON.stringify({ code: "path", message: "There is nothing at this path" }));
  });
  // Also those that have not said yet what they want.
  server.maxConnections = connections + WAITING_CONNECTIONS;
  server.on("upgrade", (request, socket, head) => {
    if (bridge.handleUpgrade(request, socket, head)) return;
    socket.on("error", () => undefined);
    refuseUpgrade(socket, "path", `The bridge is at ${path}`);
  });
  try {
    await listen(server, host, port);
  } catch (error) {
    await bridge.close();
    throw error;
  }
  const address = server.address();
  const usedPort = typeof address === "object" && address !== null ? address.port : port;
  const close = once(async () => {
    await bridge.close();
    await closeServer(server);
  });
  const drain = async (): Promise<void> => {
    await bridge.drain();
    await close();
  };
  return { url: `ws://${isIPv6(host) ? `[${host}]` : host}:${usedPort}${path}`, port: usedPort, close, drain, [Symbol.asyncDispose]: close };
}

/** @throws {PluginError} `usage-invalid` */
function parseListen(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:/@]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535 && (bracketed === undefined || isIPv6(bracketed))) return { host, port };
  throw unusable(`${JSON.stringify(text)} is no address with a port. Write it like 127.0.0.1:4010 or [::1]:4010`);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** The last address is the one that the proxy itself saw: those before it are the client's to make up. */
function forwardedAddress({ headers, socket }: { readonly headers: NodeJS.Dict<string | string[]>; readonly socket: { readonly remoteAddress?: string | undefined } }): string {
  const last = String(headers["x-forwarded-for"] ?? "").split(",").at(-1)?.trim() ?? "";
  return last === "" ? socket.remoteAddress ?? "" : last.slice(0, 64);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(unusable(`${host}:${port}: ${systemCode(cause) === "EADDRINUSE" ? "another program uses that port" : systemReason(cause)}`, cause)));
    server.listen({ host, port }, resolve);
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}

function unusable(reason: string, cause?: unknown): PluginError {
  return new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot listen: ${reason}`, cause });
}
