import { setTimeout as wait } from "node:timers/promises";

const GIVE_UP_MILLISECONDS = 5_000;
const LONGEST_PAUSE_MILLISECONDS = 50;

/**
 * Kills everything that `find` finds until it finds nothing: what a process starts while it is being ended is found the next time.
 * Only what was found just now is signalled: where processes come and go fast, a number is somebody else's within seconds.
 *
 * @returns the numbers of what could not be ended in five seconds, such as a process that waits for a disk.
 */
export async function endProcesses(find: () => Promise<readonly number[]>): Promise<readonly number[]> {
  const start = performance.now();
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS)) {
    const found = await find();
    if (found.length === 0) return [];
    if (performance.now() - start > GIVE_UP_MILLISECONDS) return found;
    for (const pid of found) signal(pid, "SIGKILL");
    await wait(pause);
  }
}

/** Sends a signal to a process, or with a negative number to its group. It may have ended: that is what is wanted. */
export function signal(pid: number, name: "SIGKILL"): void {
  // 0, 1 and -1 are this process's own group, the system's first process and every process there is.
  if (Math.abs(pid) <= 1) return;
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}
