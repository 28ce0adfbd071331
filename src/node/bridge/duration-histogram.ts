// From a call that stays in the process's own caches to one that runs into the default deadline.
const BOUNDS_SECONDS = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Counts durations in the form of a histogram of Prometheus. */
export class DurationHistogram {
  readonly #counts = BOUNDS_SECONDS.map(() => 0);
  #count = 0;
  #sum = 0;

  observe(seconds: number): void {
    this.#count += 1;
    this.#sum += seconds;
    const at = BOUNDS_SECONDS.findIndex((bound) => seconds <= bound);
    if (at !== -1) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  print(name: string, help: string): string {
    let below = 0;
    const rows = BOUNDS_SECONDS.map((bound, index) => {
      below += this.#counts[index] ?? 0;
      return `${name}_bucket{le="${bound}"} ${below}`;
    });
    return [
      `# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...rows,
      `${name}_bucket{le="+Inf"} ${this.#count}`, `${name}_sum ${this.#sum}`, `${name}_count ${this.#count}`,
    ].join("\n");
  }
}
