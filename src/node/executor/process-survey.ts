import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { TimeSlice } from "./time-slice.js";

/** One process of this system, as `/proc` tells of it. */
export interface SurveyedProcess {
  readonly pid: number;
  readonly parent: number;
  /** Of the process group and of the session, as this process numbers them. */
  readonly group: number;
  readonly session: number;
  /** Real, effective, saved and file system user. */
  readonly users: readonly number[];
  /** Threads count like processes where the system limits them. */
  readonly threads: number;
  /** Memory that only its own doing takes: without files that are mapped, which the system can drop. */
  readonly residentBytes: number;
}

let running: Promise<unknown> = Promise.resolve();
let next: Promise<readonly SurveyedProcess[]> | undefined;

/**
 * Every process that lives, zombies left out. Nothing where there is no `/proc`. Whoever asks while a survey is being made gets the
 * next one, together with all others who do: what was there when it was asked is never missed.
 */
export async function surveyProcesses(): Promise<readonly SurveyedProcess[]> {
  next ??= running.then(() => {
    next = undefined;
    const survey = readProcesses();
    running = survey;
    return survey;
  });
  return next;
}

async function readProcesses(): Promise<readonly SurveyedProcess[]> {
  const found: SurveyedProcess[] = [];
  const slice = new TimeSlice();
  for (const pid of processNumbers()) {
    // Entries of `/proc` cost the kernel some time each.
    await slice.share();
    const process = readProcess(pid);
    if (process !== undefined) found.push(process);
  }
  return found;
}

function readProcess(pid: number): SurveyedProcess | undefined {
  try {
    return parseStatus(pid, readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

function processNumbers(): readonly number[] {
  try {
    return readdirSync("/proc").flatMap((name) => (/^[1-9][0-9]*$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}

function parseStatus(pid: number, text: string): SurveyedProcess | undefined {
  const fields = new Map(text.split("\n").map((line): [string, string] => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
  // Dead ones wait for their parent to notice: nothing of them runs, and nothing can end them further.
  if (/^[ZX]/.test(fields.get("State") ?? "Z")) return undefined;
  const numbers = (name: string): readonly number[] => (fields.get(name) ?? "").split(/\s+/).map((word) => Number.parseInt(word, 10) || 0);
  const kibibytes = (name: string): number => numbers(name)[0] ?? 0;
  return {
    pid,
    parent: numbers("PPid")[0] ?? 0,
    group: numbers("NSpgid")[0] ?? 0,
    session: numbers("NSsid")[0] ?? 0,
    users: numbers("Uid"),
    threads: numbers("Threads")[0] ?? 1,
    residentBytes: (kibibytes("RssAnon") + kibibytes("RssShmem") + kibibytes("VmSwap")) * 1024,
  };
}

/** What a process's memory comes to when what it shares with others is shared out; `undefined` if it may not be asked. */
export function proportionalBytes(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
    const kibibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+([0-9]+) kB$`, "m").exec(text)?.[1] ?? 0);
    return (kibibytes("Pss_Anon") + kibibytes("Pss_Shmem") + kibibytes("SwapPss")) * 1024;
  } catch {
    return undefined;
  }
}

/** Whether a process was started with this in its environment. A process may hide it: it is one sign among others. */
export function hasEnvironment(pid: number, variable: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(variable);
  } catch {
    return false;
  }
}

/** Whether it was started with this argument, or is a copy of one that was: of a process that hides, its command can still be read. */
export function hasArgument(pid: number, argument: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").includes(argument);
  } catch {
    return false;
  }
}

/** The processes that a process started and that have not been given to another. Nothing where the kernel does not tell. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ").flatMap((word) => (/^[1-9][0-9]*$/.test(word) ? [Number(word)] : []));
  } catch {
    return [];
  }
}

export function worksIn(pid: number, directory: string): boolean {
  try {
    const current = readlinkSync(`/proc/${pid}/cwd`);
    return current === directory || current.startsWith(`${directory}/`);
  } catch {
    return false;
  }
}
