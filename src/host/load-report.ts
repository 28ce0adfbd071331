import type { RuntimeReport } from "../runtime/plugin-runtime.js";
import type { LoadPhase, LoadProgress } from "../runtime/progress.js";

/** What a finished load did, for people and tests: how long each phase took and where the code came from. */
export interface LoadReport extends RuntimeReport {
  /** In order of their beginning. A phase that came several times is added up. */
  readonly phases: readonly { readonly phase: Exclude<LoadPhase, "ready">; readonly milliseconds: number }[];
  readonly totalMilliseconds: number;
  /** Bytes received from the source. */
  readonly downloadedBytes: number;
}

/** Follows a load's progress and adds up what the report needs. */
export class LoadClock {
  readonly #started = performance.now();
  readonly #phases = new Map<Exclude<LoadPhase, "ready">, number>();
  readonly #files = new Map<string, number>();
  #phase: LoadPhase | undefined;
  #since = this.#started;

  observe(progress: LoadProgress): void {
    if (progress.phase === "download") this.#files.set(progress.file, progress.loadedBytes);
    if (progress.phase === this.#phase) return;
    const now = performance.now();
    if (this.#phase !== undefined && this.#phase !== "ready") {
      this.#phases.set(this.#phase, (this.#phases.get(this.#phase) ?? 0) + now - this.#since);
    }
    this.#phase = progress.phase;
    this.#since = now;
  }

  report(outcome: RuntimeReport): LoadReport {
    return {
      ...outcome,
      phases: [...this.#phases].map(([phase, milliseconds]) => ({ phase, milliseconds })),
      totalMilliseconds: performance.now() - this.#started,
      downloadedBytes: [...this.#files.values()].reduce((sum, bytes) => sum + bytes, 0),
    };
  }
}
