import type { HostAnswer } from "./messages.js";
import { decodeShared, encodeShared } from "./shared-value.js";

/*
 * One answer at a time, through a buffer that the page and a worker share. The worker's thread waits in
 * `Atomics.wait`, so the answer cannot come as a message. An answer larger than the buffer comes in pieces: the
 * worker asks for each next one.
 */

const HEADER_BYTES = 16;
const DATA_BYTES = 256 * 1024;
// What stands in the buffer's first word.
const EMPTY = 0;
const PIECE = 1;
const LAST_PIECE = 2;

/** The operation by which a worker asks for the next piece. */
export const NEXT_PIECE = "answer.next";

/** The page's end. */
export class SharedAnswers {
  readonly buffer = new SharedArrayBuffer(HEADER_BYTES + DATA_BYTES);
  readonly #words = new Int32Array(this.buffer, 0, HEADER_BYTES / 4);
  readonly #data = new Uint8Array(this.buffer, HEADER_BYTES);
  #left: Uint8Array = new Uint8Array();

  /** Hands over an answer, or the first piece of it. */
  write(answer: HostAnswer): void {
    this.#left = encodeShared(answer);
    this.next();
  }

  /** Hands over the next piece. A worker that asks without need gets an empty one. */
  next(): void {
    const piece = this.#left.subarray(0, DATA_BYTES);
    this.#left = this.#left.subarray(piece.length);
    this.#data.set(piece);
    this.#words[1] = piece.length;
    Atomics.store(this.#words, 0, this.#left.length > 0 ? PIECE : LAST_PIECE);
    Atomics.notify(this.#words, 0);
  }
}

/** The worker's end: waits for the answer to the call that was just posted. */
export function awaitSharedAnswer(buffer: SharedArrayBuffer, askForNext: () => void): HostAnswer {
  const words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
  const data = new Uint8Array(buffer, HEADER_BYTES);
  const pieces: Uint8Array[] = [];
  let state: number = EMPTY;
  do {
    if (state === PIECE) askForNext();
    Atomics.wait(words, 0, EMPTY);
    state = Atomics.exchange(words, 0, EMPTY);
    pieces.push(data.slice(0, words[1]));
  } while (state === PIECE);
  return decodeShared(joined(pieces)) as HostAnswer;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    whole.set(piece, position);
    position += piece.length;
  }
  return whole;
}
