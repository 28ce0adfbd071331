import type { PluginError } from "../../errors/plugin-error.js";
import { toBase64 } from "../../bytes/base64.js";
import { toUtf8 } from "../../bytes/utf8.js";
import { unreachable } from "./bridge-failures.js";
import { BRIDGE_PROTOCOL, TOKEN_PROTOCOL_PREFIX } from "./frame-types.js";
import { type ClientFrame, decodeServerFrame, encodeClientFrame, type ServerFrame } from "./frames.js";

export type WelcomeFrame = Extract<ServerFrame, { readonly tag: "welcome" }>["val"];

export interface BridgeSocketListeners {
  readonly onFrame: (frame: ServerFrame) => void;
  /** The connection is gone. Called once, after it stood. */
  readonly onClosed: (reason: string) => void;
}

// Above this the browser's own buffer is left to empty itself before more is put into it.
const BUFFERED_BYTES = 4 * 1024 * 1024;
const BUFFER_CHECK_MILLISECONDS = 4;
/** The bridge closed the connection because its token is not valid any more. */
const TOKEN_ENDED = 4001;

/** One WebSocket to a bridge, from its welcome on. Frames are sent in order, and no faster than the network takes them. */
export class BridgeSocket {
  readonly welcome: WelcomeFrame;
  readonly #socket: WebSocket;
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];
  #isPumping = false;
  #closeReason: string | undefined;
  #unansweredPing = false;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  private constructor(socket: WebSocket, welcome: WelcomeFrame) {
    this.#socket = socket;
    this.welcome = welcome;
  }

  /**
   * Connects, and waits for the bridge's welcome.
   *
   * @throws {PluginError} `bridge-unreachable`; what `signal` aborts with.
   */
  static async connect(url: string, token: string, listeners: BridgeSocketListeners, signal: AbortSignal): Promise<BridgeSocket> {
    signal.throwIfAborted();
    const socket = openSocket(url, token);
    socket.binaryType = "arraybuffer";
    // `close` follows, which says as much. Outside of browsers, an error that nobody hears is thrown.
    socket.onerror = () => undefined;
    try {
      const welcome = await firstFrame(socket, url, signal);
      const connection = new BridgeSocket(socket, welcome);
      connection.#listen(listeners);
      return connection;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#closeReason === undefined && this.#socket.readyState === WebSocket.OPEN;
  }

  /** Sends a frame after those before it. On a connection that is gone it does nothing: whoever waits was told. */
  send(frame: ClientFrame): void {
    if (!this.isOpen) return;
    this.#waiting.push(encodeClientFrame(frame));
    this.#pump();
  }

  close(): void {
    this.#socket.close(1000);
  }

  #pump(): void {
    if (this.#isPumping) return;
    for (;;) {
      if (this.#socket.bufferedAmount > BUFFERED_BYTES) break;
      const next = this.#waiting.shift();
      if (next === undefined || !this.isOpen) return;
      this.#socket.send(next);
    }
    // Browsers have no event for an emptied buffer.
    this.#isPumping = true;
    setTimeout(() => {
      this.#isPumping = false;
      this.#pump();
    }, BUFFER_CHECK_MILLISECONDS);
  }

  #listen({ onFrame, onClosed }: BridgeSocketListeners): void {
    const end = (reason: string): void => {
      if (this.#closeReason !== undefined) return;
      this.#closeReason = reason;
      clearInterval(this.#heartbeat);
      this.#waiting.length = 0;
      this.#socket.close();
      onClosed(reason);
    };
    this.#socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      const frame = data instanceof ArrayBuffer ? decodeServerFrame(new Uint8Array(data)) : "a text message";
      if (typeof frame === "string") return end(`it sent something that is no frame of ${BRIDGE_PROTOCOL}: ${frame}`);
      this.#unansweredPing = false;
      onFrame(frame);
    };
    this.#socket.onclose = ({ code, reason }) => end(describeClose(code, reason));
    // Where a network drops packets without a word, nothing else would ever tell.
    this.#heartbeat = setInterval(() => {
      if (this.#unansweredPing) return end("it does not answer any more");
      this.#unansweredPing = true;
      this.send({ tag: "ping", val: 0 });
    }, Math.max(1_000, this.welcome.heartbeatMilliseconds));
  }
}

function openSocket(url: string, token: string): WebSocket {
  const encoded = toBase64(toUtf8(token)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  try {
    return new WebSocket(url, [BRIDGE_PROTOCOL, `${TOKEN_PROTOCOL_PREFIX}${encoded}`]);
  } catch (cause) {
    throw unreachable(url, `the browser refuses to connect (${cause instanceof Error ? cause.message : String(cause)}). Check the address, and the page's \`connect-src\``, cause);
  }
}

function firstFrame(socket: WebSocket, url: string, signal: AbortSignal): Promise<WelcomeFrame> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as PluginError);
    const settle = (work: () => void): void => {
      signal.removeEventListener("abort", abort);
      work();
    };
    signal.addEventListener("abort", abort, { once: true });
    socket.onclose = ({ code, reason }) => settle(() => reject(refusedConnection(url, code, reason)));
    socket.onmessage = ({ data }: MessageEvent<unknown>) => settle(() => {
      const frame = data instanceof ArrayBuffer ? decodeServerFrame(new Uint8Array(data)) : "a text message";
      if (typeof frame !== "string" && frame.tag === "welcome") resolve(frame.val);
      else reject(unreachable(url, `it does not speak ${BRIDGE_PROTOCOL}: its first message is ${typeof frame === "string" ? frame : frame.tag}`));
    });
  });
}

function refusedConnection(url: string, code: number, reason: string): PluginError {
  // A browser tells a page nothing of why the handshake failed: not even that there was an answer.
  const advice = code === 1006 ? "Check that it runs, the address, the token, and that it allows this page's origin" : describeClose(code, reason);
  return unreachable(url, `it did not accept the connection. ${advice}`);
}

function describeClose(code: number, reason: string): string {
  if (code === TOKEN_ENDED) return "its token has expired";
  return reason === "" ? `WebSocket code ${code}` : `${reason.slice(0, 200)}, WebSocket code ${code}`;
}
