/** A process and all that came of it, on systems that tell it through /proc. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";

/** @typedef {{ readonly id: number, readonly ticks: number }} RunningProcess `ticks`: the processor time that it has taken, in hundredths of a second. */

/**
 * @param {number} root
 * @returns {Promise<readonly RunningProcess[]>} the root first; nothing where the system does not tell.
 */
export async function processTree(root) {
  const names = (await readdir("/proc").catch(() => [])).filter((entry) => /^\d+$/.test(entry));
  const processes = new Map((await Promise.all(names.map(readProcess))).map((found) => [found.id, found]));
  const isBelow = (/** @type {number | undefined} */ id) => {
    for (let current = id; current !== undefined && current > 1; current = processes.get(current)?.parent) if (current === root) return true;
    return false;
  };
  const found = [...processes.values()].filter(({ id }) => isBelow(id));
  return [...found.filter(({ id }) => id === root), ...found.filter(({ id }) => id !== root)];
}

/** @param {string} name */
async function readProcess(name) {
  // proc(5): the name, in parentheses, may have spaces. The parent comes second after it, the time as a user and in the system 12th and 13th.
  const text = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { id: Number(name), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}

const WINDOW_MILLISECONDS = 100;
const QUIET_WINDOWS = 2;
const LONGEST_MILLISECONDS = 10_000;

/**
 * Waits until the processes have come to rest: none was started or has ended for a while, and together they take next to no
 * processor time. What is busy starting or ending would slow down what is measured next.
 *
 * @param {readonly number[]} roots
 */
export async function untilAtRest(roots) {
  const end = performance.now() + LONGEST_MILLISECONDS;
  let before = await survey(roots);
  for (let quiet = 0; quiet < QUIET_WINDOWS && performance.now() < end;) {
    await wait(WINDOW_MILLISECONDS);
    const now = await survey(roots);
    // One tick more may be the tail of many that are not counted as long as they are short.
    quiet = now.ids === before.ids && now.ticks - before.ticks <= 1 ? quiet + 1 : 0;
    before = now;
  }
}

/** @param {readonly number[]} roots */
async function survey(roots) {
  const found = (await Promise.all(roots.map(processTree))).flat();
  return { ids: found.map(({ id }) => id).sort().join(" "), ticks: found.reduce((sum, { ticks }) => sum + ticks, 0) };
}
