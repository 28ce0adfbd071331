/*
 * bzip2 is read here and not by a library: of those in the npm registry, seek-bzip 2.0.0 and unbzip2-stream 1.4.3 loop for ever
 * on a run whose length overflows (32 equal run symbols), bz2 1.0.1 bounds nothing, and compressjs is under the GPL.
 */
import type { Refuse } from "../../package/bounded-json.js";
import { BitReader, decodeSymbols, readBlockTables } from "./bzip2-block.js";

const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
/** Blocks are of this many bytes, times the file's level. */
const LEVEL_BYTES = 100_000;

/**
 * Decompresses one bzip2 stream, with every check that the format offers: block and stream checksums, table sizes, and that nothing
 * follows the end.
 *
 * @param maximumBytes - most bytes that may come out: passed by no more than one block before it is noticed.
 * @throws the error that `refuse` makes for damaged data, and that `tooLarge` makes for too much of it
 */
export function decompressBzip2(bytes: Uint8Array, maximumBytes: number, refuse: Refuse, tooLarge: Refuse): Uint8Array {
  const reader = new BitReader(bytes, refuse);
  const level = reader.bits(32) - 0x425a6830;
  if (level < 1 || level > 9) throw refuse("it is no bzip2 file");
  const parts: Uint8Array[] = [];
  let total = 0;
  let streamChecksum = 0;
  for (;;) {
    const magic = reader.bits(24) * 2 ** 24 + reader.bits(24);
    const checksum = reader.bits(32);
    if (magic === END_MAGIC) {
      if (checksum !== streamChecksum) throw refuse("its bzip2 checksum is wrong");
      break;
    }
    if (magic !== BLOCK_MAGIC) throw refuse("its bzip2 data is damaged");
    const block = readBlock(reader, level * LEVEL_BYTES, refuse, (size) => {
      if (total + size > maximumBytes) throw tooLarge(`it unpacks to more than ${maximumBytes} bytes`);
    });
    if (crc32(block) !== checksum) throw refuse("a bzip2 block's checksum is wrong");
    streamChecksum = ((((streamChecksum << 1) | (streamChecksum >>> 31)) >>> 0) ^ checksum) >>> 0;
    parts.push(block);
    total += block.length;
  }
  if (!reader.isAtLastByte()) throw refuse("something follows the end of its bzip2 data");
  return joined(parts, total);
}

function readBlock(reader: BitReader, most: number, refuse: Refuse, checkSize: (size: number) => void): Uint8Array {
  if (reader.bits(1) === 1) throw refuse("it uses bzip2's obsolete randomisation");
  const origin = reader.bits(24);
  const { symbols, count } = decodeSymbols(reader, readBlockTables(reader, refuse), most, refuse);
  if (origin >= count) throw refuse("its bzip2 data is damaged");
  const rotated = undoRotation(symbols, count, origin);
  const size = repeatedSize(rotated);
  checkSize(size);
  return undoRepeats(rotated, size);
}

/** The inverse of the Burrows-Wheeler transform. */
function undoRotation(last: Uint8Array, count: number, origin: number): Uint8Array {
  const starts = new Uint32Array(257);
  for (let index = 0; index < count; index += 1) starts[(last[index] ?? 0) + 1] = (starts[(last[index] ?? 0) + 1] ?? 0) + 1;
  for (let value = 0; value < 256; value += 1) starts[value + 1] = (starts[value + 1] ?? 0) + (starts[value] ?? 0);
  const next = new Uint32Array(count);
  for (let index = 0; index < count; index += 1) {
    const value = last[index] ?? 0;
    const place = starts[value] ?? 0;
    next[place] = index;
    starts[value] = place + 1;
  }
  const text = new Uint8Array(count);
  let position = next[origin] ?? 0;
  for (let index = 0; index < count; index += 1) {
    text[index] = last[position] ?? 0;
    position = next[position] ?? 0;
  }
  return text;
}

/** Four equal bytes are followed by how many more there are. */
function repeatedSize(text: Uint8Array): number {
  let size = 0;
  forEachRun(text, (_value, length) => (size += length));
  return size;
}

function undoRepeats(text: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let position = 0;
  forEachRun(text, (value, length) => {
    out.fill(value, position, position + length);
    position += length;
  });
  return out;
}

function forEachRun(text: Uint8Array, visit: (value: number, length: number) => void): void {
  let index = 0;
  while (index < text.length) {
    const value = text[index] ?? 0;
    let length = 1;
    while (length < 4 && text[index + length] === value) length += 1;
    index += length;
    if (length === 4 && index < text.length) {
      length += text[index] ?? 0;
      index += 1;
    }
    visit(value, length);
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x8000_0000 ? (value << 1) ^ 0x04c1_1db7 : value << 1;
  return value >>> 0;
});

/** CRC-32 with the most significant bit first, unlike gzip's. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = ((crc << 8) ^ (CRC_TABLE[((crc >>> 24) ^ byte) & 0xff] ?? 0)) >>> 0;
  return (crc ^ 0xffff_ffff) >>> 0;
}

function joined(parts: readonly Uint8Array[], total: number): Uint8Array {
  const out = new Uint8Array(total);
  let position = 0;
  for (const part of parts) {
    out.set(part, position);
    position += part.length;
  }
  return out;
}
