import type { Refuse } from "./bounded-json.js";

/** Reads from the file this much at a time, in bytes. */
const READ_SIZE = 256 * 1024;
/**
 * Hands this much to the decompressor at a time. Deflate grows by at most 1032 times, and engines
 * inflate one chunk as a whole, so no more than about 8 MB can be waiting when a bound is passed.
 */
const PIECE_SIZE = 8 * 1024;

/** Gives an archive's uncompressed bytes in the amounts that its reader asks for. */
export interface ArchiveStream {
  /** The next `length` bytes, or fewer where the stream ends. */
  read(length: number): Promise<Uint8Array>;
  /** How many bytes were read. */
  readonly position: number;
  /** Stops reading and lets go of what is buffered. */
  cancel(): void;
}

/** Opens `source`, through the platform's gzip decompressor if it starts like a gzip file. */
export async function openArchiveStream(source: Blob | Uint8Array, refuse: Refuse): Promise<ArchiveStream> {
  const start = await readRange(source, 0, 2);
  const pieces = pieceStream(source);
  if (start[0] !== 0x1f || start[1] !== 0x8b) return new ChunkedStream(pieces, refuse);
  const inflated: ReadableStream<Uint8Array> = pieces.pipeThrough(new DecompressionStream("gzip"));
  return new ChunkedStream(inflated, refuse, await readGzipSize(source));
}

/** Size in bytes of a source. */
export function sourceSize(source: Blob | Uint8Array): number {
  return source instanceof Uint8Array ? source.length : source.size;
}

async function readRange(source: Blob | Uint8Array, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  // Not `slice`: that of a Node Buffer is a view of the same memory.
  if (source instanceof Uint8Array) return new Uint8Array(source.subarray(start, end));
  return new Uint8Array(await source.slice(start, end).arrayBuffer());
}

function pieceStream(source: Blob | Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  let offset = 0;
  let buffered = new Uint8Array(0);
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      if (buffered.length === 0) {
        buffered = await readRange(source, offset, offset + READ_SIZE);
        offset += buffered.length;
      }
      if (buffered.length === 0) {
        controller.close();
        return;
      }
      controller.enqueue(buffered.slice(0, PIECE_SIZE));
      buffered = buffered.subarray(PIECE_SIZE);
    },
  }, { highWaterMark: 0 });
}

// RFC 1952 §2.3.1: the last four bytes are the uncompressed size modulo 2^32. Engines differ in what
// they do with bytes after the compressed data, so the size is compared with what came out.
async function readGzipSize(source: Blob | Uint8Array): Promise<number> {
  const size = sourceSize(source);
  const trailer = await readRange(source, Math.max(0, size - 4), size);
  return trailer.length < 4 ? 0 : new DataView(trailer.buffer).getUint32(0, true);
}

class ChunkedStream implements ArchiveStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #refuse: Refuse;
  readonly #expectedSize: number | undefined;
  #chunk: Uint8Array = new Uint8Array(0);
  #received = 0;
  position = 0;

  constructor(stream: ReadableStream<Uint8Array>, refuse: Refuse, expectedSize?: number) {
    this.#reader = stream.getReader();
    this.#refuse = refuse;
    this.#expectedSize = expectedSize;
  }

  async read(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length && (await this.#fill())) {
      const part = this.#chunk.subarray(0, length - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#chunk = this.#chunk.subarray(part.length);
    }
    this.position += filled;
    return filled === length ? bytes : bytes.subarray(0, filled);
  }

  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#next();
      if (done || value === undefined) {
        this.#checkSize();
        return false;
      }
      this.#chunk = value;
      this.#received += value.length;
    }
    return true;
  }

  async #next(): Promise<{ done: boolean; value?: Uint8Array | undefined }> {
    try {
      return await this.#reader.read();
    } catch (cause) {
      if (this.#expectedSize === undefined) throw this.#refuse(`reading it failed: ${String(cause)}`);
      throw this.#refuse("its gzip data is damaged or cut short");
    }
  }

  #checkSize(): void {
    if (this.#expectedSize === undefined || this.#expectedSize === this.#received % 2 ** 32) return;
    throw this.#refuse("its gzip data does not end where it says: something follows it or is missing");
  }

  cancel(): void {
    // Nobody waits for this: the archive has already been refused or read.
    this.#reader.cancel().catch(() => undefined);
  }
}
