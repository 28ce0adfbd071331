import { lstatSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../read-bounded-file.js";
import { INSIDE } from "./bubblewrap.js";
import { TimeSlice } from "./time-slice.js";

export interface DiskUsage {
  readonly bytes: number;
  readonly files: number;
}

const NOTHING: DiskUsage = { bytes: 0, files: 0 };
const BLOCK = 512;
/** `TMPFS_MAGIC` of statfs(2). */
const MEMORY_FILE_SYSTEM = 0x0102_1994;

/**
 * What is in `folders`, as far as `enough` files: whoever makes more than that is over its bound already. No link is followed. The
 * folder may change meanwhile, and what is counted then does not matter.
 */
export async function usageOfFolders(folders: readonly string[], enough: number): Promise<DiskUsage> {
  const slice = new TimeSlice();
  let [bytes, files] = [0, 0];
  const open = [...folders];
  for (let path = open.pop(); path !== undefined && files <= enough; path = open.pop()) {
    await slice.share();
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (status === undefined) continue;
    files += 1;
    bytes += status.blocks * BLOCK;
    if (status.isDirectory()) for (const name of namesIn(path)) open.push(join(path, name));
  }
  return { bytes, files };
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** What is in the working directory that bubblewrap keeps in memory, asked through one of the processes in it. */
export async function usageInside(processes: readonly number[]): Promise<DiskUsage> {
  for (const pid of processes) {
    // bubblewrap's own outer process sees this system's files, where there is no such folder in memory.
    const found = await statfs(`/proc/${pid}/root${INSIDE.work}`).catch(() => undefined);
    if (found?.type === MEMORY_FILE_SYSTEM) return { bytes: (found.blocks - found.bfree) * found.bsize, files: found.files - found.ffree };
  }
  return NOTHING;
}

/**
 * Files that have no name and are still open: deleted ones, and memory that has the form of a file. They take room and are in no
 * folder.
 *
 * @param enough - so many bytes are too many, and no more are counted.
 * @returns the process that must not be looked into instead, if there is one: it made that so itself.
 */
export async function usageOfNameless(processes: readonly number[], enough: number): Promise<DiskUsage | { readonly hidden: number }> {
  const slice = new TimeSlice();
  const counted = new Set<string>();
  let bytes = 0;
  for (const pid of processes) {
    const descriptors = descriptorsOf(pid);
    if (descriptors === "hidden") return { hidden: pid };
    for (const path of descriptors) {
      await slice.share();
      bytes += namelessSize(path, counted);
      if (bytes > enough) return { bytes, files: counted.size };
    }
  }
  return { bytes, files: counted.size };
}

function descriptorsOf(pid: number): readonly string[] | "hidden" {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((name) => `/proc/${pid}/fd/${name}`);
  } catch (error) {
    return systemCode(error) === "EACCES" ? "hidden" : [];
  }
}

/** The size of an open file that has no name and was not counted before. */
function namelessSize(path: string, counted: Set<string>): number {
  try {
    // Pipes and sockets, which are most, are not asked further.
    if (!readlinkSync(path).startsWith("/")) return 0;
    const { dev, ino, nlink, blocks } = statSync(path);
    const key = `${dev}:${ino}`;
    if (nlink > 0 || counted.has(key)) return 0;
    counted.add(key);
    return blocks * BLOCK;
  } catch {
    // It was closed meanwhile.
    return 0;
  }
}

export function addUsage(one: DiskUsage, other: DiskUsage): DiskUsage {
  return { bytes: one.bytes + other.bytes, files: one.files + other.files };
}
