import { readSync, writeSync } from "node:fs";
import { encodeFrame, FrameReader, type ProcessFrame } from "../executor/process-frames.js";

/** The executor started this process and bounds what it sends: this only keeps a broken length from being waited for. */
const FRAME_BYTES = 2 ** 30;
const CHUNK_BYTES = 65_536;

export type Direction = "read" | "write";

/**
 * Frames on a descriptor, read and written while everything else waits: a plugin's call for its host must have its answer before
 * it returns, and JavaScript's own streams give none before the event loop turns.
 */
export class FrameChannel {
  readonly #descriptor: number;
  readonly #reader = new FrameReader(FRAME_BYTES);
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  readonly #frames: ProcessFrame[] = [];
  #wait: (direction: Direction) => void = pause;
  #left: () => void = () => undefined;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  get descriptor(): number {
    return this.#descriptor;
  }

  /** How it waits for the descriptor, where that says "not now" instead of waiting by itself. */
  waitBy(wait: (direction: Direction) => void): void {
    this.#wait = wait;
  }

  /** Tells when frames stay for later, which nothing on the descriptor tells any more. */
  whenLeft(listener: () => void): void {
    this.#left = listener;
  }

  /** The next frame. `undefined` when the other side has closed. */
  receive(): ProcessFrame | undefined {
    return this.receiveWhere(() => true);
  }

  /** The next frame that is wanted. Those before it stay for later. */
  receiveWhere(isWanted: (frame: ProcessFrame) => boolean): ProcessFrame | undefined {
    for (;;) {
      const place = this.#frames.findIndex(isWanted);
      const [wanted] = place === -1 ? [] : this.#frames.splice(place, 1);
      if (wanted !== undefined && this.#frames.length > 0) this.#left();
      if (wanted !== undefined) return wanted;
      const arrived = this.#read();
      if (arrived === "closed") return undefined;
      if (arrived === "nothing") this.#wait("read");
    }
  }

  /** What is there without waiting, on a descriptor that does not wait. */
  receiveArrived(): ProcessFrame | "closed" | "nothing" {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      const arrived = this.#read();
      if (arrived !== "bytes") return arrived;
    }
  }

  /** Nothing happens when the other side has closed: reading finds out. */
  send(kind: number, id: number, ...parts: readonly Uint8Array[]): void {
    const bytes = encodeFrame(kind, id, ...parts);
    for (let position = 0; position < bytes.length;) {
      try {
        position += writeSync(this.#descriptor, bytes, position);
      } catch (error) {
        if (!isCode(error, "EAGAIN")) return;
        this.#wait("write");
      }
    }
  }

  #read(): "bytes" | "closed" | "nothing" {
    let size: number;
    try {
      size = readSync(this.#descriptor, this.#chunk);
    } catch (error) {
      return isCode(error, "EAGAIN") ? "nothing" : "closed";
    }
    if (size === 0) return "closed";
    this.#frames.push(...this.#reader.push(this.#chunk.slice(0, size)));
    return "bytes";
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

const never = new Int32Array(new SharedArrayBuffer(4));

function pause(): void {
  Atomics.wait(never, 0, 0, 1);
}
