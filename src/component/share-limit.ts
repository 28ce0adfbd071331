/** What has a size to start with and one that it may grow to. */
export interface Extent {
  readonly initial: number;
  readonly maximum: number;
}

/**
 * Shares `total` out: each has what it starts with, and the rest goes evenly to those that may still grow.
 *
 * @returns the size that each may grow to, never above its own maximum, together never above `total`; `undefined` if they start larger.
 */
export function shareOut(extents: readonly Extent[], total: number): number[] | undefined {
  const shares = extents.map(({ initial }) => initial);
  let rest = shares.reduce((left, share) => left - share, total);
  if (rest < 0) return undefined;
  const room = (index: number) => (extents[index]?.maximum ?? 0) - (shares[index] ?? 0);
  // Whoever has the least room is served first, so that what it leaves is shared among the others.
  const order = extents.map((_extent, index) => index).sort((a, b) => (room(a) === room(b) ? 0 : room(a) < room(b) ? -1 : 1));
  order.forEach((index, served) => {
    const part = Math.max(0, Math.min(room(index), Math.floor(rest / (order.length - served))));
    shares[index] = (shares[index] ?? 0) + part;
    rest -= part;
  });
  return shares;
}
