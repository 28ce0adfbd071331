import type { BrokerContext } from "./broker.js";
import { InterfaceError } from "./call-errors.js";
import { isByteArray } from "./byte-array.js";
import { type ByteSource, HostInputStream } from "./input-streams.js";

/** What a plugin may read as its standard input. Text is given in UTF-8. */
export type StandardInputContent = string | Uint8Array | Blob | ReadableStream<Uint8Array>;

/**
 * What an app offers as standard input. Each instance of a plugin reads it from its beginning, but for a `ReadableStream`,
 * which can be read once: any further instance, such as the one that follows after a trap, finds it at its end.
 * A function makes content anew for each.
 */
export type StandardInputSource = StandardInputContent | (() => StandardInputContent | Promise<StandardInputContent>);

/**
 * Opens standard input for one instance.
 *
 * @returns the number of its stream, for `GuestAuthority.standardInput`. The source is opened at the first read.
 */
export function createStandardInput(context: BrokerContext, source: StandardInputSource): number {
  return context.handles.add(new StandardInput(context, source), { tag: "closed" });
}

/** A stream that is asked for its grant at every read, because one may be revoked in the middle. */
class StandardInput extends HostInputStream {
  readonly #context: BrokerContext;

  constructor(context: BrokerContext, source: StandardInputSource) {
    super(new LazySource(source, context.reportFailure));
    this.#context = context;
  }

  override ready(): Promise<void> | undefined {
    // A read that will be refused waits for nothing, and takes nothing from the app's stream.
    return this.#isGranted() ? super.ready() : undefined;
  }

  override take(most: number): Uint8Array {
    if (this.#isGranted()) return super.take(most);
    this.#context.deny({ capability: "stdin", function: "wasi:cli/stdin#get-stdin", summary: "a read of standard input" });
    throw new InterfaceError({ tag: "last-operation-failed", val: "standard input is not granted any more" });
  }

  #isGranted(): boolean {
    return this.#context.grants().some(({ kind }) => kind === "stdin");
  }
}

/** Opens the app's source when it is first read, and keeps the app's own errors from the plugin. */
class LazySource implements ByteSource {
  readonly #source: StandardInputSource;
  readonly #reportFailure: (error: unknown) => void;
  #opened: Promise<ByteSource> | undefined;
  #isOver = false;

  constructor(source: StandardInputSource, reportFailure: (error: unknown) => void) {
    this.#source = source;
    this.#reportFailure = reportFailure;
  }

  async next(): Promise<Uint8Array | undefined> {
    try {
      const opened = await (this.#opened ??= this.#open());
      let piece = await opened.next();
      // Nothing read is not the end, and a reader that waits would be woken for nothing.
      while (piece?.length === 0 && !this.#isOver) piece = await opened.next();
      return piece;
    } catch (error) {
      this.#reportFailure(error);
      throw new Error("standard input failed", { cause: error });
    }
  }

  cancel(): void {
    this.#isOver = true;
    this.#opened?.then((opened) => opened.cancel(), () => undefined);
  }

  async #open(): Promise<ByteSource> {
    const content = typeof this.#source === "function" ? await this.#source() : this.#source;
    return openContent(content);
  }
}

function openContent(content: unknown): ByteSource {
  if (typeof content === "string") return blobSource(new Blob([content]));
  // The view as it is now: without a copy the app's later changes would be read.
  if (isByteArray(content)) return blobSource(new Blob([new Uint8Array(content)]));
  if (content instanceof Blob) return blobSource(content);
  if (content instanceof ReadableStream) return streamSource(content as ReadableStream<unknown>);
  throw new TypeError(`Cannot give ${typeof content} as standard input: it must be a string, a Uint8Array, a Blob, a ReadableStream or a function that gives one`);
}

// What is read at once of something that is there in full.
const PIECE_BYTES = 64 * 1024;

function blobSource(blob: Blob): ByteSource {
  let position = 0;
  return {
    async next() {
      if (position >= blob.size) return undefined;
      const piece = blob.slice(position, position + PIECE_BYTES);
      position += PIECE_BYTES;
      return new Uint8Array(await piece.arrayBuffer());
    },
    cancel: () => undefined,
  };
}

function streamSource(stream: ReadableStream<unknown>): ByteSource {
  // Another instance reads it, or did.
  if (stream.locked) return { next: async () => undefined, cancel: () => undefined };
  const reader = stream.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      if (done) return undefined;
      if (isByteArray(value)) return value;
      throw new TypeError(`Cannot read standard input: its stream gave ${typeof value} instead of a Uint8Array`);
    },
    cancel: () => void reader.cancel().catch(() => undefined),
  };
}
