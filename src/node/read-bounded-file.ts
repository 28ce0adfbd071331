import { open, realpath } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep, win32 } from "node:path";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginStage } from "../errors/error-codes.js";

/**
 * Reads a plain file of at most `maximumBytes` bytes; the size is checked before memory is taken.
 *
 * @throws {PluginError} `source-unreachable` if it cannot be read, `package-too-large`
 */
export async function readBoundedFile(path: string, maximumBytes: number, stage: PluginStage): Promise<Uint8Array> {
  let handle;
  try {
    handle = await open(path, "r");
  } catch (cause) {
    throw unreadable(path, stage, cause);
  }
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw unreadable(path, stage, undefined, "it is not a plain file");
    if (found.size > maximumBytes) {
      const message = `Cannot read ${path}: it has ${found.size} bytes, and at most ${maximumBytes} are allowed`;
      throw new PluginError({ code: "package-too-large", stage, message });
    }
    const content = new Uint8Array(found.size);
    const { bytesRead } = await handle.read(content, 0, content.length, 0);
    if (bytesRead !== content.length) throw unreadable(path, stage, undefined, "it changed while it was read");
    return content;
  } finally {
    await handle.close();
  }
}

/**
 * The real path of the file that `path` names inside `directory`, with every link followed.
 *
 * @param advice - what to do where there is none
 * @throws {PluginError} `package-invalid` for a path that is absolute, leads out of the directory (by `..`
 * or by a link) or names nothing
 */
export async function confinedPath(directory: string, path: string, advice = "Build the component first"): Promise<string> {
  // A drive letter or a leading backslash is absolute on Windows only; nobody means a file's name by it.
  if (path === "" || path.includes("\0") || isAbsolute(path) || win32.isAbsolute(path)) {
    throw escape(path, "it is not a relative path");
  }
  const wanted = resolve(directory, path);
  if (!isInside(directory, wanted)) throw escape(path, "it leads out of the plugin's directory");
  let real: string;
  try {
    real = await realpath(wanted);
  } catch (cause) {
    throw escape(path, `it cannot be found (${systemReason(cause)}). ${advice}`, cause);
  }
  if (!isInside(await realpath(directory), real)) throw escape(path, "a link leads out of the plugin's directory");
  return real;
}

/** Whether `path` is below `directory`. Both are taken as they are written: no link is followed. */
export function isInside(directory: string, path: string): boolean {
  const way = relative(resolve(directory), resolve(path));
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Why the system refused, in words where the code is a common one. */
export function systemReason(cause: unknown): string {
  const code = systemCode(cause);
  return REASONS.get(code) ?? (cause instanceof Error ? cause.message : String(cause));
}

/** The system's error code, such as `ENOENT`, or an empty text. */
export function systemCode(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or directory"],
  ["EACCES", "permission was denied"],
  ["EPERM", "permission was denied"],
  ["EISDIR", "it is a directory"],
  ["ENOTDIR", "a part of the path is not a directory"],
  ["EEXIST", "it exists already"],
  ["ENOSPC", "the disk is full"],
  ["EROFS", "the file system is read-only"],
]);

/** The error for a file that could not be read. */
export function unreadable(path: string, stage: PluginStage, cause: unknown, reason = systemReason(cause)): PluginError {
  return new PluginError({ code: "source-unreachable", stage, message: `Cannot read ${path}: ${reason}`, cause });
}

function escape(path: string, reason: string, cause?: unknown): PluginError {
  const message = `Cannot pack the plugin: package.toml names the file ${JSON.stringify(path)}: ${reason}`;
  return new PluginError({ code: "package-invalid", stage: "pack", message, cause });
}
