import { fromUtf8, toUtf8 } from "../../bytes/utf8.js";
import type { BridgeItemType } from "../../package/bridge-item.js";

/**
 * The frames between an executor and the process of one instance, on one duplex descriptor (3 in the process):
 *
 *     u32le length of what follows · u8 kind · u32le id · payload
 *
 * The process is not trusted once the plugin's code is in it: everything from it is parsed here.
 */
export const PROCESS_DESCRIPTOR = 3;

/** To the process. */
export const ORDER = {
  /** JSON: a {@link StartMessage}. id 0. The first frame, once. */
  start: 1,
  /** id of the call · u16le length · target in UTF-8 · bincode of the arguments' tuple. */
  call: 2,
  /** id of the call · u32le resource. Answered like a call. */
  drop: 3,
  /** id of the host call · u8: 0 ok, 1 err, 2 failed · bincode, or for `failed` a text in UTF-8. */
  hostAnswer: 4,
} as const;

/** From the process. */
export const REPORT = {
  /** JSON: a {@link StartedMessage}. id 0. */
  started: 17,
  /** JSON: `{ code, message }`. id 0. It did not start, and ends. */
  failed: 18,
  /** id of the call · u8: 0 ok, 1 err, 2 trap, 3 resource-invalid, 4 host-failed · bincode, or for the others a text in UTF-8. */
  answer: 19,
  /** id of its own · u16le length · `interface#function` in UTF-8 · bincode of the arguments' tuple. */
  hostCall: 20,
} as const;

/** What a process is told to load. Types of values have WIT's names. */
export interface StartMessage {
  readonly pluginId: string;
  /** The folder with the package's files, as the process sees it. */
  readonly directory: string;
  /** Python: the module to import. */
  readonly entryModule?: string;
  /** Native: the library's path, below {@link directory}. */
  readonly library?: string;
  /** 16 hexadecimal digits. */
  readonly interfaceHash: string;
  /** The exported interface's full name. */
  readonly interfaceName: string;
  readonly methods: readonly {
    readonly function: string;
    readonly raw: boolean;
    readonly takesStream: boolean;
    /** Python: type of the items of the stream that it takes. Left out: it is given their bincode as bytes. */
    readonly item?: BridgeItemType;
    /**
     * The resource that it answers with, such as `rows-stream`, where that is a stream: one with `[method]rows-stream.next` among
     * {@link exports}. In those it is a `u32`, as a number that is no resource is.
     */
    readonly produces?: string;
    readonly optionalBit?: number;
  }[];
  /** All functions that the world exports, as `bridgeFunctions` describes them: also those of stream resources, and fidius's two. */
  readonly exports: readonly unknown[];
  /** All that it imports of the app and was granted. */
  readonly imports: readonly unknown[];
  /** JSON value of the configuration; left out for none. */
  readonly config?: unknown;
  /** The most bytes of bincode, or of a text, in one frame: of arguments, or of an answer. Frames have their heads besides. */
  readonly messageBytes: number;
  /** How much data the process may have beyond what it has when the plugin is loaded: a limit that it sets on itself before; 0 for none. */
  readonly memoryBytes: number;
}

/** What a process found. */
export interface StartedMessage {
  /** What the runtime is, for logs: such as `Python 3.11.7`, or `fidius ABI 500`. */
  readonly runtime: string;
  /** fidius's metadata of the trait and of each method, as texts; empty where there is none. */
  readonly metadata: { readonly trait: Readonly<Record<string, string>>; readonly methods: Readonly<Record<string, Readonly<Record<string, string>>>> };
}

export interface ProcessFrame {
  readonly kind: number;
  readonly id: number;
  readonly payload: Uint8Array;
}

const HEADER_BYTES = 9;

