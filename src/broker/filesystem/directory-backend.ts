/** What failed in a directory. Each stands for one `error-code` of wasi:filesystem. */
export const DIRECTORY_ERROR_CODES = [
  "no-entry", "exist", "not-directory", "is-directory", "not-empty", "not-permitted", "read-only", "insufficient-space",
  "file-too-large", "invalid", "busy", "unsupported", "io",
] as const;

export type DirectoryErrorCode = (typeof DIRECTORY_ERROR_CODES)[number];

/**
 * A failure that the guest gets to see, as its own `error-code`. Anything else that a backend throws is `io` to
 * the guest, and is reported to the app.
 */
export class DirectoryError extends Error {
  // By name and not by class it is recognized: an app may have this package twice.
  override readonly name = "DirectoryError";
  readonly code: DirectoryErrorCode;

  constructor(code: DirectoryErrorCode, message: string = code) {
    super(message);
    this.code = code;
  }
}

/**
 * Names from a backend's own directory downwards; none for that directory itself. Every name was checked: it is
 * well-formed text of 1 to 255 bytes of UTF-8, without `/`, `\`, control characters and `< > : " | ? *`, is not
 * `.` or `..`, ends in neither a dot nor a blank, and is no device name of Windows. Nothing else is promised:
 * `__proto__` and `constructor` are names like any other, so look them up in a `Map`.
 */
export type DirectoryPath = readonly string[];

export type EntryKind = "file" | "directory";

export interface EntryStat {
  readonly kind: EntryKind;
  /** In bytes; 0 for a directory. */
  readonly size: number;
  /** In milliseconds since 1970, where it is known. */
  readonly modified?: number | undefined;
  readonly accessed?: number | undefined;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: EntryKind;
}

/** What to set, in milliseconds since 1970; `undefined` leaves one as it is. */
export interface EntryTimes {
  readonly modified: number | undefined;
  readonly accessed: number | undefined;
}

/**
 * A directory that an app offers to plugins. An app may bring its own: for a folder on its server, an archive, its
 * document. Which plugin may reach which part, and whether it may write, is checked before a backend is asked; a
 * backend is never asked for anything outside what was granted.
 *
 * Several plugins may share one backend, and calls may come before earlier ones have ended: each must do all or
 * nothing, as far as its storage can. Offsets and lengths are whole numbers that `number` holds exactly, from 0.
 *
 * Every function rejects with a {@link DirectoryError} if it fails: `no-entry` where something on the way is
 * missing, `not-directory` where it is a file, `is-directory` for a file's operation on a directory.
 */
export interface DirectoryBackend {
  stat(path: DirectoryPath): Promise<EntryStat>;
  /** What is in a directory, in any order. */
  list(path: DirectoryPath): Promise<readonly DirectoryEntry[]>;
  /** `length` bytes from `offset` on; fewer only where the file ends, none beyond its end. */
  read(path: DirectoryPath, offset: number, length: number): Promise<Uint8Array>;
  /**
   * Writes all of `bytes`, at the end if `offset` is `"end"`. Zeros fill what lies between the file's old end and
   * `offset`. The file exists, or it is `no-entry`.
   */
  write(path: DirectoryPath, offset: number | "end", bytes: Uint8Array): Promise<void>;
  /** Cuts a file off, or fills it up with zeros. */
  resize(path: DirectoryPath, size: number): Promise<void>;
  /** Makes an empty file; `exist` if there is anything of that name. */
  createFile(path: DirectoryPath): Promise<void>;
  /** Makes an empty directory; `exist` if there is anything of that name. */
  createDirectory(path: DirectoryPath): Promise<void>;
  removeFile(path: DirectoryPath): Promise<void>;
  /** `not-empty` if there is anything in it. */
  removeDirectory(path: DirectoryPath): Promise<void>;
  /**
   * Renames a file or a directory with all that is in it. A file takes the place of a file, and a directory that of
   * an empty directory; else `is-directory`, `not-directory` or `not-empty`. `to` is never `from` or below it.
   */
  rename(from: DirectoryPath, to: DirectoryPath): Promise<void>;
  /** Answers when what was written to `path` would survive the end of the page. Left out where it always does. */
  sync?(path: DirectoryPath): Promise<void>;
  /** Left out where times cannot be set: plugins then get `unsupported`. */
  setTimes?(path: DirectoryPath, times: EntryTimes): Promise<void>;
}

const KNOWN_CODES: ReadonlySet<unknown> = new Set(DIRECTORY_ERROR_CODES);

/** The code of a {@link DirectoryError}, of this copy of the package or another; `undefined` for anything else. */
export function directoryErrorCode(error: unknown): DirectoryErrorCode | undefined {
  if (!(error instanceof Error) || error.name !== "DirectoryError" || !("code" in error)) return undefined;
  return isDirectoryErrorCode(error.code) ? error.code : undefined;
}

function isDirectoryErrorCode(code: unknown): code is DirectoryErrorCode {
  return KNOWN_CODES.has(code);
}
