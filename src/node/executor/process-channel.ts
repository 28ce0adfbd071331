import type { Duplex } from "node:stream";
import { encodeFrame, FrameProblem, FrameReader, type ProcessFrame } from "./process-frames.js";

export interface ChannelListeners {
  readonly onFrame: (frame: ProcessFrame) => void;
  /** What the process sent is no frame. Nothing more is read. */
  readonly onBroken: (problem: string) => void;
  /** The process closed its end. */
  readonly onClosed: () => void;
}

/** Each piece costs a turn of the event loop, however small it is: those that are this small and complete nothing are counted. */
const SMALL_BYTES = 512;
const SMALL_PIECES = 64;
const PAUSE_MILLISECONDS = 10;

/** The executor's end of the frames to and from one process. */
export class ProcessChannel {
  readonly #stream: Duplex;
  #isOpen = true;
  #isPaused = false;
  #smallPieces = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param mostBytes - of one frame, whatever it claims. */
  constructor(stream: Duplex, mostBytes: number, listeners: ChannelListeners) {
    this.#stream = stream;
    const reader = new FrameReader(mostBytes);
    stream.on("data", (chunk: Buffer) => this.#read(reader, chunk, listeners));
    // A reset is a close: what the process has not read of ours is lost with it.
    stream.on("error", () => this.#closed(listeners));
    stream.on("close", () => this.#closed(listeners));
    stream.on("end", () => this.#closed(listeners));
  }

  /** Frames of a call are written one at a time, so that what waits for a slow process is bounded by what a frame may have. */
  send(kind: number, id: number, ...parts: readonly Uint8Array[]): void {
    if (this.#isOpen) this.#stream.write(encodeFrame(kind, id, ...parts));
  }

  pause(): void {
    this.#isPaused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#stream.resume();
  }

  close(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#stream.destroy();
  }

  #read(reader: FrameReader, chunk: Buffer, listeners: ChannelListeners): void {
    if (!this.#isOpen) return;
    this.#smallPieces = chunk.length < SMALL_BYTES ? this.#smallPieces + 1 : 0;
    try {
      for (const frame of reader.push(chunk)) {
        this.#smallPieces = 0;
        if (this.#isOpen) listeners.onFrame(frame);
      }
      if (this.#smallPieces >= SMALL_PIECES) this.#rest();
    } catch (error) {
      if (!(error instanceof FrameProblem)) throw error;
      this.close();
      listeners.onBroken(error.message);
    }
  }

  /** Lets the process's next pieces run together. */
  #rest(): void {
    this.#smallPieces = 0;
    this.#stream.pause();
    this.#timer = setTimeout(() => {
      if (!this.#isPaused) this.#stream.resume();
    }, PAUSE_MILLISECONDS);
  }

  #closed(listeners: ChannelListeners): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    listeners.onClosed();
  }
}
