/** A client of a bridge that speaks frames, and everything else that it should not. */
import type { IncomingMessage } from "node:http";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { BRIDGE_PROTOCOL, TOKEN_PROTOCOL_PREFIX } from "../../../src/runtime/bridge/frame-types.js";
import { type AnswerFrame, type ClientFrame, decodeServerFrame, encodeClientFrame, type OpenFrame, type ServerFrame } from "../../../src/runtime/bridge/frames.js";
import { decodeResult, encodeArguments, target, type WrittenPackage } from "./echo-plugin.js";

export const ORIGIN = "https://app.example.com";
export const TOKEN = "a-token-of-the-tests-that-is-long-enough-0001";

export interface ConnectOptions {
  readonly token?: string | undefined;
  readonly origin?: string | undefined;
  readonly host?: string;
  readonly protocols?: readonly string[];
  readonly path?: string;
  /** Whether pings are answered. Default: as WebSockets do. */
  readonly autoPong?: boolean;
}

/** The subprotocols that a page offers. */
export function protocols(token: string | undefined = TOKEN): string[] {
  return [BRIDGE_PROTOCOL, ...(token === undefined ? [] : [`${TOKEN_PROTOCOL_PREFIX}${Buffer.from(token).toString("base64url")}`])];
}

export function openSocket(url: string, options: ConnectOptions = {}): WebSocket {
  const { token = TOKEN, path = "" } = options;
  const origin = "origin" in options ? options.origin : ORIGIN;
  const socket = new WebSocket(`${url}${path}`, [...(options.protocols ?? protocols(token))], {
    autoPong: options.autoPong ?? true,
    ...(origin === undefined ? {} : { origin }),
    ...(options.host === undefined ? {} : { headers: { Host: options.host } }),
  });
  onTestFinished(() => socket.terminate());
  return socket;
}

/** The refusal of a connection, as HTTP has it. */
export function refusal(url: string, options: ConnectOptions = {}): Promise<{ readonly status: number; readonly code: string; readonly headers: IncomingMessage["headers"] }> {
  const socket = openSocket(url, options);
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () => reject(new Error("the connection was accepted")));
    socket.on("unexpected-response", (_request, response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, code: (JSON.parse(body) as { code: string }).code, headers: response.headers }));
    });
  });
}

export class BridgeClient {
  readonly socket: WebSocket;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly frames: ServerFrame[] = [];
  readonly #watchers = new Set<() => void>();
  #instance = 0;
  #call = 0;
  #ping = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => void socket.on("close", (code, reason) => {
      resolve({ code, reason: reason.toString() });
      this.#notify();
    }));
    socket.on("message", (data) => {
      const frame = decodeServerFrame(data as Buffer);
      if (typeof frame === "string") throw new Error(frame);
      this.frames.push(frame);
      this.#notify();
    });
  }

  static async connect(url: string, options: ConnectOptions = {}): Promise<BridgeClient> {
    const socket = openSocket(url, options);
    const client = new BridgeClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.on("open", () => resolve());
      socket.on("error", reject);
    });
    await client.frame("welcome");
    return client;
  }

  send(frame: ClientFrame): void {
    this.socket.send(encodeClientFrame(frame));
  }

  /** The first frame of that kind for which `matches` holds, now or later. */
  async frame<Tag extends ServerFrame["tag"]>(tag: Tag, matches: (frame: Extract<ServerFrame, { readonly tag: Tag }>) => boolean = () => true): Promise<Extract<ServerFrame, { readonly tag: Tag }>> {
    for (;;) {
      const found = this.frames.find((frame): frame is Extract<ServerFrame, { readonly tag: Tag }> => frame.tag === tag && matches(frame as Extract<ServerFrame, { readonly tag: Tag }>));
      if (found !== undefined) return found;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`the connection was closed before ${tag}: ${JSON.stringify(await this.closed)}`);
      await new Promise<void>((resolve) => {
        const watcher = (): void => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    }
  }

  open({ id, version, manifestSha256 }: WrittenPackage, more: Partial<OpenFrame> = {}): number {
    this.#instance += 1;
    const instance = more.instance ?? this.#instance;
    this.send({
      tag: "open",
      val: {
        id, version, manifestSha256, grants: [], config: undefined,
        limits: { instantiateMilliseconds: 20_000, callMilliseconds: 20_000, memoryBytes: 2n ** 28n, messageBytes: 2n ** 26n, logBytes: 2n ** 20n },
        ...more,
        instance,
      },
    });
    return instance;
  }

  /** Opens an instance that stands. */
  async opened(plugin: WrittenPackage, more: Partial<OpenFrame> = {}): Promise<number> {
    const instance = this.open(plugin, more);
    const settled = await Promise.race([
      this.frame("opened", (frame) => frame.val.instance === instance),
      this.frame("ended", (frame) => frame.val.instance === instance),
    ]);
    if (settled.tag === "ended") throw new Error(`${settled.val.failure.code}: ${settled.val.failure.message}`);
    return instance;
  }

  begin(instance: number, name: string, values: readonly unknown[], milliseconds = 20_000): number {
    this.#call += 1;
    this.send({ tag: "call", val: { instance, call: this.#call, target: target(name), arguments: encodeArguments(name, ...values), milliseconds } });
    return this.#call;
  }

  async answer(instance: number, call: number): Promise<AnswerFrame> {
    return (await this.frame("answer", (frame) => frame.val.instance === instance && frame.val.call === call)).val.outcome;
  }

  /** A call and its answer. */
  async call(instance: number, name: string, ...values: readonly unknown[]): Promise<AnswerFrame> {
    return this.answer(instance, this.begin(instance, name, values));
  }

  /** A call that must succeed, and what it answers with. */
  async result(instance: number, name: string, ...values: readonly unknown[]): Promise<unknown> {
    const outcome = await this.call(instance, name, ...values);
    if (outcome.tag !== "ok") throw new Error(`${outcome.tag}: ${JSON.stringify(outcome.val)}`);
    return decodeResult(name, "ok", outcome.val);
  }

  async ended(instance: number): Promise<{ readonly code: string; readonly message: string }> {
    return (await this.frame("ended", (frame) => frame.val.instance === instance)).val.failure;
  }

  /** Everything that was sent was taken. */
  async settled(): Promise<void> {
    this.#ping += 1;
    const ping = this.#ping;
    this.send({ tag: "ping", val: ping });
    await this.frame("pong", ({ val }) => val === ping);
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
