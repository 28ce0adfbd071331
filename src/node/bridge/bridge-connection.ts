import type { RawData, WebSocket } from "ws";
import { type ClientFrame, decodeClientFrame, type FrameFailure, type OpenFrame, type ServerFrame } from "../../runtime/bridge/frames.js";
import type { Executor } from "../executor/executor.js";
import { BridgeInstance, type InstanceContext } from "./bridge-instance.js";
import type { BridgeLimits } from "./bridge-limits.js";
import type { BridgeLog } from "./bridge-log.js";
import type { BridgeMetrics } from "./bridge-metrics.js";
import { CLOSE_CODE } from "./close-codes.js";
import { ConnectionLoad } from "./connection-load.js";
import { FrameWriter } from "./frame-writer.js";
import { Heartbeat } from "./heartbeat.js";
import { ListingRequests } from "./listing-requests.js";
import { NumberRanges } from "./number-ranges.js";
import type { PluginDirectory } from "./plugin-directory.js";
import { ReadGate } from "./read-gate.js";
import { TokenBucket } from "./token-bucket.js";
import type { Credential } from "./token-list.js";

export interface ConnectionOptions {
  readonly socket: WebSocket;
  readonly credential: Credential;
  readonly executor: Executor;
  readonly plugins: PluginDirectory;
  readonly limits: BridgeLimits;
  readonly metrics: BridgeMetrics;
  readonly log: BridgeLog;
  readonly isDraining: () => boolean;
  readonly onClosed: () => void;
}

// Of a page that gives its instances numbers by chance. Ours counts, which is one range.
const MOST_RANGES = 10_000;
// More than a manifest may have: what is longer would only be repeated in messages, and what is more would only take time.
const LONGEST_NAME = 256;
const MOST_GRANTS = 512;
/** How long a peer has to close its side, and to take what was sent to it before. */
const CLOSING_MILLISECONDS = 2_000;

/** One page. What it may reach is in here: an instance of another connection cannot even be named. */
export class BridgeConnection {
  readonly credential: Credential;
  readonly #options: ConnectionOptions;
  readonly #instances = new Map<number, BridgeInstance>();
  readonly #usedNumbers = new NumberRanges();
  readonly #load: ConnectionLoad;
  readonly #writer: FrameWriter;
  readonly #gate: ReadGate;
  readonly #heartbeat: Heartbeat;
  readonly #frames: TokenBucket;
  readonly #opens: TokenBucket;
  readonly #requests: ListingRequests;
  #isPressed = false;
  #isEnded = false;
  #activeAt = performance.now();
  #rateTimer: NodeJS.Timeout | undefined;

