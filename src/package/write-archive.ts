import { PluginError } from "../errors/plugin-error.js";
import { checkPackagePaths } from "./package-path.js";
import { TAR_BLOCK, writeTarHeader } from "./tar-header.js";

/**
 * Writes files as an uncompressed POSIX ustar archive, sorted by path and without times or owners,
 * so that the same files always give the same bytes.
 *
 * @throws {PluginError} `package-invalid` for a path that is unsafe or does not fit a ustar header
 */
export function writeTar(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const problem = checkPackagePaths(files.keys());
  if (problem !== undefined) throw refuse(problem);
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  let size = 2 * TAR_BLOCK;
  for (const [, content] of sorted) size += TAR_BLOCK + blockSize(content.length);
  const archive = new Uint8Array(size);
  let offset = 0;
  for (const [path, content] of sorted) {
    const header = writeTarHeader(path, content.length);
    if (header === undefined) throw refuse(`the path "${path}" is too long for a tar archive; shorten it`);
    archive.set(header, offset);
    archive.set(content, offset + TAR_BLOCK);
    offset += TAR_BLOCK + blockSize(content.length);
  }
  return archive;
}

function blockSize(length: number): number {
  return Math.ceil(length / TAR_BLOCK) * TAR_BLOCK;
}

function refuse(reason: string): PluginError {
  return new PluginError({
    code: "package-invalid",
    stage: "pack",
    message: `Cannot write the package archive: ${reason}`,
  });
}
