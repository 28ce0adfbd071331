/**
 * The platform that a dynamic library was built for, as Node names them: `linux-x64`, `darwin-arm64`, `win32-x64`. Read from its
 * header alone, of which no byte is believed to be there before the length was compared.
 *
 * @returns `undefined` for what is no dynamic library, for another system or processor, and for one file that holds several
 *   libraries (a "universal" one of macOS: `lipo -thin` takes them apart).
 */
export function libraryPlatform(bytes: Uint8Array): string | undefined {
  const header = new Header(bytes);
  return elfPlatform(header) ?? machPlatform(header) ?? portableExecutablePlatform(header);
}

/** Numbers at places that the file may not have. Absent ones are `undefined`, which is equal to no number. */
class Header {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  has(length: number): boolean {
    return length <= this.#view.byteLength;
  }

  u8(at: number): number | undefined {
    return this.has(at + 1) ? this.#view.getUint8(at) : undefined;
  }

  u16(at: number, littleEndian = true): number | undefined {
    return this.has(at + 2) ? this.#view.getUint16(at, littleEndian) : undefined;
  }

  u32(at: number): number | undefined {
    return this.has(at + 4) ? this.#view.getUint32(at, true) : undefined;
  }
}

function platform(system: string, processor: string | undefined): string | undefined {
  return processor === undefined ? undefined : `${system}-${processor}`;
}

/** `e_machine` with the class (1: 32 bits, 2: 64 bits) and the byte order (1: little) that Node's name stands for. */
const ELF_PROCESSORS: ReadonlyMap<string, string> = new Map([
  ["62 2 1", "x64"],
  ["183 2 1", "arm64"],
  ["3 1 1", "ia32"],
  ["40 1 1", "arm"],
  ["243 2 1", "riscv64"],
  ["258 2 1", "loong64"],
  ["21 2 1", "ppc64"],
  ["22 2 2", "s390x"],
]);

const ELF_MAGIC = 0x464c_457f;
/** `e_type` of a shared object. */
const ELF_DYNAMIC = 3;
/** `EI_OSABI`: most say "System V", and FreeBSD says so. */
const ELF_SYSTEMS: ReadonlyMap<number, string> = new Map([[0, "linux"], [3, "linux"], [9, "freebsd"]]);

/** System V ABI, "ELF header". */
function elfPlatform(header: Header): string | undefined {
  const [wordSize, order, system] = [header.u8(4), header.u8(5), ELF_SYSTEMS.get(header.u8(7) ?? -1)];
  const littleEndian = order === 1;
  const isWhole = header.has(wordSize === 2 ? 64 : 52);
  if (header.u32(0) !== ELF_MAGIC || !isWhole || system === undefined || header.u16(16, littleEndian) !== ELF_DYNAMIC) return undefined;
  return platform(system, ELF_PROCESSORS.get(`${header.u16(18, littleEndian)} ${wordSize} ${order}`));
}

const MACH_MAGIC_64 = 0xfeed_facf;
const MACH_PROCESSORS: ReadonlyMap<number, string> = new Map([[0x0100_0007, "x64"], [0x0100_000c, "arm64"]]);
/** `MH_DYLIB` and `MH_BUNDLE`. */
const MACH_LIBRARIES: ReadonlySet<number | undefined> = new Set([6, 8]);

/** Mach-O's `mach_header_64`. */
function machPlatform(header: Header): string | undefined {
  if (header.u32(0) !== MACH_MAGIC_64 || !header.has(32) || !MACH_LIBRARIES.has(header.u32(12))) return undefined;
  return platform("darwin", MACH_PROCESSORS.get(header.u32(4) ?? 0));
}

const DOS_MAGIC = 0x5a4d;
const PE_MAGIC = 0x0000_4550;
/** Machine, and after it the magic of the optional header (0x10b: 32 bits, 0x20b: 64 bits). */
const PE_PROCESSORS: ReadonlyMap<number, string> = new Map([[0x8664_020b, "x64"], [0xaa64_020b, "arm64"], [0x014c_010b, "ia32"]]);
/** `IMAGE_FILE_DLL` */
const PE_LIBRARY = 0x2000;

/** "PE Format": the place of the header stands in a DOS program's, and may be anything. */
function portableExecutablePlatform(header: Header): string | undefined {
  const start = header.u16(0) === DOS_MAGIC ? header.u32(0x3c) : undefined;
  if (start === undefined || header.u32(start) !== PE_MAGIC) return undefined;
  const [machine = 0, characteristics = 0, magic = 0] = [header.u16(start + 4), header.u16(start + 22), header.u16(start + 24)];
  return (characteristics & PE_LIBRARY) === 0 ? undefined : platform("win32", PE_PROCESSORS.get(machine * 0x1_0000 + magic));
}

/** Why `bytes` are no library for `wanted`, or `undefined` if they are one. */
export function libraryProblem(bytes: Uint8Array, wanted: string): string | undefined {
  const found = libraryPlatform(bytes);
  if (found === wanted) return undefined;
  return found === undefined ? "it is no dynamic library for one system and processor that is known here" : `it was built for ${found}`;
}
