import { fromUtf8 } from "../../bytes/utf8.js";
import { PluginError } from "../../errors/plugin-error.js";
import { quotedText } from "../../package/quoted-text.js";
import { readTarHeader, TAR_BLOCK } from "../../package/tar-header.js";
import { decompressBzip2 } from "./bzip2.js";
import { checkFidiusPaths } from "./fidius-paths.js";

/** fidius's own bounds on an archive, all inclusive. */
export const FID_LIMITS = { contentBytes: 500 * 1024 * 1024, ratio: 10, entries: 10_000 } as const;
/** What tar adds: a header and padding for each entry, names that do not fit into one, and the end. */
const TAR_OVERHEAD = FID_LIMITS.entries * 3 * TAR_BLOCK + 1024 * 1024;
/** GNU tar's entry whose content is the name of the next one. */
const LONG_NAME = 0x4c;
const LONGEST_NAME = 4_096;

function refuse(reason: string): PluginError {
  return new PluginError({ code: "package-invalid", stage: "pack", message: `Cannot read the fidius archive: ${reason}` });
}

function tooLarge(reason: string): PluginError {
  return new PluginError({ code: "package-too-large", stage: "pack", message: `Cannot read the fidius archive: ${reason}` });
}

/**
 * Reads a `.fid` archive, a bzip2 of a tar, into the files of its one directory. In memory: nothing is written before it was
 * checked. Links, devices, unsafe or repeated paths, and more than fidius itself unpacks are refused.
 *
 * @throws {PluginError} `package-invalid`, `package-too-large`
 */
export function readFidArchive(archive: Uint8Array): Map<string, Uint8Array> {
  const mostContent = Math.min(FID_LIMITS.contentBytes, archive.length * FID_LIMITS.ratio);
  const tar = decompressBzip2(archive, mostContent + TAR_OVERHEAD, refuse, tooLarge);
  const files = new Map<string, Uint8Array>();
  const reader = new TarReader(tar);
  let total = 0;
  for (let entries = 1; ; entries += 1) {
    const entry = reader.next();
    if (entry === undefined) break;
    if (entries > FID_LIMITS.entries) throw tooLarge(`it has more than ${FID_LIMITS.entries} entries`);
    total += entry.content.length;
    if (total > mostContent) throw tooLarge(`its files have more than ${mostContent} bytes: at most ${FID_LIMITS.contentBytes}, and ${FID_LIMITS.ratio} for each of the archive's, are unpacked`);
    if (!entry.isFile) continue;
    if (files.has(entry.path)) throw refuse(`it has the file ${quotedText(entry.path)} twice`);
    files.set(entry.path, entry.content);
  }
  return withoutTopDirectory(files);
}

interface Entry {
  readonly path: string;
  readonly isFile: boolean;
  readonly content: Uint8Array;
}

class TarReader {
  readonly #tar: Uint8Array;
  #position = 0;

  constructor(tar: Uint8Array) {
    this.#tar = tar;
  }

  /** The next entry, or nothing at the archive's end, behind which only zeros may stand. */
  next(): Entry | undefined {
    const block = this.#take(TAR_BLOCK);
    if (isZero(block)) {
      if (this.#tar.length - this.#position < TAR_BLOCK || !isZero(this.#tar.subarray(this.#position))) throw refuse("something follows its end, or a part of its end is missing");
      return undefined;
    }
    if (block[156] !== LONG_NAME) return this.#entry(block, undefined);
    const name = this.#longName(block);
    return this.#entry(this.#take(TAR_BLOCK), name);
  }

  #entry(block: Uint8Array, longName: string | undefined): Entry {
    const header = readTarHeader(block, refuse);
    const path = longName ?? unicode(header.path);
    return { path: path.replace(/^\.\//, "").replace(/\/$/, ""), isFile: header.kind === "file", content: this.#content(header.size) };
  }

  #longName(block: Uint8Array): string {
    // It is read like a file's header, whose checks hold for it as well.
    const plain = block.slice();
    plain[156] = 0x30;
    const sum = plain.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
    plain.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
    const { size } = readTarHeader(plain, refuse);
    if (size > LONGEST_NAME) throw refuse(`it has a name of ${size} bytes`);
    return fromUtf8(withoutEnd(this.#content(size))) ?? refuseName();
  }

  #content(size: number): Uint8Array {
    const content = this.#take(size);
    if (!isZero(this.#take((TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK))) throw refuse("a file does not have the size that its header says");
    return content;
  }

  #take(size: number): Uint8Array {
    if (size > this.#tar.length - this.#position) throw refuse("it is cut short");
    this.#position += size;
    return this.#tar.subarray(this.#position - size, this.#position);
  }
}

/** A name as its bytes spell it: {@link readTarHeader} gives one character for each byte. */
function unicode(path: string): string {
  return fromUtf8(Uint8Array.from(path, (character) => character.charCodeAt(0))) ?? refuseName();
}

function refuseName(): never {
  throw refuse("it has a name that is not well-formed UTF-8");
}

function withoutEnd(name: Uint8Array): Uint8Array {
  const end = name.indexOf(0);
  return end === -1 ? name : name.subarray(0, end);
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function withoutTopDirectory(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  checkFidiusPaths(files.keys(), refuse);
  const tops = new Set([...files.keys()].map((path) => path.split("/", 1)[0] ?? ""));
  const [top] = tops;
  if (top === undefined || tops.size > 1) throw refuse(`it must have exactly one directory, and has ${tops.size}`);
  return new Map([...files].map(([path, content]) => [path.slice(top.length + 1), content]));
}
