/** The memory of a process and all that it started, on systems that tell it through /proc. */
import { readdir, readFile } from "node:fs/promises";

/**
 * Proportional set size: pages that several processes share are divided among them.
 *
 * @param {number | undefined} root
 * @returns {Promise<number | null>} bytes; `null` where the system does not tell.
 */
export async function treeMemory(root) {
  const processes = await readdir("/proc").catch(() => []);
  const parents = new Map();
  for (const name of processes.filter((entry) => /^\d+$/.test(entry))) {
    // The name in parentheses may have spaces; the parent comes second after it.
    const text = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    parents.set(Number(name), Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]));
  }
  if (root === undefined || !parents.has(root)) return null;
  const isInside = (/** @type {number | undefined} */ id) => {
    for (let current = id; current !== undefined && current > 1; current = parents.get(current)) if (current === root) return true;
    return false;
  };
  let kilobytes = 0;
  for (const id of [...parents.keys()].filter(isInside)) {
    const text = await readFile(`/proc/${id}/smaps_rollup`, "utf8").catch(() => "");
    kilobytes += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return kilobytes === 0 ? null : kilobytes * 1024;
}
