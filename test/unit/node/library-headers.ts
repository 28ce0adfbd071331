/** Headers of dynamic libraries, whole and no longer than they must be, each with what a test changes in it. */

interface Header {
  readonly machine?: number;
  readonly wordSize?: 1 | 2;
  readonly order?: 1 | 2;
  readonly system?: number;
  /** Shared object, library, DLL flag. */
  readonly type?: number;
}

/** ELF, by default of linux-x64. */
export function elfHeader({ machine = 62, wordSize = 2, order = 1, system = 0, type = 3 }: Header = {}): Uint8Array {
  const bytes = new Uint8Array(wordSize === 2 ? 64 : 52);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wordSize, order, 1, system]);
  const view = new DataView(bytes.buffer);
  view.setUint16(16, type, order === 1);
  view.setUint16(18, machine, order === 1);
  return bytes;
}

/** Mach-O, by default of darwin-arm64. */
export function machHeader({ machine = 0x0100_000c, type = 6 }: Header = {}): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xfeed_facf, true);
  view.setUint32(4, machine, true);
  view.setUint32(12, type, true);
  return bytes;
}

/** A PE file, by default of win32-x64. */
export function peHeader({ machine = 0x8664, wordSize = 2, type = 0x2022 }: Header = {}, start = 0x80): Uint8Array {
  const bytes = new Uint8Array(start + 26);
  bytes.set([0x4d, 0x5a]);
  const view = new DataView(bytes.buffer);
  view.setUint32(0x3c, start, true);
  bytes.set([0x50, 0x45], start);
  view.setUint16(start + 4, machine, true);
  view.setUint16(start + 22, type, true);
  view.setUint16(start + 24, wordSize === 2 ? 0x20b : 0x10b, true);
  return bytes;
}
