import { after, attempt, type Awaitable } from "../awaitable.js";
import { type GuestContext, ImportError } from "../guest-context.js";
import { InputStream, OutputStream, streamFailure } from "../io.js";
import type { DescriptorReference } from "./descriptor-reference.js";

/** What one call to the page carries at most. */
export const PIECE_BYTES = 1024 * 1024;

/** Reads a file from `offset` on. The place where it is stands here, so that two streams of a file are two readers. */
export function fileInputStream(context: GuestContext, file: DescriptorReference, offset: bigint): InputStream {
  let position = offset;
  return new InputStream(context, {
    read: (length) =>
      after(streamed(() => file.call("read", BigInt(length), position)), (answer) => {
        const [bytes] = answer as readonly [Uint8Array, boolean];
        if (bytes.length === 0) throw new ImportError({ tag: "closed" });
        position += BigInt(bytes.length);
        return bytes;
      }),
    drop: () => file.release(),
  });
}

/** Writes a file from `offset` on, or always to its end, wherever that is by then. */
export function fileOutputStream(context: GuestContext, file: DescriptorReference, offset: bigint | "end"): OutputStream {
  let position = offset;
  const write = (bytes: Uint8Array): Awaitable<void> => {
    if (bytes.length === 0) return undefined;
    const piece = bytes.subarray(0, PIECE_BYTES);
    const written = streamed(() => (position === "end" ? file.call("append", piece) : file.call("write", piece, position)));
    return after(written, () => {
      if (position !== "end") position += BigInt(piece.length);
      return write(bytes.subarray(piece.length));
    });
  };
  return new OutputStream(context, { write, drop: () => file.release() });
}

/** The file's `error-code` becomes the stream's error, from which `filesystem-error-code` gives it back. */
function streamed(call: () => Awaitable<unknown>): Awaitable<unknown> {
  return attempt(call, (value) => value, (error) => {
    throw error instanceof ImportError ? new ImportError(streamFailure(`the file cannot be used: ${String(error.payload)}`, error.payload)) : error;
  });
}
