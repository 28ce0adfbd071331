/** The processes that a bridge started, as Linux lists them. */
import { readdir, readFile } from "node:fs/promises";

/** Every process that descends from this one, and still runs. */
export async function descendantsOf(pid: number): Promise<readonly number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // proc(5): state and parent follow the name, which is in parentheses and may hold anything. It may be gone by now.
    const [, state, parent] = /\) (\S) (\d+) /.exec(await readFile(`/proc/${name}/stat`, "latin1").catch(() => "")) ?? [];
    if (state !== undefined && state !== "Z") parents.set(Number(name), Number(parent));
  }
  const found = new Set([pid]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const [child, parent] of parents) if (found.has(parent)) found.add(child);
  }
  found.delete(pid);
  return [...found];
}

/** Kills them, each once. @returns which. */
export async function killDescendants(pid: number): Promise<readonly number[]> {
  const found = await descendantsOf(pid);
  for (const child of found) {
    try {
      process.kill(child, "SIGKILL");
    } catch {
      // It went with one before it.
    }
  }
  return found;
}

/** Those that still run. */
export async function stillRunning(pids: readonly number[]): Promise<readonly number[]> {
  const states = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "latin1").catch(() => "")));
  return pids.filter((_, index) => /\) [^ZX] /.test(states[index] ?? ""));
}
