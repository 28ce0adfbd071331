import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import { openArchiveStream, sourceSize, type ArchiveStream } from "./archive-stream.js";
import { assertPackagePath, checkPackagePaths, MANIFEST_PATH } from "./package-path.js";
import { quotedText } from "./quoted-text.js";
import { readTarHeader, TAR_BLOCK, type TarEntry } from "./tar-header.js";

// Archivers pad the end to their blocking factor, which is 20 blocks by default and rarely more.
const MAXIMUM_END_PADDING = 1024 * 1024;

function refuse(reason: string): PluginError {
  return new PluginError({
    code: "package-invalid",
    stage: "verify",
    message: `Cannot read the package archive: ${reason}`,
  });
}

function tooLarge(reason: string): PluginError {
  return new PluginError({
    code: "package-too-large",
    stage: "verify",
    message: `Cannot read the package archive: ${reason}; the app can raise its limits`,
  });
}

/**
 * Reads a packed plugin, `.tar.gz` or `.tar`, into its files by path. The files stand at the
 * archive's root or all under one directory, which is taken off.
 *
 * This is admission code that must refuse exactly, so it is a reader of its own: libraries are made
 * to accept as much as possible. Plain files and directories with POSIX ustar or GNU headers are
 * read; links, devices, extension headers, unsafe or repeated paths, lying sizes and anything after
 * the end are refused. Each size is checked when it is announced, so an archive bomb costs no memory.
 *
 * @param limits - `packageBytes` and `packageFiles` bound the unpacked content
 * @throws {PluginError} `package-invalid` or `package-too-large`
 */
export async function readArchive(
  source: Blob | Uint8Array,
  limits: PluginLimits,
): Promise<Map<string, Uint8Array>> {
  const maximumSource = limits.packageBytes + 2 * TAR_BLOCK * (limits.packageFiles + 2) + MAXIMUM_END_PADDING;
  if (sourceSize(source) > maximumSource) {
    throw tooLarge(`it has ${sourceSize(source)} bytes, and ${limits.packageBytes} are allowed unpacked`);
  }
  const stream = await openArchiveStream(source, refuse);
  try {
    const files = withoutTopDirectory(await readEntries(stream, limits));
    const problem = checkPackagePaths(files.keys());
    if (problem !== undefined) throw refuse(problem);
    return files;
  } finally {
    stream.cancel();
  }
}

async function readEntries(stream: ArchiveStream, limits: PluginLimits): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  // A package has its listed files, the manifest and the signature, and perhaps as many directories.
  const maximumEntries = 2 * (limits.packageFiles + 2);
  let total = 0;
  for (let entries = 0; ; entries += 1) {
    const block = await readWhole(stream, TAR_BLOCK, "its end is missing");
    if (isZero(block)) {
      await readEnd(stream);
      return files;
    }
    if (entries >= maximumEntries) throw tooLarge(`it has more than ${maximumEntries} entries`);
    const entry = readTarHeader(block, refuse);
    total += entry.size;
    if (total > limits.packageBytes) {
      throw tooLarge(`it unpacks to more than the ${limits.packageBytes} bytes that are allowed`);
    }
    await readEntry(stream, entry, files);
  }
}

async function readEntry(stream: ArchiveStream, entry: TarEntry, files: Map<string, Uint8Array>): Promise<void> {
  // `tar -C directory .` writes every path with a leading "./", and the directory itself as "./".
  const path = entry.path === "." ? "" : entry.path.replace(/^\.\//, "");
  if (entry.kind === "directory") {
    if (entry.size !== 0) throw refuse(`the directory ${quotedText(path)} has content`);
    if (path !== "") assertPackagePath(path);
    return;
  }
  assertPackagePath(path);
  if (files.has(path)) throw refuse(`it has the file "${path}" twice`);
  const content = await readWhole(stream, entry.size, `it ends inside the file "${path}"`);
  const padding = (TAR_BLOCK - (entry.size % TAR_BLOCK)) % TAR_BLOCK;
  if (!isZero(await readWhole(stream, padding, `it ends inside the file "${path}"`))) {
    throw refuse(`the file "${path}" does not have the size that its header says`);
  }
  files.set(path, content);
}

async function readEnd(stream: ArchiveStream): Promise<void> {
  let padding = await readWhole(stream, TAR_BLOCK, "its end is missing");
  for (let total = 0; padding.length > 0; total += padding.length) {
    if (!isZero(padding)) throw refuse("something follows its end");
    if (total > MAXIMUM_END_PADDING) throw refuse("more padding follows its end than any archiver writes");
    padding = await stream.read(TAR_BLOCK);
  }
  if (stream.position % TAR_BLOCK !== 0) throw refuse("it does not end on a block's boundary");
}

async function readWhole(stream: ArchiveStream, length: number, problem: string): Promise<Uint8Array> {
  const bytes = await stream.read(length);
  if (bytes.length !== length) throw refuse(problem);
  return bytes;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function withoutTopDirectory(files: Map<string, Uint8Array>): Map<string, Uint8Array> {
  if (files.has(MANIFEST_PATH)) return files;
  const [first] = files.keys();
  const top = first?.split("/", 1)[0];
  if (top === undefined || !files.has(`${top}/${MANIFEST_PATH}`)) {
    throw refuse(`it has no ${MANIFEST_PATH}: it is not a packed plugin`);
  }
  const inner = new Map<string, Uint8Array>();
  for (const [path, content] of files) {
    if (!path.startsWith(`${top}/`)) throw refuse(`"${path}" is outside its directory "${top}"`);
    inner.set(path.slice(top.length + 1), content);
  }
  return inner;
}
