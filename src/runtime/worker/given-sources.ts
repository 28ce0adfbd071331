import type { GivenSource } from "../../rpc/given-source.js";
import type { CarrierStep, SourceRequest } from "../../rpc/messages.js";

/**
 * The app's streams and futures in the hands of one instance. It pulls: one item at a time of each, and nothing before it
 * asks. A worker that asks twice at once, or for what it was not given, is not our runtime.
 */
export class GivenSources {
  readonly #sources = new Map<number, GivenSource>();
  readonly #waiting = new Set<number>();
  readonly #answer: (source: number, step: CarrierStep, transfer: Transferable[]) => void;

  constructor(answer: (source: number, step: CarrierStep, transfer: Transferable[]) => void) {
    this.#answer = answer;
  }

  give(source: number, given: GivenSource): void {
    this.#sources.set(source, given);
  }

  /** @returns whether the worker may ask for this. */
  accept({ source, wish }: SourceRequest): boolean {
    const given = this.#sources.get(source);
    if (given === undefined || (wish === "next" && this.#waiting.has(source))) return false;
    if (wish === "next") void this.#step(source, given);
    else this.#leave(source, given);
    return true;
  }

  /** The instance has ended: all are left. */
  close(): void {
    for (const [source, given] of this.#sources) this.#leave(source, given);
  }

  async #step(source: number, given: GivenSource): Promise<void> {
    this.#waiting.add(source);
    const transfer: Transferable[] = [];
    const step = await given.next(transfer);
    this.#waiting.delete(source);
    if (!this.#sources.has(source)) return;
    this.#answer(source, step, transfer);
  }

  #leave(source: number, given: GivenSource): void {
    this.#sources.delete(source);
    given.leave();
  }
}
