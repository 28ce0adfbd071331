import type { Outcome } from "../../../rpc/messages.js";

// Captured before any glue runs.
const later = queueMicrotask;

/** A list's own object. */
const LIST_BYTES = 16;
/** What a typed array and its buffer take in the engine besides their bytes (some 300 bytes in Chromium, part of them outside its heap). */
const ARRAY_BYTES = 128;
/** Handles of one resource that a guest may have at a time. The canonical ABI's own bound is 2^28, more than a JavaScript heap holds. */
const MAXIMUM_HANDLES = 100_000;

/** The one that ends the instance and gives the trap to throw. */
type End = (reason: Outcome) => WebAssembly.RuntimeError;

/**
 * What one message of the guest may take of this worker's JavaScript heap, counted **before** it is allocated: when that
 * heap runs full, the engine ends the whole page. A message is the result of a call, or the arguments of one host call.
 *
 * Counted is what the page counts for the same message (see `PluginLimits.messageBytes`), except that each list of numbers
 * counts for {@link ARRAY_BYTES} more and flags count by their number.
 */
export class LiftBudget {
  #bytes = 0;
  #left = 0;
  #end: End | undefined;
  #isRenewing = false;

  /** Sets the bound. Nothing can be lifted before. */
  open(bytes: number, end: End): void {
    this.#bytes = bytes;
    this.#left = bytes;
    this.#end = end;
  }

  /** The next message begins: what was lifted has been handed on. */
  renew(): void {
    this.#left = this.#bytes;
  }

  /** @throws {WebAssembly.RuntimeError} if `bytes` more are too many: the instance is ended. */
  take(bytes: number): void {
    this.#left -= bytes;
    // Not `< 0`: a count that is no number must not pass.
    if (!(this.#left >= 0)) throw this.#refuse({ kind: "too-large", messageBytes: this.#bytes });
    if (this.#isRenewing) return;
    // A message is lifted in one go. What comes after a wait is another, such as the next part of a stream.
    this.#isRenewing = true;
    later(() => {
      this.#isRenewing = false;
      this.renew();
    });
  }

  /** A list of numbers that is copied out of the guest's memory. */
  takeNumbers(bytes: number): void {
    this.take(ARRAY_BYTES + bytes);
  }

  /** What the glue asks (Glue ABI 2). */
  readonly bounds = Object.freeze({
    take: (count: number, bytes: number): void => {
      // Glue reads a length of 2^31 and more, which no memory holds, as a negative number. It must not count as room.
      if (count < 0) throw this.#refuse({ kind: "trap", message: "a list ends outside its memory" });
      this.take(LIST_BYTES + count * bytes);
    },
    renew: (): void => this.renew(),
    handles: (tableLength: number): void => {
      // Two entries for each.
      if (tableLength > 2 * MAXIMUM_HANDLES) throw this.#refuse({ kind: "trap", message: `it has more than ${MAXIMUM_HANDLES} handles of one resource` });
    },
  });

  #refuse(reason: Outcome): WebAssembly.RuntimeError {
    return this.#end?.(reason) ?? new WebAssembly.RuntimeError("nothing can be lifted before the instance starts");
  }
}
