/** One tar entry to build, hostile or not. Everything but the content has a default. */
export interface TarEntryOptions {
  readonly name: string;
  readonly content?: string;
  readonly type?: string;
  readonly link?: string;
  readonly prefix?: string;
  /** The raw size field. */
  readonly size?: string;
  readonly magic?: string;
  /** Added to the right checksum. */
  readonly checksum?: number;
}

const BLOCK = 512;

/** A header block and its padded content, written independently of the code under test. */
export function tarEntry(options: TarEntryOptions): Uint8Array {
  const content = Buffer.from(options.content ?? "", "latin1");
  const header = Buffer.alloc(BLOCK);
  header.write(options.name, 0, 100, "latin1");
  header.write("0000644\x000000000\x000000000\0", 100, "latin1");
  header.write(options.size ?? `${content.length.toString(8).padStart(11, "0")}\0`, 124, 12, "latin1");
  header.write("00000000000\0", 136, "latin1");
  header.write("        ", 148, "latin1");
  header.write(options.type ?? "0", 156, 1, "latin1");
  header.write(options.link ?? "", 157, 100, "latin1");
  header.write(options.magic ?? "ustar\x0000", 257, 8, "latin1");
  header.write(options.prefix ?? "", 345, 155, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0) + (options.checksum ?? 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
  return concat(header, content, new Uint8Array((BLOCK - (content.length % BLOCK)) % BLOCK));
}

/** The two zero blocks that end an archive. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * BLOCK);
}

/** All parts, one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
