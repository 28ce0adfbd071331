// One store holds both, so that one transaction changes both. The small records are apart from the large
// ones because every hit rewrites one of them.
export const ENTRY = "entry:";
export const USAGE = "usage:";

/** How large an entry is and when it was last used, in milliseconds since 1970. */
export interface Usage {
  readonly bytes: number;
  readonly lastUsed: number;
}

/** Reads a stored usage, which may be anything. */
export function parseUsage(value: unknown): Usage | undefined {
  if (typeof value !== "object" || value === null || !("bytes" in value) || !("lastUsed" in value)) return undefined;
  const { bytes, lastUsed } = value;
  const isValid = typeof bytes === "number" && bytes >= 0 && typeof lastUsed === "number";
  return isValid ? { bytes, lastUsed } : undefined;
}
