import type { Broker, BrokerContext, HostOperation } from "./broker.js";
import { InterfaceError, MalformedCall } from "./call-errors.js";
import { type HostHandle } from "./handle-table.js";

/** Where a stream's bytes come from. */
export interface ByteSource {
  /** The next piece, of any size; `undefined` at the end. Rejects when it fails. */
  next(): Promise<Uint8Array | undefined>;
  /** Nobody wants more. */
  cancel(): void;
}

/** A stream of bytes that lives on the page and is read by the guest, piece by piece: a body, standard input. */
export class HostInputStream implements HostHandle {
  readonly #source: ByteSource;
  #buffered: Uint8Array = new Uint8Array();
  #filling: Promise<void> | undefined;
  #failure: string | undefined;
  #ended = false;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  ready(): Promise<void> | undefined {
    if (this.#buffered.length > 0 || this.#ended) return undefined;
    // One piece is fetched ahead and no more, so that a slow guest holds the sender back.
    this.#filling ??= this.#fill().finally(() => (this.#filling = undefined));
    return this.#filling;
  }

  /**
   * @returns what is there, at most `most` bytes; empty if nothing is there yet.
   * @throws {InterfaceError} `wasi:io/streams` `stream-error`: `closed` at the end, a text as `last-operation-failed`'s value.
   */
  take(most: number): Uint8Array {
    if (this.#buffered.length > 0) {
      const taken = this.#buffered.slice(0, most);
      this.#buffered = this.#buffered.subarray(taken.length);
      return taken;
    }
    if (this.#failure !== undefined) {
      const reason = this.#failure;
      this.#failure = undefined;
      throw new InterfaceError({ tag: "last-operation-failed", val: reason });
    }
    if (this.#ended) throw new InterfaceError({ tag: "closed" });
    return new Uint8Array();
  }

  dispose(): void {
    this.#ended = true;
    this.#source.cancel();
  }

  async #fill(): Promise<void> {
    try {
      const piece = await this.#source.next();
      if (this.#ended) return;
      if (piece === undefined) this.#ended = true;
      else this.#buffered = piece;
    } catch (error) {
      this.#ended = true;
      this.#failure = error instanceof Error ? error.message : String(error);
    }
  }
}

/** Reading from {@link HostInputStream}s, waiting for handles, and dropping them: what every other broker builds on. */
export function createHandleBroker({ handles }: BrokerContext): Broker {
  return {
    operations: new Map<string, HostOperation>([
      ["handle.drop", ([id]) => handles.drop(id)],
      [
        "handle.wait",
        async ([ids, milliseconds], { signal }) => {
          // Of no handle none ever becomes ready: our runtime does not ask.
          if (!Array.isArray(ids) || ids.length === 0 || !isWait(milliseconds)) throw new MalformedCall("a wait without handles, or of an impossible time");
          return waitForOne(ids.map((id: unknown) => handles.waitable(id)), milliseconds, signal);
        },
      ],
      [
        "stream.read",
        async ([id, most, blocking], { signal }) => {
          const stream = handles.get(id, HostInputStream);
          if (typeof most !== "number" || !(most >= 0) || typeof blocking !== "boolean") throw new MalformedCall("a read of an impossible length");
          if (blocking) await untilReady(stream, signal);
          else void stream.ready();
          return stream.take(most);
        },
      ],
    ]),
  };
}

function isWait(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === "number" && value >= 0);
}

/** Until there is something to take, or nobody waits for it any more. */
async function untilReady(stream: HostInputStream, signal: AbortSignal): Promise<void> {
  let waiting = stream.ready();
  while (waiting !== undefined && !signal.aborted) {
    await firstOf([waiting], undefined, signal);
    waiting = stream.ready();
  }
}

/** Positions of the handles that are ready, as soon as one is, or none when the time is over. */
async function waitForOne(waited: readonly HostHandle[], milliseconds: number | undefined, signal: AbortSignal): Promise<number[]> {
  const pending = waited.map((handle) => handle.ready?.());
  if (pending.every((promise) => promise !== undefined) && milliseconds !== 0) await firstOf(pending, milliseconds, signal);
  // Asked again: what came meanwhile is ready too.
  return waited.flatMap((handle, position) => (handle.ready?.() === undefined ? [position] : []));
}

// Timers take 31 bits; nobody waits that long.
const LONGEST_TIMER = 0x7fff_ffff;

async function firstOf(pending: readonly Promise<void>[], milliseconds: number | undefined, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener("abort", stop, { once: true });
    if (milliseconds !== undefined) timer = setTimeout(resolve, Math.min(milliseconds, LONGEST_TIMER));
  });
  try {
    await Promise.race([...pending, over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
