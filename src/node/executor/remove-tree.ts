import { rm } from "node:fs/promises";
import { runProgram } from "./run-program.js";

/**
 * Removes a folder with everything in it, whatever a plugin made of it: folders that nobody may enter, or nested deeper than a
 * path can be long. Nothing that could change it may be running. No link is followed.
 *
 * @returns whether it is gone.
 */
export async function removeTree(path: string): Promise<boolean> {
  try {
    await rm(path, { recursive: true, force: true });
    return true;
  } catch {
    const script = 'chmod -R u+rwX -- "$1" 2>/dev/null; rm -rf -- "$1"';
    return (await runProgram("/bin/sh", ["-c", script, "sh", path])).succeeded;
  }
}
