/** A bzip2 writer for tests: plain, slow, and able to write what no honest one does. Written apart from the reader. */

/** Collects bits, the most significant first. */
class Bits {
  readonly #bits: number[] = [];

  write(value: number | bigint, count: number): this {
    for (let bit = BigInt(count) - 1n; bit >= 0n; bit -= 1n) this.#bits.push(Number((BigInt(value) >> bit) & 1n));
    return this;
  }

  bytes(): Uint8Array {
    const out = new Uint8Array(Math.ceil(this.#bits.length / 8));
    for (const [index, bit] of this.#bits.entries()) if (bit === 1) out[index >> 3] = (out[index >> 3] ?? 0) | (0x80 >> (index & 7));
    return out;
  }
}

/** One block as its symbols: runs are 0 and 1, bytes from 2, and the end after all of them. */
export interface RawBlock {
  readonly alphabet: readonly number[];
  readonly symbols: readonly number[];
  readonly origin: number;
  readonly checksum: number;
}

/** A file of these blocks, whose own checksum is right for theirs. */
export function bzip2OfBlocks(blocks: readonly RawBlock[]): Uint8Array {
  const bits = new Bits().write(0x425a6839, 32);
  let combined = 0;
  for (const block of blocks) {
    writeBlock(bits, block);
    combined = ((((combined << 1) | (combined >>> 31)) >>> 0) ^ block.checksum) >>> 0;
  }
  return bits.write(0x177245385090n, 48).write(combined, 32).bytes();
}

/** A bzip2 file of `bytes`, in blocks of at most `size`. */
export function bzip2Of(bytes: Uint8Array, size = 4_096): Uint8Array {
  const blocks: RawBlock[] = [];
  for (let start = 0; start < bytes.length; start += size) blocks.push(blockOf(bytes.subarray(start, start + size)));
  return bzip2OfBlocks(blocks);
}

export function blockOf(bytes: Uint8Array): RawBlock {
  const text = withRuns(bytes);
  // Doubled, so that rotations are slices.
  const doubled = String.fromCharCode(...text, ...text);
  const rotations = text.map((_, index) => ({ index, key: doubled.slice(index, index + text.length) })).sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
  const last = rotations.map(({ index }) => text[(index + text.length - 1) % text.length] ?? 0);
  const alphabet = [...new Set(text)].sort((left, right) => left - right);
  return { alphabet, symbols: toSymbols(last, alphabet), origin: rotations.findIndex(({ index }) => index === 0), checksum: crcOf(bytes) };
}

function withRuns(bytes: Uint8Array): number[] {
  const text: number[] = [];
  for (let index = 0; index < bytes.length;) {
    const value = bytes[index] ?? 0;
    let length = 1;
    while (length < 255 && bytes[index + length] === value) length += 1;
    text.push(...Array.from({ length: Math.min(length, 4) }, () => value), ...(length >= 4 ? [length - 4] : []));
    index += length;
  }
  return text;
}

function toSymbols(last: readonly number[], alphabet: readonly number[]): number[] {
  const recent = [...alphabet];
  const symbols: number[] = [];
  let run = 0;
  const endRun = (): void => {
    for (let left = run; left > 0; left = (left - 1 - ((left - 1) % 2)) / 2) symbols.push((left - 1) % 2);
    run = 0;
  };
  for (const value of last) {
    const place = recent.indexOf(value);
    if (place === 0) {
      run += 1;
      continue;
    }
    endRun();
    recent.splice(place, 1);
    recent.unshift(value);
    symbols.push(place + 1);
  }
  endRun();
  return [...symbols, alphabet.length + 1];
}

/** All codes have nine bits: enough for every symbol, and nothing to get wrong. */
function writeBlock(bits: Bits, { alphabet, symbols, origin, checksum }: RawBlock): void {
  bits.write(0x314159265359n, 48).write(checksum, 32).write(0, 1).write(origin, 24);
  const used = Array.from({ length: 16 }, (_, high) => alphabet.filter((value) => value >> 4 === high));
  for (const values of used) bits.write(values.length > 0 ? 1 : 0, 1);
  for (const values of used) if (values.length > 0) for (let low = 0; low < 16; low += 1) bits.write(values.some((value) => (value & 15) === low) ? 1 : 0, 1);
  const groups = Math.ceil(symbols.length / 50);
  bits.write(2, 3).write(groups, 15);
  for (let group = 0; group < groups; group += 1) bits.write(0, 1);
  for (let code = 0; code < 2; code += 1) bits.write(9, 5).write(0, alphabet.length + 2);
  for (const symbol of symbols) bits.write(symbol, 9);
}

export function crcOf(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
