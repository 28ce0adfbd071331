import { setTimeout as wait } from "node:timers/promises";

const GIVE_UP_MILLISECONDS = 5_000;
const LONGEST_PAUSE_MILLISECONDS = 50;
/** More processes than that appear in no limit of ours: stopping goes no further and killing begins. */
const STOPPING_ROUNDS = 32;

/**
 * Kills everything that `find` finds until it finds nothing: what a process starts while it is being ended is found the next time.
 *
 * @returns the numbers of what could not be ended in five seconds, such as a process that waits for a disk.
 */
export async function endProcesses(find: () => Promise<readonly number[]>): Promise<readonly number[]> {
  const start = performance.now();
  let pause = 1;
  for (let round = 0; ; round += 1) {
    // One that forks faster than it is killed is stopped first: what is stopped keeps its place among those that its user may have.
    const found = round < 2 ? await find() : await stopAll(find);
    if (found.length === 0) return [];
    if (performance.now() - start > GIVE_UP_MILLISECONDS) return found;
    for (const pid of found) signal(pid, "SIGKILL");
    await wait(pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS);
  }
}

/** Stops what is found until nothing new appears. */
async function stopAll(find: () => Promise<readonly number[]>): Promise<readonly number[]> {
  const stopped = new Set<number>();
  for (let round = 0; round < STOPPING_ROUNDS; round += 1) {
    const fresh = (await find()).filter((pid) => !stopped.has(pid));
    if (fresh.length === 0) break;
    for (const pid of fresh) {
      signal(pid, "SIGSTOP");
      stopped.add(pid);
    }
  }
  return [...stopped];
}

/** Sends a signal to a process, or with a negative number to its group. It may have ended: that is what is wanted. */
export function signal(pid: number, name: "SIGKILL" | "SIGSTOP"): void {
  // 0, 1 and -1 are this process's own group, the system's first process and every process there is.
  if (Math.abs(pid) <= 1) return;
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}
