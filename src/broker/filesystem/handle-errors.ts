import { DirectoryError, type DirectoryErrorCode } from "./directory-backend.js";

const CODES: ReadonlyMap<string, DirectoryErrorCode> = new Map<string, DirectoryErrorCode>([
  ["NotFoundError", "no-entry"],
  ["NotAllowedError", "not-permitted"],
  ["SecurityError", "not-permitted"],
  ["QuotaExceededError", "insufficient-space"],
  // Another tab, or a sync access handle, has the file.
  ["NoModificationAllowedError", "busy"],
  // `removeEntry` of a directory with entries.
  ["InvalidModificationError", "not-empty"],
]);

/**
 * What a call of the File System API failed with, as the guest gets it; as it is where no code fits.
 *
 * @param mismatch - what it means that an entry is of the other kind.
 */
export function translateHandleError(error: unknown, mismatch: DirectoryErrorCode = "io"): unknown {
  if (!(error instanceof DOMException)) return error;
  const code = error.name === "TypeMismatchError" ? mismatch : CODES.get(error.name);
  return code === undefined ? error : new DirectoryError(code, error.message);
}

/** Does one step of the File System API that takes a name. */
export async function named<Value>(work: Promise<Value>, mismatch: DirectoryErrorCode): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    // The browser refuses names that its own rules forbid, such as some that end in `.lnk`.
    throw error instanceof TypeError ? new DirectoryError("invalid", error.message) : translateHandleError(error, mismatch);
  }
}
