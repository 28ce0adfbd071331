import type { DirectoryBackend } from "./directory-backend.js";
import { DirectoryError } from "./directory-backend.js";
import { HandleDirectory } from "./handle-directory.js";
import { resolvePath } from "./resolve-path.js";

export interface BrowserDirectoryOptions {
  /** Bytes of files, and 4 KiB for each file and directory. Default: 1 GiB. */
  readonly maximumBytes?: number;
}

const DEFAULT_MAXIMUM_BYTES = 1024 * 1024 * 1024;

/**
 * A directory in this origin's private file system (OPFS): it is there after a reload, and no one but this origin
 * sees it. It is made when it is first used.
 *
 * Writes to a file reach it together, 20 ms after the last one or when anything else needs it, and then at once: a
 * crash leaves the file as it was before, never half of it. Moving copies first and removes then. Two tabs that
 * write to one file at the same time overwrite each other's changes.
 *
 * @param path - where in the private file system, such as `plugins/notes`. An app gives each plugin its own.
 * @param options - `maximumBytes` counts what is there already. The browser's own quota holds besides.
 * @throws {DirectoryError} `invalid` for a path with names that plugins could not use.
 * @example
 * ```ts
 * const provide = { directories: new Map([["/data", opfsDirectory("plugins/notes", { maximumBytes: 50 * 1024 * 1024 })]]) };
 * ```
 */
export function opfsDirectory(path: string, { maximumBytes = DEFAULT_MAXIMUM_BYTES }: BrowserDirectoryOptions = {}): DirectoryBackend {
  const resolved = resolvePath(path);
  if (typeof resolved === "string" || resolved.crossed.length > 0 || resolved.segments.length === 0) {
    throw new DirectoryError("invalid", `Cannot use ${JSON.stringify(path)} in the private file system: it is no path such as "plugins/notes"`);
  }
  const open = async (): Promise<FileSystemDirectoryHandle> => {
    let folder = await navigator.storage.getDirectory();
    for (const name of resolved.segments) folder = await folder.getDirectoryHandle(name, { create: true });
    return folder;
  };
  return new HandleDirectory({ open, maximumBytes, isMeasured: true });
}

/**
 * A directory that a person picked (`showDirectoryPicker`), or any other `FileSystemDirectoryHandle`. Plugins get
 * what the person allows: while the browser would have to ask, and after the permission was withdrawn, they get
 * `not-permitted`. A plugin never makes the browser ask; call `requestPermission` on the handle for that.
 *
 * What is said at {@link opfsDirectory} about writing holds here as well. Names that are right on one system only
 * are refused on all.
 *
 * @param options - `maximumBytes` counts what plugins add while the page lives, less what they remove.
 * @example
 * ```ts
 * const project = handleDirectory(await showDirectoryPicker({ mode: "readwrite" }));
 * ```
 */
export function handleDirectory(directory: FileSystemDirectoryHandle, { maximumBytes = DEFAULT_MAXIMUM_BYTES }: BrowserDirectoryOptions = {}): DirectoryBackend {
  return new HandleDirectory({ open: async () => directory, maximumBytes, isMeasured: false });
}
