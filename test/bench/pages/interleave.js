/**
 * Measures several ways in turn, so that what disturbs the machine disturbs all of them: each round runs every
 * way once, in an order that turns around from round to round.
 *
 * @param {Record<string, () => Promise<void>>} ways - each runs one sample of `calls` calls.
 * @returns {Promise<Record<string, number[]>>} milliseconds per call, without the warm-up.
 */
export async function interleave(ways, { rounds, warmUp, calls = 1 }) {
  const names = Object.keys(ways);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const started = performance.now();
      await ways[name]();
      const elapsed = performance.now() - started;
      if (round >= 0) samples[name].push(elapsed / calls);
    }
  }
  return samples;
}
