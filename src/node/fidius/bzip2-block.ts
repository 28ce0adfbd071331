import type { Refuse } from "../../package/bounded-json.js";

const GROUP_SIZE = 50;
const LONGEST_CODE = 20;

/** Reads bits, the most significant first, and never past the end. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #refuse: Refuse;
  #position = 0;
  #held = 0;
  #heldBits = 0;

  constructor(bytes: Uint8Array, refuse: Refuse) {
    this.#bytes = bytes;
    this.#refuse = refuse;
  }

  /** The next `count` bits, at most 32, as a number from 0. */
  bits(count: number): number {
    let value = 0;
    for (let left = count; left > 0;) {
      if (this.#heldBits === 0) {
        const byte = this.#bytes[this.#position];
        if (byte === undefined) throw this.#refuse("its bzip2 data is cut short");
        this.#position += 1;
        this.#held = byte;
        this.#heldBits = 8;
      }
      const taken = Math.min(left, this.#heldBits);
      this.#heldBits -= taken;
      value = value * 2 ** taken + ((this.#held >>> this.#heldBits) & (2 ** taken - 1));
      left -= taken;
    }
    return value;
  }

  /** Whether every byte was begun. The last one's remaining bits are padding. */
  isAtLastByte(): boolean {
    return this.#position === this.#bytes.length;
  }
}

/** A canonical Huffman code. */
interface Code {
  readonly shortest: number;
  readonly longest: number;
  /** By length: the last code of it, -1 for none. */
  readonly limits: Int32Array;
  /** By length: what to take from a code to get its place in {@link symbols}. */
  readonly bases: Int32Array;
  readonly symbols: Uint16Array;
}

export interface BlockTables {
  /** The bytes that occur, in order. */
  readonly alphabet: Uint8Array;
  readonly codes: readonly Code[];
  /** Which code each group of 50 symbols has. */
  readonly selectors: Uint8Array;
}

export function readBlockTables(reader: BitReader, refuse: Refuse): BlockTables {
  const alphabet = readAlphabet(reader);
  if (alphabet.length === 0) throw refuse("its bzip2 data is damaged");
  const codeCount = reader.bits(3);
  const selectorCount = reader.bits(15);
  if (codeCount < 2 || codeCount > 6 || selectorCount === 0) throw refuse("its bzip2 data is damaged");
  const recent = Array.from({ length: codeCount }, (_, index) => index);
  const selectors = new Uint8Array(selectorCount);
  for (let index = 0; index < selectorCount; index += 1) {
    let place = 0;
    while (reader.bits(1) === 1) {
      place += 1;
      if (place >= codeCount) throw refuse("its bzip2 data is damaged");
    }
    const [selected = 0] = recent.splice(place, 1);
    recent.unshift(selected);
    selectors[index] = selected;
  }
  const codes = Array.from({ length: codeCount }, () => readCode(reader, alphabet.length + 2, refuse));
  return { alphabet, codes, selectors };
}

function readAlphabet(reader: BitReader): Uint8Array {
  const sixteens = reader.bits(16);
  const bytes: number[] = [];
  for (let high = 0; high < 16; high += 1) {
    if ((sixteens & (0x8000 >>> high)) === 0) continue;
    const used = reader.bits(16);
    for (let low = 0; low < 16; low += 1) if ((used & (0x8000 >>> low)) !== 0) bytes.push(high * 16 + low);
  }
  return Uint8Array.from(bytes);
}

function readCode(reader: BitReader, size: number, refuse: Refuse): Code {
  const lengths = new Uint8Array(size);
  let length = reader.bits(5);
  for (let symbol = 0; symbol < size; symbol += 1) {
    for (;;) {
      if (length < 1 || length > LONGEST_CODE) throw refuse("its bzip2 data is damaged");
      if (reader.bits(1) === 0) break;
      length += reader.bits(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return canonicalCode(lengths, refuse);
}

function canonicalCode(lengths: Uint8Array, refuse: Refuse): Code {
  const symbols = new Uint16Array(lengths.length);
  const limits = new Int32Array(LONGEST_CODE + 1).fill(-1);
  const bases = new Int32Array(LONGEST_CODE + 1);
  let place = 0;
  let code = 0;
  for (let length = 1; length <= LONGEST_CODE; length += 1) {
    bases[length] = code - place;
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue;
      symbols[place] = symbol;
      place += 1;
      code += 1;
    }
    // More codes than their length can tell apart.
    if (code > 2 ** length) throw refuse("its bzip2 data is damaged");
    limits[length] = code - 1;
    code *= 2;
  }
  return { shortest: Math.min(...lengths), longest: Math.max(...lengths), limits, bases, symbols };
}

/** The bytes of a block as the Burrows-Wheeler transform left them. */
export function decodeSymbols(reader: BitReader, { alphabet, codes, selectors }: BlockTables, most: number, refuse: Refuse): { readonly symbols: Uint8Array; readonly count: number } {
  const damaged = () => refuse("its bzip2 data is damaged");
  const end = alphabet.length + 1;
  const recent = [...alphabet];
  const out = new Uint8Array(most);
  let count = 0;
  let run = 0;
  let weight = 1;
  for (let index = 0; ; index += 1) {
    const code = codes[selectors[Math.floor(index / GROUP_SIZE)] ?? codes.length];
    // Selectors end before the block does.
    if (code === undefined) throw damaged();
    const symbol = readSymbol(reader, code, damaged);
    if (symbol <= 1) {
      run += weight * (symbol + 1);
      weight *= 2;
      // Held against the block at once: a run's length doubles with every symbol of it.
      if (run > most - count) throw damaged();
      continue;
    }
    out.fill(recent[0] ?? 0, count, count + run);
    count += run;
    [run, weight] = [0, 1];
    if (symbol === end) return { symbols: out, count };
    if (count >= most) throw damaged();
    const [value = 0] = recent.splice(symbol - 1, 1);
    recent.unshift(value);
    out[count] = value;
    count += 1;
  }
}

function readSymbol(reader: BitReader, { shortest, longest, limits, bases, symbols }: Code, damaged: () => Error): number {
  let code = reader.bits(shortest);
  for (let length = shortest; length <= longest; length += 1) {
    if (code <= (limits[length] ?? -1)) {
      const symbol = symbols[code - (bases[length] ?? 0)];
      if (symbol === undefined) throw damaged();
      return symbol;
    }
    code = code * 2 + reader.bits(1);
  }
  throw damaged();
}
