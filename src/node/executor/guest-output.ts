import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { GuestEvent } from "../../rpc/messages.js";

export type OutputStream = "stdout" | "stderr";

/** What a plugin's process writes to its standard streams, bounded in amount and in rate. */
export interface GuestOutputOptions {
  readonly logBytes: number;
  /** Given to the one who uses the instance: a granted stream. */
  readonly onEvent: (event: GuestEvent) => void;
  readonly isGranted: (stream: OutputStream) => boolean;
  /** What was not granted, for the operator. */
  readonly onUngranted: (stream: OutputStream, text: string) => void;
}

/** What is read of one stream between two pauses: 2.5 MB a second at most, so that a flood costs the executor little. */
const BYTES_BEFORE_PAUSE = 256 * 1024;
const PIECES_BEFORE_PAUSE = 128;
const PAUSE_MILLISECONDS = 100;
/** What an entry in the operator's log counts for at least. */
const LEAST_ENTRY_BYTES = 256;
const LAST_CHARACTERS = 2_048;

/** Reads the two streams of one process for as long as it has them. What it writes beyond its bound is read and dropped, so that it need not wait. */
export class GuestOutput {
  /** The last that it wrote to its standard error, whatever was granted. */
  lastErrors = "";
  /** What may still be given away. The operator's part is apart, so that it takes nothing from what was granted. */
  readonly #left: Record<"granted" | "ungranted", number>;
  #isTruncated = false;
  #isPaused = false;
  readonly #options: GuestOutputOptions;
  readonly #streams: readonly Readable[];
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(streams: Readonly<Record<OutputStream, Readable>>, options: GuestOutputOptions) {
    this.#options = options;
    this.#left = { granted: options.logBytes, ungranted: options.logBytes };
    this.#streams = [streams.stdout, streams.stderr];
    this.#read("stdout", streams.stdout);
    this.#read("stderr", streams.stderr);
  }

  /** Lowers what may be given away, before anything was. */
  bound(logBytes: number): void {
    this.#left.granted = Math.min(this.#left.granted, logBytes);
    this.#left.ungranted = Math.min(this.#left.ungranted, logBytes);
  }

  pause(): void {
    this.#isPaused = true;
    for (const stream of this.#streams) stream.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const stream of this.#streams) stream.resume();
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const stream of this.#streams) stream.destroy();
  }

  #read(name: OutputStream, stream: Readable): void {
    const decoder = new StringDecoder("utf8");
    let [bytes, pieces] = [0, 0];
    // Such as a reset: the process has ended, and its end is told elsewhere.
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => {
      this.#take(name, chunk, decoder);
      [bytes, pieces] = [bytes + chunk.length, pieces + 1];
      if (bytes < BYTES_BEFORE_PAUSE && pieces < PIECES_BEFORE_PAUSE) return;
      [bytes, pieces] = [0, 0];
      stream.pause();
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        if (!this.#isPaused) stream.resume();
      }, PAUSE_MILLISECONDS);
      this.#timers.add(timer);
    });
  }

  #take(name: OutputStream, chunk: Buffer, decoder: StringDecoder): void {
    if (name === "stderr") this.lastErrors = (this.lastErrors + chunk.toString("latin1")).slice(-LAST_CHARACTERS);
    const part = this.#options.isGranted(name) ? "granted" : "ungranted";
    const kept = chunk.subarray(0, this.#left[part]);
    this.#left[part] = Math.max(0, this.#left[part] - (part === "granted" ? kept.length : Math.max(kept.length, LEAST_ENTRY_BYTES)));
    const text = decoder.write(kept);
    if (text !== "") this.#give(name, text, part === "granted");
    if (kept.length === chunk.length || this.#isTruncated || part === "ungranted") return;
    this.#isTruncated = true;
    this.#options.onEvent({ kind: "output-truncated" });
  }

  #give(name: OutputStream, text: string, isGranted: boolean): void {
    if (isGranted) this.#options.onEvent({ kind: "output", stream: name, text });
    else this.#options.onUngranted(name, text);
  }
}
