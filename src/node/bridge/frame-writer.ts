import type { WebSocket } from "ws";
import { encodeServerFrame, type ServerFrame } from "../../runtime/bridge/frames.js";

export interface FrameWriterOptions {
  readonly socket: WebSocket;
  /** Above this the page is too slow, and nothing more should be produced for it. */
  readonly outgoingBytes: number;
  readonly onSent: (bytes: number) => void;
  /** The page is too slow (`true`), or has caught up. */
  readonly onPressure: (isHigh: boolean) => void;
  /** What waits is twice what it may be: not even answers that take no work should be asked for. */
  readonly onFlood: (isFlooded: boolean) => void;
}

/** A message goes out in parts of this size, so that a ping finds its way between them, and a slow page can be told from a dead one. */
const PART_BYTES = 256 * 1024;
/** What the socket is given before it has sent what it has. */
const WINDOW_BYTES = 1024 * 1024;

interface Message {
  readonly bytes: Uint8Array;
  position: number;
}

/** Sends frames in order, no faster than the page takes them. */
export class FrameWriter {
  readonly #options: FrameWriterOptions;
  readonly #messages: Message[] = [];
  #waitingBytes = 0;
  #givenBytes = 0;
  #isHigh = false;
  #isFlooded = false;
  readonly #emptied: (() => void)[] = [];
  #parts = 0;

  constructor(options: FrameWriterOptions) {
    this.#options = options;
  }

  /** Parts that the network took. */
  get sentParts(): number {
    return this.#parts;
  }

  /** Bytes of frames that the network has not taken yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Resolves when the network has taken everything, or never if the page is gone. */
  async emptied(): Promise<void> {
    if (this.#waitingBytes > 0) await new Promise<void>((resolve) => void this.#emptied.push(resolve));
  }

  send(frame: ServerFrame): void {
    const bytes = encodeServerFrame(frame);
    this.#messages.push({ bytes, position: 0 });
    this.#waitingBytes += bytes.length;
    this.#pump();
    this.#weigh();
  }

  #pump(): void {
    while (this.#givenBytes < WINDOW_BYTES) {
      const [message] = this.#messages;
      if (message === undefined) return;
      const part = message.bytes.subarray(message.position, message.position + PART_BYTES);
      message.position += part.length;
      const isLast = message.position === message.bytes.length;
      if (isLast) this.#messages.shift();
      this.#givenBytes += part.length;
      this.#options.socket.send(part, { binary: true, fin: isLast }, (error) => this.#sent(part.length, error ?? undefined));
    }
  }

  #sent(bytes: number, error: Error | undefined): void {
    // The socket is gone, which its own event tells.
    if (error !== undefined) return;
    this.#parts += 1;
    this.#givenBytes -= bytes;
    this.#waitingBytes -= bytes;
    this.#options.onSent(bytes);
    this.#pump();
    this.#weigh();
    if (this.#waitingBytes === 0) for (const resolve of this.#emptied.splice(0)) resolve();
  }

  #weigh(): void {
    const { outgoingBytes, onPressure, onFlood } = this.#options;
    // Not at the same mark, or every frame would change it.
    const isAbove = (was: boolean, mark: number): boolean => this.#waitingBytes > (was ? mark / 2 : mark);
    const [isHigh, isFlooded] = [isAbove(this.#isHigh, outgoingBytes), isAbove(this.#isFlooded, 2 * outgoingBytes)];
    const [changesHigh, changesFlooded] = [isHigh !== this.#isHigh, isFlooded !== this.#isFlooded];
    [this.#isHigh, this.#isFlooded] = [isHigh, isFlooded];
    if (changesHigh) onPressure(isHigh);
    if (changesFlooded) onFlood(isFlooded);
  }
}
