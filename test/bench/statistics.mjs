/** Medians and percentiles of measured milliseconds. */

/** @typedef {{ readonly n: number, readonly median: number, readonly p95: number, readonly min: number, readonly max: number }} Summary */

/**
 * @param {readonly number[]} values
 * @returns {Summary}
 */
export function summarize(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return { n: sorted.length, median: median(sorted), p95: nearestRank(sorted, 0.95), min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** @param {readonly number[]} sorted */
function median(sorted) {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? upper) + upper) / 2 : upper;
}

/**
 * The smallest value that at least `share` of the values do not exceed: of fewer than 20 values, the largest.
 *
 * @param {readonly number[]} sorted
 * @param {number} share
 */
function nearestRank(sorted, share) {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
