import type { PluginErrorCode } from "../../errors/error-codes.js";

/** What an executor has done and is doing. */
export interface ExecutorReport {
  /** What stands between instances and the system; `undefined` until the first is started. */
  readonly isolation: "bubblewrap" | "users" | "none" | undefined;
  /** Instances that have a plugin. */
  readonly running: number;
  readonly starting: number;
  /** Processes that wait for a plugin. */
  readonly warm: number;
  /** Since the executor was made. */
  readonly started: number;
  /** Of those, how many took over for one of the same package that had ended by itself. */
  readonly restarts: number;
  /** Started from a process that was kept ready. */
  readonly startedWarm: number;
  /** Instances that ended by themselves or did not start, by code. */
  readonly ended: ReadonlyMap<PluginErrorCode, number>;
}

/** Counts what happens to instances. */
export class ExecutorCounters {
  started = 0;
  startedWarm = 0;
  restarts = 0;
  readonly ended = new Map<PluginErrorCode, number>();
  /** By package: how many ended by themselves and were not followed by another yet. */
  readonly #lost = new Map<string, number>();

  countStart(packageName: string, isWarm: boolean): void {
    this.started += 1;
    if (isWarm) this.startedWarm += 1;
    const lost = this.#lost.get(packageName) ?? 0;
    if (lost === 0) return;
    this.restarts += 1;
    if (lost === 1) this.#lost.delete(packageName);
    else this.#lost.set(packageName, lost - 1);
  }

  countEnd(packageName: string, code: PluginErrorCode, wasStarted: boolean): void {
    this.ended.set(code, (this.ended.get(code) ?? 0) + 1);
    if (wasStarted) this.#lost.set(packageName, (this.#lost.get(packageName) ?? 0) + 1);
  }
}

/** The numbers of a report, by the names that metrics have. */
export function reportFigures({ running, starting, warm, started, startedWarm, restarts, ended }: ExecutorReport): ReadonlyMap<string, number> {
  return new Map([
    ["running", running], ["starting", starting], ["warm", warm],
    ["started_total", started], ["started_warm_total", startedWarm], ["restarts_total", restarts],
    ...[...ended].map(([code, count]) => [`ended_${code.replaceAll("-", "_")}_total`, count] as const),
  ]);
}
