import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { writeTar } from "../package/write-archive.js";

// RFC 1952 §2.3: where the header says on what system it was made, and the value for "unknown".
const OPERATING_SYSTEM = 9;
const UNKNOWN = 255;

/**
 * A package's files as `.tar.gz`. The same files give the same bytes on every run: nothing in it tells time,
 * owner or system. (How deflate chooses among equal encodings may differ between releases of Node; what is
 * signed is the content, which does not.)
 *
 * @throws {PluginError} `package-invalid` for a path that no archive can have
 */
export async function encodeArchive(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const archive = new Uint8Array(await promisify(gzip)(writeTar(files), { level: 9 }));
  // Node's zlib writes no time, but the number of the system that it was compiled for.
  archive[OPERATING_SYSTEM] = UNKNOWN;
  return archive;
}
