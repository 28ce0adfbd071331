import { readFileSync } from "node:fs";
import type { ForeignFunctions } from "./foreign-functions.js";

// The same numbers on Linux and macOS.
const SET_DESCRIPTOR_FLAGS = 2;
const CLOSE_ON_EXEC = 1;
const DATA_LIMIT = 2;
// Of Linux alone.
const SET_PARENT_DEATH_SIGNAL = 1;
const KILL = 9;

/** For what this process itself takes while the plugin runs: stacks of its threads, and messages on their way. */
const OWN_BYTES = 64n * 1024n * 1024n;

/**
 * What must hold before a library's code is in this process: its children do not get the executor's descriptor, it does not
 * outlive the executor, and its data stays within a bound.
 *
 * @param memoryBytes - for the plugin; 0 for no bound. There is none where the system does not tell how much is in use.
 */
export function boundProcess({ system }: ForeignFunctions, descriptor: number, memoryBytes: number): void {
  system.func("fcntl", "int", ["int", "int", "..."])(descriptor, SET_DESCRIPTOR_FLAGS, "int", CLOSE_ON_EXEC);
  endWithParent(system);
  const used = dataInUse();
  if (memoryBytes > 0 && used !== undefined) boundData(system, used + OWN_BYTES + BigInt(memoryBytes));
}

const parent = process.ppid;

/** A plugin that never returns would not read that the executor is gone. */
function endWithParent(system: ForeignFunctions["system"]): void {
  if (process.platform !== "linux") return;
  system.func("prctl", "int", ["int", "..."])(SET_PARENT_DEATH_SIGNAL, "unsigned long", KILL);
  // It may be gone already, and then no signal comes.
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}

/** The soft limit alone: what raises it again could as well do without it. Executors set a hard one where they must. */
function boundData(system: ForeignFunctions["system"], most: bigint): void {
  const limits = new BigUint64Array(2);
  system.func("getrlimit", "int", ["int", "void *"])(DATA_LIMIT, limits);
  const [soft = 0n] = limits;
  if (most >= soft) return;
  limits[0] = most;
  system.func("setrlimit", "int", ["int", "void *"])(DATA_LIMIT, limits);
}

function dataInUse(): bigint | undefined {
  try {
    const [, kibibytes] = /^VmData:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
    return kibibytes === undefined ? undefined : BigInt(kibibytes) * 1024n;
  } catch {
    return undefined;
  }
}
