/** `0.4 ms`, `38 ms`, `1.24 s`. */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

/** `812 B`, `41.3 kB`, `1.6 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A slider's value with as many digits as its step has. */
export function formatValue(value: number, step: number): string {
  // A 32-bit 0.01 is a little less, and would have three digits.
  const digits = step >= 1 || step <= 0 ? 0 : Math.min(4, Math.ceil(-Math.log10(Number(step.toPrecision(6)))));
  return value.toFixed(digits);
}
