import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** Where systems keep the programs that every user can run. */
const SYSTEM_FOLDERS = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/** What `PATH` names, and then the system's own, each once: programs of that name which this process may run. */
export function findExecutables(name: string): readonly string[] {
  return executablesIn([...searchPath(), ...SYSTEM_FOLDERS], name);
}

/** A tool of the system: its own before what `PATH` names, which other users may be unable to run. */
export function findTool(name: string): string | undefined {
  return executablesIn([...SYSTEM_FOLDERS, ...searchPath()], name)[0];
}

function searchPath(): readonly string[] {
  return (process.env["PATH"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
}

function executablesIn(folders: readonly string[], name: string): readonly string[] {
  return [...new Set(folders.map((folder) => join(folder, name)))].filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