export function encodeFrame(kind: number, id: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(HEADER_BYTES + size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, HEADER_BYTES - 4 + size, true);
  view.setUint8(4, kind);
  view.setUint32(5, id, true);
  let position = HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

/** A text with its length before it, as targets are written. */
export function encodeTarget(target: string): Uint8Array {
  const text = toUtf8(target);
  const bytes = new Uint8Array(2 + text.length);
  new DataView(bytes.buffer).setUint16(0, text.length, true);
  bytes.set(text, 2);
  return bytes;
}

/** @returns the target and the rest; `undefined` if it is not of that form. */
export function decodeTarget(payload: Uint8Array): { readonly target: string; readonly rest: Uint8Array } | undefined {
  if (payload.length < 2) return undefined;
  const length = new DataView(payload.buffer, payload.byteOffset).getUint16(0, true);
  if (payload.length < 2 + length) return undefined;
  const target = fromUtf8(payload.subarray(2, 2 + length));
  return target === undefined ? undefined : { target, rest: payload.subarray(2 + length) };
}

/** A frame was of no known form, or too large. */
export class FrameProblem extends Error {}

const NOTHING = new Uint8Array();
const FIRST_BYTES = 4_096;

/**
 * Cuts a stream of bytes into frames. No more is held than one frame of at most `most` bytes: a length is checked before
 * anything is waited for, and memory grows with what has arrived, whatever is claimed and in however many pieces it comes.
 */
export class FrameReader {
  readonly #most: number;
  /** Begins with what has arrived of a frame. */
  #buffer: Uint8Array = NOTHING;
  #held = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws {FrameProblem} after which nothing more can be read. */
  *push(chunk: Uint8Array): Generator<ProcessFrame, void, void> {
    // Most chunks are whole frames, and are not copied.
    const bytes = this.#held === 0 ? chunk : this.#append(chunk);
    const frames: ProcessFrame[] = [];
    let [position, problem] = [0, this.#problemAt(bytes, 0)];
    for (let size = frameSize(bytes, 0); problem === undefined && position + size <= bytes.length; size = frameSize(bytes, position)) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + position);
      frames.push({ kind: view.getUint8(4), id: view.getUint32(5, true), payload: bytes.subarray(position + HEADER_BYTES, position + size) });
      position += size;
      problem = this.#problemAt(bytes, position);
    }
    this.#keep(bytes, position);
    yield* frames;
    if (problem !== undefined) throw new FrameProblem(problem);
  }

  #problemAt(bytes: Uint8Array, position: number): string | undefined {
    const length = frameSize(bytes, position) - 4;
    if (length < HEADER_BYTES - 4) return `a frame of ${length} bytes, which is less than its head`;
    return length > this.#most && length < Number.POSITIVE_INFINITY ? `a frame of ${length} bytes, and at most ${this.#most} are allowed` : undefined;
  }

  /** What is held, with a chunk after it. The buffer doubles, so that many small chunks cost no more than a few large ones. */
  #append(chunk: Uint8Array): Uint8Array {
    const needed = this.#held + chunk.length;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, Math.min(2 * this.#buffer.length, this.#most + 4)));
      larger.set(this.#buffer.subarray(0, this.#held));
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#held);
    this.#held = needed;
    return this.#buffer.subarray(0, needed);
  }

  /** Keeps what begins at `position`. Frames were cut from before it, and whoever has them has that memory. */
  #keep(bytes: Uint8Array, position: number): void {
    if (position === 0 && bytes.buffer === this.#buffer.buffer) return;
    const rest = bytes.subarray(position);
    this.#held = rest.length;
    this.#buffer = rest.length === 0 ? NOTHING : new Uint8Array(Math.max(rest.length, FIRST_BYTES));
    this.#buffer.set(rest);
  }
}

/** With its length's own bytes; infinite if that has not arrived. */
function frameSize(bytes: Uint8Array, position: number): number {
  return bytes.length - position < 4 ? Number.POSITIVE_INFINITY : 4 + new DataView(bytes.buffer, bytes.byteOffset + position).getUint32(0, true);
}
