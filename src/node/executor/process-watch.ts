import { addUsage, usageInside, usageOfFolders, usageOfNameless } from "./disk-usage.js";
import type { InstanceEnd } from "./executor.js";
import { sharedEntries } from "./leftovers.js";
import type { ProcessLimits } from "./process-limits.js";
import type { ProcessSandbox } from "./process-sandbox.js";
import { proportionalBytes, type SurveyedProcess, surveyProcesses } from "./process-survey.js";

/** One instance's process, to be ended when all that belongs to it takes more than it may. */
export interface WatchedProcess {
  readonly sandbox: ProcessSandbox;
  readonly limits: ProcessLimits;
  readonly isStarted: boolean;
  /** Memory that its first process may have, its runtime included, in bytes. */
  readonly memoryBytes: number;
  fail(end: InstanceEnd): void;
}

const INTERVAL_MILLISECONDS = 1_000;

/**
 * Looks about once a second at what the kernel does not bound: the sum over all processes and files of an instance. What one
 * process, one file or one user can take at once is bounded by the kernel, so that a second is not enough for harm.
 */
export class ProcessWatch {
  readonly #watched = new Set<WatchedProcess>();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  add(watched: WatchedProcess): void {
    this.#watched.add(watched);
    // It keeps no program from ending.
    this.#timer ??= setInterval(() => this.#tick(), INTERVAL_MILLISECONDS).unref();
  }

  remove(watched: WatchedProcess): void {
    this.#watched.delete(watched);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Looks once at all of them, and ends those that are over a bound. */
  async look(): Promise<void> {
    const survey = await surveyProcesses();
    const shared = [...this.#watched].some(({ sandbox }) => sandbox.user !== undefined && sandbox.sharesFolders) ? sharedEntries() : new Map<number, readonly string[]>();
    for (const watched of this.#watched) {
      const processes = watched.sandbox.processes(survey);
      const problem = countProblem(watched, processes) ?? memoryProblem(watched, processes) ?? await diskProblem(watched, processes, shared);
      if (problem !== undefined && this.#watched.has(watched)) watched.fail({ code: "crashed", stage: watched.isStarted ? "call" : "instantiate", message: problem });
    }
  }

  #tick(): void {
    // On a slow disk one look may take longer than the interval.
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.look().catch(() => {}).finally(() => {
      this.#isLooking = false;
    });
  }
}

function countProblem({ sandbox, limits }: WatchedProcess, processes: readonly SurveyedProcess[]): string | undefined {
  // With a user of its own the kernel counts, and starts no more than that.
  if (sandbox.user !== undefined) return undefined;
  const count = processes.reduce((sum, { threads }) => sum + threads, 0);
  return count > limits.processes ? `it has ${count} processes and threads, and at most ${limits.processes} are allowed` : undefined;
}

function memoryProblem({ memoryBytes }: WatchedProcess, processes: readonly SurveyedProcess[]): string | undefined {
  const most = processes.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
  if (most <= memoryBytes) return undefined;
  // What processes share with those that they were forked from was counted once for each.
  const shared = processes.reduce((sum, { pid, residentBytes }) => sum + (proportionalBytes(pid) ?? residentBytes), 0);
  return shared > memoryBytes ? `its processes take ${shared} bytes of memory together, and at most ${memoryBytes} are allowed` : undefined;
}

async function diskProblem({ sandbox, limits }: WatchedProcess, processes: readonly SurveyedProcess[], shared: ReadonlyMap<number, readonly string[]>): Promise<string | undefined> {
  const { diskBytes, diskFiles } = limits;
  const numbers = processes.map(({ pid }) => pid);
  const { work, user } = sandbox;
  const named = work === undefined ? await usageInside(numbers) : await usageOfFolders([work, ...(shared.get(user?.uid ?? -1) ?? [])], diskFiles);
  const nameless = await usageOfNameless(numbers, diskBytes);
  if ("hidden" in nameless) return `its process ${nameless.hidden} hides what it has open`;
  const { bytes, files } = addUsage(named, nameless);
  if (bytes > diskBytes) return `its files take ${bytes} bytes, and at most ${diskBytes} are allowed`;
  return files > diskFiles ? `it has at least ${files} files and folders, and at most ${diskFiles} are allowed` : undefined;
}
