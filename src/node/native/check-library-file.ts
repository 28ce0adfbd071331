import { closeSync, openSync, readSync, realpathSync } from "node:fs";
import { resolve, sep } from "node:path";
import { PluginError } from "../../errors/plugin-error.js";
import { libraryPlatform } from "../library-platform.js";

/** Enough for the header of every format: a PE file's stands behind a DOS program, which is short. */
const HEADER_BYTES = 4096;

/**
 * The library's whole path. It was built for this system and processor, which is found out before anything of it is loaded.
 *
 * @throws {PluginError} `runtime-unsupported`, `instantiate-failed`
 */
export function checkLibraryFile(directory: string, library: string): string {
  const path = locate(directory, library);
  const [found, here] = [libraryPlatform(readHeader(path)), `${process.platform}-${process.arch}`];
  if (found === here) return path;
  const what = found === undefined ? "is no dynamic library of a known system and processor" : `was built for ${found}`;
  throw new PluginError({
    code: "runtime-unsupported",
    stage: "instantiate",
    message: `Cannot load ${library}: it ${what}, and this process is ${here}. Pack the library that was built for ${here}, or run the plugin where its library runs.`,
  });
}

function locate(directory: string, library: string): string {
  try {
    const folder = realpathSync(directory);
    const path = realpathSync(resolve(folder, library));
    if (path.startsWith(`${folder}${sep}`)) return path;
  } catch (cause) {
    throw unreadable(library, "it is not there", cause);
  }
  throw unreadable(library, "it is outside of the plugin's folder");
}

function readHeader(path: string): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  try {
    const file = openSync(path, "r");
    try {
      return header.subarray(0, readSync(file, header));
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw unreadable(path, "it cannot be read", cause);
  }
}

function unreadable(library: string, reason: string, cause?: unknown): PluginError {
  return new PluginError({ code: "instantiate-failed", stage: "instantiate", message: `Cannot load ${library}: ${reason}`, cause });
}
