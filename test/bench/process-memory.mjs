/** The memory of a process and all that it started, on systems that tell it through /proc. */
import { readFile } from "node:fs/promises";
import { processTree } from "./process-tree.mjs";

/**
 * Proportional set size: pages that several processes share are divided among them.
 *
 * @param {number | undefined} root
 * @returns {Promise<number | null>} bytes; `null` where the system does not tell.
 */
export async function treeMemory(root) {
  return memoryOf(root === undefined ? [] : await processTree(root));
}

/**
 * What the processes that came of one take, without that one itself.
 *
 * @param {number} root
 */
export async function memoryBelow(root) {
  return memoryOf((await processTree(root)).filter(({ id }) => id !== root));
}

/** @param {readonly import("./process-tree.mjs").RunningProcess[]} processes */
async function memoryOf(processes) {
  const texts = await Promise.all(processes.map(({ id }) => readFile(`/proc/${id}/smaps_rollup`, "utf8").catch(() => "")));
  const kilobytes = texts.reduce((sum, text) => sum + Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0), 0);
  return kilobytes === 0 ? null : kilobytes * 1024;
}
