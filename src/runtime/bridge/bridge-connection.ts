import { PluginError } from "../../errors/plugin-error.js";
import { bridgeError, unreachable } from "./bridge-failures.js";
import { BridgeSocket } from "./bridge-socket.js";
import type { BridgeListing, ClientFrame, ServerFrame } from "./frames.js";

export interface BridgeOptions {
  /** The bridge's address, such as `wss://bridge.example.com/`. */
  readonly url: string | URL;
  /** The bearer token, or what gives a fresh one for every connection. */
  readonly token: string | (() => string | Promise<string>);
}

/** What is told to one instance of this page. */
export interface InstanceRoute {
  /** The connection on which it was opened. It ends with that one, and has nothing to do with the next. */
  readonly socket: BridgeSocket;
  onFrame(frame: InstanceFrame): void;
  onDisconnected(reason: string): void;
}

/** A frame that belongs to one instance. */
export type InstanceFrame = Extract<ServerFrame, { readonly val: { readonly instance: number } }>;

type AnsweringFrame = Extract<ServerFrame, { readonly tag: "listing" | "package" | "refused" }>;

const FIRST_BACK_OFF = 250;
const LONGEST_BACK_OFF = 15_000;
/** A connection that ends sooner counts as one that failed: a bridge that lets pages in and drops them is not to be stormed. */
const SHORT_LIFE = 5_000;

/**
 * The way to one bridge: connects when it is needed, tells every instance when the connection is lost, and waits longer from one
 * failed attempt to the next, so that a thousand pages do not fall upon a bridge that has just come back.
 */
export class BridgeConnection {
  readonly url: string;
  readonly #token: BridgeOptions["token"];
  readonly #routes = new Map<number, InstanceRoute>();
  readonly #requests = new Map<number, { readonly socket: BridgeSocket; readonly resolve: (frame: AnsweringFrame) => void; readonly reject: (error: unknown) => void }>();
  readonly #closing = new AbortController();
  #socket: BridgeSocket | undefined;
  #connecting: Promise<BridgeSocket> | undefined;
  #failures = 0;
  #lastAttempt = Number.NEGATIVE_INFINITY;
  #lastNumber = 0;

  constructor({ url, token }: BridgeOptions) {
    this.url = addressOf(url);
    this.#token = token;
  }

  /** The bridge's plugins. */
  async list(signal: AbortSignal | undefined): Promise<readonly BridgeListing[]> {
    const frame = await this.#request((request) => ({ tag: "list", val: { request } }), signal);
    return frame.tag === "listing" ? frame.val.plugins : this.#unexpected(frame);
  }

  /** Manifest and signatures of one plugin, the newest version if none is named; `undefined` if the bridge has none such. */
  async read(id: string, version: string | undefined, signal: AbortSignal | undefined): Promise<{ readonly manifest: Uint8Array; readonly signature: Uint8Array | undefined } | undefined> {
    const frame = await this.#request((request) => ({ tag: "read", val: { request, id, version } }), signal);
    return frame.tag === "package" ? frame.val.found : this.#unexpected(frame);
  }

  /**
   * The connection as it stands, or a new one.
   *
   * @throws {PluginError} `bridge-unreachable`; what `signal` aborts with; `closed`.
   */
  async connected(signal: AbortSignal): Promise<BridgeSocket> {
    this.#closing.signal.throwIfAborted();
    if (this.#socket?.isOpen === true) return this.#socket;
    // Shared by all that wait, and so ended by none of them.
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined));
    return raceSignal(this.#connecting, signal);
  }

  /** A number that was never used on this page's connections. */
  nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  /** From now on frames of this instance go to `route`, until {@link leave}. */
  enter(instance: number, route: InstanceRoute): void {
    this.#routes.set(instance, route);
  }

  leave(instance: number): void {
    this.#routes.delete(instance);
  }

  close(): void {
    const reason = new PluginError({ code: "closed", stage: "close", message: `The connection to the bridge at ${this.url} was closed by the app` });
    this.#closing.abort(reason);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    if (socket !== undefined) this.#lost(socket, "the app closed it");
  }

  async #connect(): Promise<BridgeSocket> {
    const { signal } = this.#closing;
    await rest(this.#backOff(), signal);
    this.#lastAttempt = performance.now();
    try {
      const token = typeof this.#token === "string" ? this.#token : await this.#token();
      const socket = await BridgeSocket.connect(this.url, token, {
        onFrame: (frame) => this.#receive(frame),
        onClosed: (reason) => {
          if (this.#socket === socket) this.#socket = undefined;
          if (performance.now() - this.#lastAttempt < SHORT_LIFE) this.#failures += 1;
          this.#lost(socket, reason);
        },
      }, signal);
      this.#failures = 0;
      this.#socket = socket;
      return socket;
    } catch (error) {
      this.#failures += 1;
      if (error instanceof PluginError) throw error;
      throw unreachable(this.url, `the app gave no token (${error instanceof Error ? error.message : String(error)})`, error);
    }
  }

  /** Half of it is drawn by lot, so that pages that lost one bridge do not come back together. */
  #backOff(): number {
    if (this.#failures === 0) return 0;
    const most = Math.min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** (this.#failures - 1));
    return Math.max(0, most / 2 + (Math.random() * most) / 2 - (performance.now() - this.#lastAttempt));
  }

  #receive(frame: ServerFrame): void {
    switch (frame.tag) {
      case "listing":
      case "package":
      case "refused":
        return this.#requests.get(frame.val.request)?.resolve(frame);
      case "opened":
      case "answer":
      case "ended":
      case "host-call":
      case "event":
        return this.#routes.get(frame.val.instance)?.onFrame(frame);
      default:
        // A bridge that drains says so with every refusal, and ends the connection by itself.
        return undefined;
    }
  }

  #lost(lost: BridgeSocket, reason: string): void {
    const error = unreachable(this.url, `the connection was lost (${reason})`);
    for (const { socket, reject } of this.#requests.values()) if (socket === lost) reject(error);
    // Each leaves by itself.
    for (const route of this.#routes.values()) if (route.socket === lost) route.onDisconnected(reason);
  }

  async #request(frame: (request: number) => ClientFrame, signal: AbortSignal = this.#closing.signal): Promise<AnsweringFrame> {
    const socket = await this.connected(signal);
    const request = this.nextNumber();
    try {
      const answered = new Promise<AnsweringFrame>((resolve, reject) => void this.#requests.set(request, { socket, resolve, reject }));
      socket.send(frame(request));
      return await raceSignal(answered, signal);
    } finally {
      this.#requests.delete(request);
    }
  }

  #unexpected(frame: AnsweringFrame): never {
    if (frame.tag === "refused") throw bridgeError(frame.val.failure, undefined);
    throw unreachable(this.url, `it answered with a ${frame.tag} where something else was asked`);
  }
}

function addressOf(url: string | URL): string {
  let address: URL;
  try {
    address = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
  } catch (cause) {
    throw new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot use ${JSON.stringify(String(url))} as a bridge's address: it is no URL. Give one such as wss://bridge.example.com/`, cause });
  }
  if (address.protocol === "http:") address.protocol = "ws:";
  if (address.protocol === "https:") address.protocol = "wss:";
  const isWebSocket = (address.protocol === "ws:" || address.protocol === "wss:") && address.username === "" && address.password === "" && address.hash === "";
  if (isWebSocket) return address.href;
  throw new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot use ${address.href} as a bridge's address: give a ws: or wss: URL without user, password and fragment` });
}

async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await raceSignal(new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds))), signal);
  } finally {
    clearTimeout(timer);
  }
}

function raceSignal<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as PluginError);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
