/** A number in [0, 1) for each call, the same sequence for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function lattice(x: number, y: number, seed: number): number {
  let mixed = Math.imul(x, 374_761_393) ^ Math.imul(y, 668_265_263) ^ Math.imul(seed, 2_147_483_647);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 1_274_126_177);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296;
}

function smooth(position: number): number {
  return position * position * (3 - 2 * position);
}

function valueNoise(x: number, y: number, seed: number): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  const across = smooth(x - column);
  const top = lattice(column, row, seed) * (1 - across) + lattice(column + 1, row, seed) * across;
  const bottom = lattice(column, row + 1, seed) * (1 - across) + lattice(column + 1, row + 1, seed) * across;
  const down = smooth(y - row);
  return top * (1 - down) + bottom * down;
}

/** Several octaves of noise, as clouds and ridges have them: about 0 to 1, 0.5 on average. */
export function fractalNoise(x: number, y: number, seed: number, octaves: number): number {
  let sum = 0;
  let weight = 0.5;
  let total = 0;
  for (let octave = 0; octave < octaves; octave += 1) {
    sum += weight * valueNoise(x * 2 ** octave, y * 2 ** octave, seed + octave);
    total += weight;
    weight *= 0.5;
  }
  return sum / total;
}
