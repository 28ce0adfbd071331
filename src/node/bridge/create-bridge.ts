import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import type { WebSocketServer } from "ws";
import { PluginError } from "../../errors/plugin-error.js";
import { BRIDGE_PROTOCOL } from "../../runtime/bridge/frame-types.js";
import type { Executor } from "../executor/executor.js";
import type { ExecutorLog } from "../executor/executor-log.js";
import type { PluginCatalogue } from "../executor/plugin-catalogue.js";
import { Authenticator } from "./authenticator.js";
import { BridgeConnection } from "./bridge-connection.js";
import { bridgeLimits, type BridgeLimits, FRAME_OVERHEAD_BYTES } from "./bridge-limits.js";
import { type BridgeLog, jsonLog, logWith } from "./bridge-log.js";
import { BridgeMetrics } from "./bridge-metrics.js";
import type { Bridge, BridgeOptions } from "./bridge-options.js";
import { checkHost, type RefusedRequest, type UpgradeRules, upgradeRules } from "./check-upgrade.js";
import { CLOSE_CODE } from "./close-codes.js";
import { PluginDirectory } from "./plugin-directory.js";
import { answerRequest, refuseUpgrade } from "./refuse-upgrade.js";
import type { Credential } from "./token-list.js";
import { UpgradeGate } from "./upgrade-gate.js";

/**
 * Makes a bridge: what runs native and Python plugins on this server, for pages that connect to it. It admits every plugin again
 * itself, and takes nothing that a page says of one for granted.
 *
 * @throws {PluginError} `usage-invalid` for options that cannot be, `source-unreachable` for a directory or file that cannot be read.
 * @example
 * ```ts
 * const bridge = await createBridge({ plugins: "plugins", trust: trustKeys([key]), tokenFile: "tokens", origins: ["https://app.example.com"] });
 * server.on("upgrade", (request, socket, head) => bridge.handleUpgrade(request, socket, head) || socket.destroy());
 * ```
 */
