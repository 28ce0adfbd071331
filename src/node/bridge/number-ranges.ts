/**
 * A set of numbers that only grows, kept as ranges: numbers that are given out one after another are one range, however many they
 * are, so that what a connection remembers of its instances does not grow with its life.
 */
export class NumberRanges {
  /** Sorted, neither overlapping nor touching. */
  readonly #ranges: { first: number; last: number }[] = [];

  /** How many ranges are kept. */
  get size(): number {
    return this.#ranges.length;
  }

  has(number: number): boolean {
    const range = this.#ranges[this.#position(number)];
    return range !== undefined && range.first <= number;
  }

  add(number: number): void {
    const at = this.#position(number);
    const [before, after] = [this.#ranges[at - 1], this.#ranges[at]];
    if (after !== undefined && after.first <= number) return;
    const [follows, precedes] = [before?.last === number - 1, after?.first === number + 1];
    if (follows && precedes && before !== undefined && after !== undefined) {
      before.last = after.last;
      this.#ranges.splice(at, 1);
    } else if (follows && before !== undefined) before.last = number;
    else if (precedes && after !== undefined) after.first = number;
    else this.#ranges.splice(at, 0, { first: number, last: number });
  }

  /** The position of the first range that does not end before `number`. */
  #position(number: number): number {
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle]?.last ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
