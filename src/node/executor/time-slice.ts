import { setImmediate as turn } from "node:timers/promises";

/** How long other work may have to wait, in milliseconds. */
const SLICE_MILLISECONDS = 2;

/**
 * Shares this thread while many short calls of the system are made one after another, without a promise for each: those of
 * `node:fs/promises` cost several times as much as what they do.
 */
export class TimeSlice {
  #start = performance.now();

  async share(): Promise<void> {
    if (performance.now() - this.#start < SLICE_MILLISECONDS) return;
    await turn();
    this.#start = performance.now();
  }
}
