/** A repeatable source of randomness for fuzzing (mulberry32). */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, but without, `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }

  /** `bytes` with one to four random edits: a byte set, removed, repeated, or a range cut off. */
  mutate(bytes: Uint8Array): Uint8Array {
    const result = [...bytes];
    for (let edits = 1 + this.below(4); edits > 0; edits -= 1) {
      const at = this.below(result.length + 1);
      const kind = this.below(4);
      if (kind === 0) result[Math.min(at, result.length)] = this.below(256);
      else if (kind === 1) result.splice(at, 1);
      else if (kind === 2) result.splice(at, 0, ...result.slice(at, at + this.below(20)));
      else result.splice(at, this.below(40));
    }
    return Uint8Array.from(result);
  }
}