  constructor(options: ConnectionOptions) {
    const { socket, limits, metrics } = options;
    this.#options = options;
    this.credential = options.credential;
    this.#load = new ConnectionLoad(limits);
    this.#gate = new ReadGate(socket);
    this.#frames = new TokenBucket(limits.framesPerSecond, limits.framesPerSecond, () => performance.now());
    this.#opens = new TokenBucket(limits.opensPerSecond, limits.instances, () => performance.now());
    this.#writer = new FrameWriter({
      socket, outgoingBytes: limits.outgoingBytes,
      onSent: (bytes) => (metrics.bytesSent += bytes), onPressure: (isHigh) => this.#press(isHigh), onFlood: (isFlooded) => this.#gate.set("outgoing", isFlooded && !this.#isEnded),
    });
    this.#heartbeat = new Heartbeat({ socket, milliseconds: limits.heartbeatMilliseconds, isExcused: () => this.#gate.isExcused, backlog: () => this.#writer, onBeat: () => this.#beat(), onDead: () => this.#drop("it gives no sign of life") });
    this.#requests = new ListingRequests({ plugins: options.plugins, most: limits.requests, log: options.log, send: (frame) => this.#send(frame) });
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    // The event that follows says that it is closed. What was too large, or no WebSocket at all, has been answered by then.
    socket.on("error", (error) => options.log.warn("connection-failed", { reason: error.message }));
    socket.on("close", (code) => this.#end(code));
    this.#send({
      tag: "welcome",
      val: { heartbeatMilliseconds: limits.heartbeatMilliseconds, messageBytes: BigInt(limits.messageBytes), instances: limits.instances, calls: limits.calls },
    });
  }

  /** Whether it can be closed without anybody missing an answer: nothing is under way, or has been for `milliseconds`. */
  isQuiet(milliseconds: number): boolean {
    if (this.#load.calls > 0 || this.#requests.open > 0) return false;
    return this.#instances.size === 0 || performance.now() - this.#activeAt >= milliseconds;
  }

  tellDraining(): void {
    this.#send({ tag: "draining" });
  }

  /** Ends its instances, and the connection once the page has what was sent to it before. */
  async close(code: number, reason: string): Promise<void> {
    if (this.#isEnded) return;
    const { socket } = this.#options;
    const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
    const timer = setTimeout(() => socket.terminate(), CLOSING_MILLISECONDS);
    this.#stop();
    await Promise.race([this.#writer.emptied(), closed]);
    socket.close(code, reason);
    await closed;
    clearTimeout(timer);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#isEnded) return;
    if (!isBinary || !(data instanceof Buffer)) return this.#violate("a text message");
    this.#options.metrics.bytesReceived += data.length;
    this.#heartbeat.sawLife();
    this.#frames.borrow();
    this.#slowDown();
    const frame = decodeClientFrame(data);
    if (typeof frame === "string") return this.#violate(`something that is no frame: ${frame}`);
    if (frame.tag !== "ping") this.#activeAt = performance.now();
    const problem = this.#take(frame);
    if (problem !== undefined) this.#violate(problem);
  }

  /** @returns what is wrong with it, beyond what a page of ours could do. */
  #take(frame: ClientFrame): string | undefined {
    switch (frame.tag) {
      case "ping": return this.#send({ tag: "pong", val: frame.val });
      case "list": return this.#requests.list(frame.val.request);
      case "read": return this.#requests.read(frame.val.request, frame.val.id, frame.val.version);
      case "open": return this.#open(frame.val);
      default: return this.#forInstance(frame);
    }
  }

  #forInstance(frame: Exclude<ClientFrame, { readonly tag: "ping" | "list" | "read" | "open" }>): string | undefined {
    const { instance: number } = frame.val;
    const instance = this.#instances.get(number);
    // A frame may have been on its way when the instance ended. One that never was is made up.
    if (instance === undefined) return this.#usedNumbers.has(number) ? undefined : `a frame for instance ${number}, which it did not open`;
    switch (frame.tag) {
      case "call": return this.#withRoom(frame.val.instance, frame.val.call, () => instance.call(frame.val));
      case "drop": return this.#withRoom(frame.val.instance, frame.val.call, () => instance.drop(frame.val.call, frame.val.resource));
      case "host-answer": return instance.answer(frame.val.id, frame.val.answer);
      case "revoke": return frame.val.grants.length > MOST_GRANTS ? "a list of grants that no plugin has" : instance.revoke(frame.val.grants);
      case "close": return instance.close();
    }
  }

  #withRoom(instance: number, call: number, begin: () => string | undefined): string | undefined {
    if (!this.#load.isExhausted) return begin();
    const failure: FrameFailure = { code: "busy", stage: "call", message: `Cannot call a plugin behind the bridge: ${this.#load.calls} calls of this page are under way, and there is no room for more. Wait for some to end` };
    return this.#send({ tag: "answer", val: { instance, call, outcome: { tag: "failed", val: failure } } });
  }

  #open(open: OpenFrame): string | undefined {
    const { instance: number, id, version, manifestSha256, grants } = open;
    if (this.#usedNumbers.has(number)) return `an order for instance ${number}, whose number was used before`;
    this.#usedNumbers.add(number);
    if (this.#usedNumbers.size > MOST_RANGES) return "numbers of instances in no order, and too many of them";
    if (Math.max(id.length, version.length, manifestSha256.length) > LONGEST_NAME || grants.length > MOST_GRANTS) return "an order with names or grants that no plugin has";
    const refusal = this.#openRefusal(id);
    if (refusal !== undefined) return this.#send({ tag: "ended", val: { instance: number, failure: refusal } });
    const instance = new BridgeInstance(open, this.#instanceContext(number));
    this.#instances.set(number, instance);
    void instance.start();
    return undefined;
  }

  #openRefusal(id: string): FrameFailure | undefined {
    const { limits, isDraining } = this.#options;
    const refuse = (code: "bridge-refused" | "instances-exhausted" | "busy", reason: string): FrameFailure => ({ code, stage: "instantiate", message: `Cannot start ${id} behind the bridge: ${reason}` });
    if (isDraining()) return refuse("bridge-refused", "it is going to stop. Connect again, perhaps to another");
    if (this.#instances.size >= limits.instances) return refuse("instances-exhausted", `this page has ${limits.instances} instances, which is as many as it may. End some first`);
    return this.#opens.take() ? undefined : refuse("busy", `this page starts more than ${limits.opensPerSecond} instances a second. Try again later`);
  }

  #instanceContext(number: number): InstanceContext {
    const { executor, plugins, limits, metrics, log } = this.#options;
    return {
      executor, plugins, limits, metrics, log,
      send: (frame) => this.#send(frame),
      weigh: (change) => {
        this.#load.add(change);
        this.#activeAt = performance.now();
        this.#gate.set("load", this.#load.isFull && !this.#isEnded);
      },
      isPressed: () => this.#isPressed,
      onEnded: () => void this.#instances.delete(number),
    };
  }

  #send(frame: ServerFrame): undefined {
    if (!this.#isEnded) this.#writer.send(frame);
    return undefined;
  }

  #press(isPressed: boolean): void {
    this.#isPressed = isPressed;
    for (const instance of this.#instances.values()) instance.press(isPressed);
  }

  /** What was read at once is taken, and then nothing until its time has come. */
  #slowDown(): void {
    const { owed } = this.#frames;
    if (this.#rateTimer !== undefined || this.#isEnded) return;
    this.#gate.set("rate", owed > 0);
    if (owed === 0) return;
    this.#rateTimer = setTimeout(() => {
      this.#rateTimer = undefined;
      this.#slowDown();
    }, owed);
  }

  #beat(): void {
    // A page that is not read gets no answer to its own questions, and must not take the bridge for dead.
    if (this.#gate.isShut) this.#send({ tag: "pong", val: 0 });
    const isIdle = this.#instances.size === 0 && performance.now() - this.#activeAt >= this.#options.limits.idleMilliseconds;
    if (isIdle) void this.close(CLOSE_CODE.idle, "nothing was asked for long");
  }

  #violate(found: string): void {
    const { metrics, log } = this.#options;
    metrics.protocolViolations += 1;
    log.warn("protocol-violation", { reason: found });
    void this.close(CLOSE_CODE.protocol, "what was sent is no part of the protocol");
  }

  #drop(reason: string): void {
    this.#options.log.info("connection-dropped", { reason });
    this.#options.socket.terminate();
  }

  /** Nothing more is taken from the page, and nothing made for it. */
  #stop(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#heartbeat.stop();
    clearTimeout(this.#rateTimer);
    for (const instance of this.#instances.values()) instance.close();
    // So that the peer's own closing is read.
    this.#gate.open();
  }

  #end(code: number): void {
    this.#stop();
    this.#options.log.info("connection-closed", { code });
    this.#options.onClosed();
  }
}
