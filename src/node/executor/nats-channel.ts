import { PART } from "./nats-messages.js";

export interface NatsChannelOptions {
  /** Sends one message of NATS to the other side. */
  readonly publish: (bytes: Uint8Array) => void;
  /** What one message of NATS may hold, in bytes. */
  readonly messageBytes: number;
  /** What a whole message of the other side may take, in bytes. */
  readonly receivedBytes: number;
  readonly onMessage: (bytes: Uint8Array) => void;
  /** The other side wants nothing more. */
  readonly onEnd: () => void;
  /** Something is missing, out of order or too large: nothing that follows could be trusted. Called once. */
  readonly onBroken: (reason: string) => void;
  /** Much waits to be sent (`true`), or has been. */
  readonly onPressure?: (isHigh: boolean) => void;
}

const PART_BYTES = 256 * 1024;
const PART_OVERHEAD_BYTES = 1024;
/**
 * What the other side has not taken yet, at most. A server of NATS drops whoever has more than some megabytes waiting, and all that are
 * connected share them, so that this is what each of them may put there.
 */
const WINDOW_BYTES = 1024 * 1024;
const HIGH_BYTES = 1024 * 1024;

/**
 * Messages of any size between one instance and its bridge, whole and in order, out of messages of NATS, which are small, may be lost,
 * and wait in a server that has other things to do.
 */
export class NatsChannel {
  readonly #options: NatsChannelOptions;
  readonly #partBytes: number;
  readonly #waiting: { readonly bytes: Uint8Array; position: number }[] = [];
  #waitingBytes = 0;
  #sentBytes = 0;
  #sentParts = 0;
  #isHigh = false;
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  #expected = 0;
  #takenBytes = 0;
  #isBroken = false;
  readonly #emptied: (() => void)[] = [];

  constructor(options: NatsChannelOptions) {
    this.#options = options;
    this.#partBytes = Math.max(1, Math.min(PART_BYTES, options.messageBytes - PART_OVERHEAD_BYTES));
  }

  send(bytes: Uint8Array): void {
    this.#waiting.push({ bytes, position: 0 });
    this.#waitingBytes += bytes.length;
    this.#pump();
    this.#weigh();
  }

  /** Tells the other side that nothing more is wanted, before everything that waits. */
  end(): void {
    this.#discard();
    this.#options.publish(PART.encode({ tag: "end" }));
  }

  /** Resolves when everything was sent. */
  async emptied(): Promise<void> {
    if (this.#waitingBytes > 0) await new Promise<void>((resolve) => void this.#emptied.push(resolve));
  }

  /** A message of NATS from the other side. */
  receive(bytes: Uint8Array): void {
    if (this.#isBroken) return;
    const message = PART.decode(bytes);
    if (message === undefined) return this.#break("a message of no known form");
    if (message.tag === "end") {
      this.#discard();
      return this.#options.onEnd();
    }
    if (message.tag === "taken") return this.#taken(message.val);
    const { number, isLast, bytes: part } = message.val;
    if (number !== this.#expected) return this.#break(`part ${number} where ${this.#expected} was expected`);
    this.#expected = (number + 1) >>> 0;
    this.#partsBytes += part.length;
    if (this.#partsBytes > this.#options.receivedBytes) return this.#break(`a message of more than ${this.#options.receivedBytes} bytes`);
    this.#parts.push(part);
    this.#acknowledge(part.length);
    if (isLast) this.#options.onMessage(this.#join());
  }

  #taken(bytes: number): void {
    if (bytes > this.#sentBytes) return this.#break("that more was taken than was sent");
    this.#sentBytes -= bytes;
    this.#pump();
    this.#weigh();
  }

  /** Not every small message needs a word: a quarter of the window is soon enough. */
  #acknowledge(bytes: number): void {
    this.#takenBytes += bytes;
    if (this.#takenBytes < WINDOW_BYTES / 4) return;
    this.#options.publish(PART.encode({ tag: "taken", val: this.#takenBytes }));
    this.#takenBytes = 0;
  }

  #join(): Uint8Array {
    const [first = new Uint8Array(), ...more] = this.#parts;
    const joined = more.length === 0 ? first : new Uint8Array(this.#partsBytes);
    let position = 0;
    if (more.length > 0) {
      for (const part of this.#parts) {
        joined.set(part, position);
        position += part.length;
      }
    }
    this.#parts = [];
    this.#partsBytes = 0;
    return joined;
  }

  #pump(): void {
    while (this.#sentBytes < WINDOW_BYTES) {
      const [message] = this.#waiting;
      if (message === undefined) return this.#settleEmptied();
      const part = message.bytes.subarray(message.position, message.position + this.#partBytes);
      message.position += part.length;
      const isLast = message.position === message.bytes.length;
      if (isLast) this.#waiting.shift();
      this.#waitingBytes -= part.length;
      this.#sentBytes += part.length;
      this.#options.publish(PART.encode({ tag: "part", val: { number: this.#sentParts, isLast, bytes: part } }));
      this.#sentParts = (this.#sentParts + 1) >>> 0;
    }
  }

  #discard(): void {
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#settleEmptied();
  }

  #settleEmptied(): void {
    for (const resolve of this.#emptied.splice(0)) resolve();
  }

  #weigh(): void {
    const isHigh = this.#isHigh ? this.#waitingBytes > HIGH_BYTES / 2 : this.#waitingBytes > HIGH_BYTES;
    if (isHigh === this.#isHigh) return;
    this.#isHigh = isHigh;
    this.#options.onPressure?.(isHigh);
  }

  #break(reason: string): void {
    this.#isBroken = true;
    this.#parts = [];
    this.#options.onBroken(reason);
  }
}
