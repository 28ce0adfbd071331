/**
 * Measures several ways in turn, so that what disturbs the machine disturbs all of them: each round runs every
 * way once, each from every place in the order equally often.
 *
 * @param {Record<string, () => Promise<void>>} ways - each runs one sample of `calls` calls.
 * @returns {Promise<Record<string, number[]>>} milliseconds per call, without the warm-up.
 */
export async function interleave(ways, { rounds, warmUp, calls = 1 }) {
  const names = Object.keys(ways);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const name of orderOf(names, round + warmUp)) {
      const started = performance.now();
      await ways[name]();
      const elapsed = performance.now() - started;
      if (round >= 0) samples[name].push(elapsed / calls);
    }
  }
  return samples;
}

function orderOf(names, round) {
  const first = round % names.length;
  const turned = [...names.slice(first), ...names.slice(0, first)];
  return Math.floor(round / names.length) % 2 === 0 ? turned : turned.reverse();
}
