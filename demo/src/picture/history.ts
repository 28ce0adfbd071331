import type { Picture } from "./picture.js";

/** One state of the picture and what made it. */
export interface HistoryStep {
  readonly label: string;
  readonly picture: Picture;
}

/** Pictures are held whole, so that going back is instant; the oldest edits go first, never the original. */
const MOST_STEPS = 16;

/** The picture's states in order, and which of them is shown. */
export class History {
  #steps: readonly HistoryStep[];
  #position = 0;

  constructor(original: Picture) {
    this.#steps = [{ label: "Original", picture: original }];
  }

  get steps(): readonly HistoryStep[] {
    return this.#steps;
  }

  get position(): number {
    return this.#position;
  }

  get original(): Picture {
    return this.#at(0).picture;
  }

  get current(): Picture {
    return this.#at(this.#position).picture;
  }

  /** Adds a step after the shown one. What was undone is gone. */
  push(step: HistoryStep): void {
    const kept = [...this.#steps.slice(0, this.#position + 1), step];
    this.#steps = kept.length > MOST_STEPS ? [this.#at(0), ...kept.slice(2)] : kept;
    this.#position = this.#steps.length - 1;
  }

  /** Shows another step. A position that is not there changes nothing. */
  goTo(position: number): boolean {
    if (position === this.#position || this.#steps[position] === undefined) return false;
    this.#position = position;
    return true;
  }

  #at(position: number): HistoryStep {
    const step = this.#steps[position];
    if (step === undefined) throw new RangeError(`History has no step ${position}`);
    return step;
  }
}
