import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { PluginError } from "../../errors/plugin-error.js";
import { endProcesses } from "./end-processes.js";
import { identityText, isAlive, ownIdentity, parseIdentity } from "./process-identity.js";
import { MARK } from "./process-sandbox.js";
import { surveyProcesses } from "./process-survey.js";
import { removeTree } from "./remove-tree.js";

const PREFIX = "portcullis-executor.";

/**
 * Makes an executor's own folder, below one for temporary files. Instances' users can pass through it to what is theirs, and
 * cannot list it.
 *
 * @throws {PluginError} `storage-failed`
 */
export async function makeExecutorFolder(parent: string): Promise<string> {
  try {
    const folder = await mkdtemp(join(parent, `${PREFIX}${identityText(ownIdentity())}.`));
    await chmod(folder, 0o711);
    return folder;
  } catch (cause) {
    const message = `Cannot start plugins: the executor's folder cannot be made in ${parent} (${String(cause)}). Give it a folder that it can write in`;
    throw new PluginError({ code: "storage-failed", stage: "instantiate", message, cause });
  }
}

/** Ends and removes what executors of this user left that were killed before they could. */
export async function removeAbandoned(parent: string): Promise<void> {
  const left = await endProcesses(abandonedProcesses);
  // What still runs could lead a removal elsewhere.
  if (left.length === 0) for (const folder of abandonedFolders(parent)) await removeTree(folder);
}

async function abandonedProcesses(): Promise<readonly number[]> {
  const own = process.geteuid?.() ?? -1;
  return (await surveyProcesses()).flatMap(({ pid, users }) => (users.includes(own) && isAbandoned(markOf(pid)) ? [pid] : []));
}

/** The owner's part of an instance's mark. */
function markOf(pid: number): string {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
    return variables.find((variable) => variable.startsWith(`${MARK}=`))?.slice(MARK.length + 1).split(".")[0] ?? "";
  } catch {
    return "";
  }
}

function abandonedFolders(parent: string): readonly string[] {
  return namesIn(parent).flatMap((name) => {
    const path = join(parent, name);
    if (!name.startsWith(PREFIX) || !isAbandoned(name.slice(PREFIX.length).split(".")[0] ?? "")) return [];
    const status = lstatSync(path, { throwIfNoEntry: false });
    // In a folder that everybody may write in, anybody can use this name.
    return status?.isDirectory() === true && status.uid === process.geteuid?.() ? [path] : [];
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isAbandoned(owner: string): boolean {
  const identity = parseIdentity(owner);
  return identity !== undefined && !isAlive(identity);
}
