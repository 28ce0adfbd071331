import type { Refuse } from "./bounded-json.js";
import { quotedText } from "./quoted-text.js";

/** Tar works in blocks of this many bytes. */
export const TAR_BLOCK = 512;

/** One entry as its header announces it. */
export interface TarEntry {
  /** As written, without a directory's closing slash. Not yet checked to be safe. */
  readonly path: string;
  readonly kind: "file" | "directory";
  /** Content that follows the header, in bytes, without padding. */
  readonly size: number;
}

// POSIX.1-1988 ustar: where each field stands, as [offset, length].
const NAME = [0, 100] as const;
const SIZE = [124, 12] as const;
const CHECKSUM = [148, 8] as const;
const TYPE = 156;
const LINK_NAME = [157, 100] as const;
const MAGIC = [257, 8] as const;
const PREFIX = [345, 155] as const;

const REFUSED_TYPES: ReadonlyMap<string, string> = new Map([
  ["1", "a hard link"],
  ["2", "a symbolic link"],
  ["3", "a character device"],
  ["4", "a block device"],
  ["6", "a named pipe"],
  ["7", "a contiguous file"],
  ["x", "a pax extended header"],
  ["g", "a pax global header"],
  ["L", "a GNU long name"],
  ["K", "a GNU long link name"],
  ["S", "a GNU sparse file"],
]);

/**
 * Reads one ustar header block: magic `ustar` in the POSIX or the GNU spelling, nothing else.
 *
 * @throws the error that `refuse` makes
 */
export function readTarHeader(block: Uint8Array, refuse: Refuse): TarEntry {
  const stored = octal(block, CHECKSUM);
  if (stored === undefined || stored !== checksum(block)) {
    throw refuse("a header's checksum is wrong: the file is damaged or not a tar archive");
  }
  const magic = latin1(block, MAGIC);
  const isPosix = magic === "ustar\x0000";
  if (!isPosix && magic !== "ustar  \0") throw refuse("a header is neither POSIX ustar nor GNU tar");
  const name = text(block, NAME);
  // GNU tar keeps other things where POSIX keeps the directory of a long path.
  const prefix = isPosix ? text(block, PREFIX) : "";
  if (name === undefined || prefix === undefined) throw refuse("a header's name has bytes after its end");
  const path = prefix === "" ? name : `${prefix}/${name}`;
  return { ...readKind(block, path, refuse), ...readSize(block, path, refuse) };
}

function readKind(block: Uint8Array, path: string, refuse: Refuse): Pick<TarEntry, "path" | "kind"> {
  const type = String.fromCharCode(block[TYPE] ?? 0);
  if (type === "5") return { kind: "directory", path: path.replace(/\/$/, "") };
  if (type !== "0" && type !== "\0") {
    const name = REFUSED_TYPES.get(type) ?? `an entry of type ${quotedText(type)}`;
    throw refuse(`${quotedText(path)} is ${name}; only plain files and directories are allowed`);
  }
  if (text(block, LINK_NAME) !== "") throw refuse(`${quotedText(path)} is a file with a link's target`);
  return { kind: "file", path };
}

function readSize(block: Uint8Array, path: string, refuse: Refuse): Pick<TarEntry, "size"> {
  const size = octal(block, SIZE);
  if (size === undefined) throw refuse(`the size of ${quotedText(path)} is not an octal number`);
  return { size };
}

/**
 * A ustar header with nothing in it that varies: mode 0644, owner 0, time 0.
 * `undefined` if the path does not fit its 100-byte name and 155-byte prefix.
 */
export function writeTarHeader(path: string, size: number): Uint8Array | undefined {
  const split = splitPath(path);
  if (split === undefined) return undefined;
  const block = new Uint8Array(TAR_BLOCK);
  put(block, NAME[0], split.name);
  put(block, 100, "0000644\x000000000\x000000000\0");
  put(block, SIZE[0], `${size.toString(8).padStart(11, "0")}\0`);
  put(block, 136, "00000000000\0");
  block[TYPE] = 0x30;
  put(block, MAGIC[0], "ustar\x0000");
  put(block, PREFIX[0], split.prefix);
  put(block, CHECKSUM[0], `${checksum(block).toString(8).padStart(6, "0")}\0 `);
  return block;
}

function splitPath(path: string): { name: string; prefix: string } | undefined {
  if (path.length <= NAME[1]) return { name: path, prefix: "" };
  for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    if (path.length - slash - 1 <= NAME[1] && slash <= PREFIX[1]) {
      return { prefix: path.slice(0, slash), name: path.slice(slash + 1) };
    }
  }
  return undefined;
}

// The sum of all bytes, with the checksum's own field counted as spaces.
function checksum(block: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < TAR_BLOCK; index += 1) {
    const own = index >= CHECKSUM[0] && index < CHECKSUM[0] + CHECKSUM[1];
    sum += own ? 0x20 : (block[index] ?? 0);
  }
  return sum;
}

type Field = readonly [offset: number, length: number];

function latin1(block: Uint8Array, [offset, length]: Field): string {
  return String.fromCharCode(...block.subarray(offset, offset + length));
}

// The field up to its first NUL; `undefined` if anything but NUL follows.
function text(block: Uint8Array, field: Field): string | undefined {
  const [value = "", ...rest] = latin1(block, field).split("\0");
  return rest.some((part) => part !== "") ? undefined : value;
}

function octal(block: Uint8Array, field: Field): number | undefined {
  const digits = /^([0-7]+)[\0 ]*$/.exec(latin1(block, field))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

function put(block: Uint8Array, offset: number, value: string): void {
  for (let index = 0; index < value.length; index += 1) block[offset + index] = value.charCodeAt(index);
}