export async function createBridge(options: BridgeOptions): Promise<Bridge> {
  const limits = bridgeLimits(options.limits ?? {});
  const now = options.now ?? (() => new Date());
  const log = jsonLog(options.log ?? (() => undefined), now);
  const { origins, allowMissingOrigin: allowsMissingOrigin = false, hosts, path = "/" } = options;
  const rules = upgradeRules({ origins, allowsMissingOrigin, hosts });
  if (!/^\/(?:[\w.~-]+\/?)*$/.test(path)) throw new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot start a bridge at the path ${JSON.stringify(path)}: write it like /bridge` });
  const plugins = await PluginDirectory.open({ directory: options.plugins, trust: options.trust, log, ...(options.packageLimits === undefined ? {} : { limits: options.packageLimits }) });
  const { WebSocketServer: Server } = await import("ws");
  const sockets = new Server({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: limits.messageBytes + FRAME_OVERHEAD_BYTES, handleProtocols: () => BRIDGE_PROTOCOL });
  const { tokens = [], tokenFile, authenticate } = options;
  const onTokens: (() => void)[] = [];
  const authenticator = await Authenticator.create({ tokens, tokenFile, authenticate, log, now }, () => onTokens.forEach((check) => check()));
  const executor = await startExecutor(options.executor ?? localExecutor, plugins, logWith(log, { part: "executor" }), authenticator);
  const addressOf = options.clientAddress ?? (({ socket }: IncomingMessage) => socket.remoteAddress ?? "");
  const bridge = new BridgeServer({ limits, log, rules, path, plugins, sockets, authenticator, executor, addressOf, now });
  onTokens.push(() => bridge.checkCredentials());
  return bridge;
}

async function startExecutor(start: NonNullable<BridgeOptions["executor"]>, plugins: PluginCatalogue, log: ExecutorLog, authenticator: Authenticator): Promise<Executor> {
  try {
    return await start(plugins, log);
  } catch (error) {
    authenticator.close();
    throw error;
  }
}

async function localExecutor(catalogue: PluginCatalogue, log: ExecutorLog): Promise<Executor> {
  const { startLocalExecutor } = await import("../executor/start-local-executor.js");
  return startLocalExecutor({ catalogue, log });
}

interface BridgeParts {
  readonly limits: BridgeLimits;
  readonly log: BridgeLog;
  readonly rules: UpgradeRules;
  readonly path: string;
  readonly plugins: PluginDirectory;
  readonly sockets: WebSocketServer;
  readonly authenticator: Authenticator;
  readonly executor: Executor;
  readonly addressOf: (request: IncomingMessage) => string;
  readonly now: () => Date;
}

/** How long a page may be silent between two steps of a stream before a bridge that stops takes it for done. */
const QUIET_MILLISECONDS = 500;
const LOOK_MILLISECONDS = 25;
const CREDENTIAL_CHECK_MILLISECONDS = 1_000;

class BridgeServer implements Bridge {
  readonly #parts: BridgeParts;
  readonly #metrics = new BridgeMetrics();
  readonly #gate: UpgradeGate;
  readonly #connections = new Set<BridgeConnection>();
  readonly #connectionsByToken = new Map<string, number>();
  readonly #closing = new AbortController();
  readonly #expiry: NodeJS.Timeout;
  #connectionNumber = 0;
  #closed: Promise<void> | undefined;

  constructor(parts: BridgeParts) {
    this.#parts = parts;
    const { rules, authenticator, limits, addressOf, now } = parts;
    const connections = (token?: string): number => (token === undefined ? this.#connections.size : this.#connectionsByToken.get(token) ?? 0);
    this.#gate = new UpgradeGate({ rules, authenticator, limits, addressOf, now, connections, isDraining: () => this.#metrics.draining });
    this.#expiry = setInterval(() => this.checkCredentials(), CREDENTIAL_CHECK_MILLISECONDS);
    this.#expiry.unref();
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (pathOf(request) !== this.#parts.path) return false;
    const gone = new AbortController();
    const onGone = (): void => gone.abort();
    socket.on("error", onGone).on("close", onGone);
    void this.#admit(request, socket, head, gone.signal).finally(() => socket.off("close", onGone));
    return true;
  }

  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const { path, rules, executor } = this.#parts;
    const base = path.endsWith("/") ? path : `${path}/`;
    const wanted = pathOf(request);
    if (wanted !== `${base}healthz` && wanted !== `${base}metrics`) return false;
    const refused = checkHost(request, rules);
    if (refused !== undefined) answerRequest(response, 403, JSON.stringify({ code: refused.refusal, message: refused.message }));
    else if (request.method !== "GET" && request.method !== "HEAD") answerRequest(response, 405, JSON.stringify({ code: "method", message: "Only GET and HEAD are answered here" }));
    else if (wanted.endsWith("metrics")) answerRequest(response, 200, this.#metrics.print(executor.figures?.() ?? new Map()), "text/plain; version=0.0.4; charset=utf-8");
    else answerRequest(response, this.#metrics.draining ? 503 : 200, JSON.stringify({ status: this.#metrics.draining ? "draining" : "ok" }));
    return true;
  }

  /** Ends connections whose token has expired, or is on no list any more. */
  checkCredentials(): void {
    for (const connection of this.#connections) {
      if (!this.#parts.authenticator.validity(connection.credential).isValid) void connection.close(CLOSE_CODE.unauthorized, "the token has expired or was taken back");
    }
  }

  async drain(): Promise<void> {
    const { limits, log } = this.#parts;
    if (!this.#metrics.draining) log.info("draining", { connections: this.#connections.size });
    this.#metrics.draining = true;
    for (const connection of this.#connections) connection.tellDraining();
    const end = performance.now() + limits.drainMilliseconds;
    while (this.#connections.size > 0 && performance.now() < end && !this.#closing.signal.aborted) {
      for (const connection of this.#connections) {
        if (connection.isQuiet(QUIET_MILLISECONDS)) void connection.close(CLOSE_CODE.goingAway, "the bridge stops");
      }
      await wait(LOOK_MILLISECONDS);
    }
    await this.close();
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    const { authenticator, executor, sockets, log } = this.#parts;
    this.#metrics.draining = true;
    this.#closing.abort();
    clearInterval(this.#expiry);
    authenticator.close();
    await Promise.all([...this.#connections].map((connection) => connection.close(CLOSE_CODE.goingAway, "the bridge stops")));
    sockets.close();
    await executor.close();
    log.info("closed");
  }

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer, gone: AbortSignal): Promise<void> {
    const { log, sockets } = this.#parts;
    try {
      const decision = await this.#gate.admit(request, AbortSignal.any([gone, this.#closing.signal]));
      const refused = "refusal" in decision ? decision : this.#metrics.draining ? STOPPING : this.#gate.full(decision);
      if (refused !== undefined) return this.#refuse(request, socket, refused);
      // Synchronous from here on: nobody takes the last place meanwhile. What is wrong with the handshake itself is answered by `ws`.
      if (!gone.aborted && !("refusal" in decision)) sockets.handleUpgrade(request, socket, head, (webSocket) => this.#connect(webSocket, decision, request));
    } catch (error) {
      log.error("upgrade-failed", { reason: error instanceof Error ? error.stack ?? error.message : String(error) });
      socket.destroy();
    }
  }

  #refuse(request: IncomingMessage, socket: Duplex, { refusal, message }: RefusedRequest): void {
    const { log, addressOf } = this.#parts;
    this.#metrics.refused(refusal);
    log.warn("refused", { refusal, address: addressOf(request), origin: request.headers.origin, host: request.headers.host });
    refuseUpgrade(socket, refusal, message);
  }

  #connect(socket: Parameters<Parameters<WebSocketServer["handleUpgrade"]>[3]>[0], credential: Credential, request: IncomingMessage): void {
    const { executor, plugins, limits, log, addressOf } = this.#parts;
    const { tokenSha256, subject } = credential;
    const connection = ++this.#connectionNumber;
    const own = logWith(log, { connection });
    const opened = new BridgeConnection({
      socket, credential, executor, plugins, limits, metrics: this.#metrics, log: own,
      isDraining: () => this.#metrics.draining,
      onClosed: () => {
        this.#connections.delete(opened);
        this.#count(tokenSha256, -1);
      },
    });
    this.#connections.add(opened);
    this.#count(tokenSha256, 1);
    this.#metrics.connectionsOpened += 1;
    // Eight digits tell tokens apart, and tell nothing of one.
    own.info("connection-opened", { address: addressOf(request), origin: request.headers.origin, token: tokenSha256.slice(0, 8), subject });
  }

  #count(token: string, change: 1 | -1): void {
    this.#metrics.connections += change;
    const count = (this.#connectionsByToken.get(token) ?? 0) + change;
    if (count === 0) this.#connectionsByToken.delete(token);
    else this.#connectionsByToken.set(token, count);
  }
}

const STOPPING: RefusedRequest = { refusal: "draining", message: "The bridge is going to stop. Connect to another, or try again later" };

function pathOf({ url = "" }: IncomingMessage): string {
  return url.split("?", 1)[0] ?? "";
}
