import { readdirSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findTool } from "./find-executable.js";
import { removeTree } from "./remove-tree.js";
import { runProgram } from "./run-program.js";

/** Folders of the system in which every user may write. */
const SHARED_FOLDERS = ["tmp", "var/tmp", "dev/shm", "run/lock"].map((name) => join("/", name));

/** System V's shared memory, message queues and semaphores: they stay when whoever made them has ended. */
const IPC_KINDS = [["shm", "-m"], ["msg", "-q"], ["sem", "-s"]] as const;

/**
 * Removes what a user left outside of its working directory: the next instance with that user could read it, and nobody else
 * would ever remove it. Nothing of the user may be running. Only root can do this.
 */
export async function removeLeftovers(uid: number): Promise<void> {
  for (const path of sharedEntries().get(uid) ?? []) await removeTree(path);
  const ipcrm = findTool("ipcrm");
  const objects = IPC_KINDS.flatMap(([kind, option]) => ipcObjects(kind, uid).flatMap((number) => [option, number]));
  if (ipcrm !== undefined && objects.length > 0) await runProgram(ipcrm, objects);
}

/** What there is in the folders that everybody may write in, by its owner. */
export function sharedEntries(): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, string[]>();
  for (const path of SHARED_FOLDERS.flatMap((folder) => namesIn(folder).map((name) => join(folder, name)))) {
    const owner = lstatSync(path, { throwIfNoEntry: false })?.uid ?? 0;
    found.set(owner, [...(found.get(owner) ?? []), path]);
  }
  return found;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Numbers of the objects that a user made or owns. The columns have names in the first line. */
function ipcObjects(kind: "shm" | "msg" | "sem", uid: number): readonly string[] {
  try {
    const [names = "", ...lines] = readFileSync(`/proc/sysvipc/${kind}`, "latin1").trim().split("\n");
    const columns = names.trim().split(/\s+/);
    const [number, owner, creator] = [`${kind}id`, "uid", "cuid"].map((name) => columns.indexOf(name));
    return lines.flatMap((line) => {
      const values = line.trim().split(/\s+/);
      const isOwn = values[owner ?? -1] === String(uid) || values[creator ?? -1] === String(uid);
      return isOwn ? [values[number ?? -1] ?? ""] : [];
    });
  } catch {
    return [];
  }
}
