import { readFileSync } from "node:fs";

interface Region {
  readonly start: bigint;
  readonly end: bigint;
  /** As in `rw-p`. */
  readonly permissions: string;
}

export type Permission = "r" | "w" | "x";

const REGIONS = "/proc/self/maps";
const LINE = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/;

/** Which memory this process has. It is read again when something is not in it, since memory comes and goes. */
export class MemoryMap {
  #regions: readonly Region[] = readRegions();

  /** @returns `undefined` where the system does not tell. */
  static open(): MemoryMap | undefined {
    try {
      return new MemoryMap();
    } catch {
      return undefined;
    }
  }

  /** Whether all of a range may be read, written or run. What was unmapped since it was last seen is not noticed. */
  permits(start: bigint, size: number, permission: Permission): boolean {
    if (this.#permitted(start, size, permission)) return true;
    this.#regions = readRegions();
    return this.#permitted(start, size, permission);
  }

  #permitted(start: bigint, size: number, permission: Permission): boolean {
    const end = start + BigInt(size);
    let position = start;
    for (let place = this.#placeOf(start); position < end; place++) {
      const region = this.#regions[place];
      if (region === undefined || region.start > position || !region.permissions.includes(permission)) return false;
      position = region.end;
    }
    return true;
  }

  /** The place of the first region that ends behind `address`. */
  #placeOf(address: bigint): number {
    let [low, high] = [0, this.#regions.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const region = this.#regions[middle];
      if (region !== undefined && region.end <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The regions in the order of their addresses, as the kernel lists them. */
function readRegions(): readonly Region[] {
  const regions: Region[] = [];
  for (const line of readFileSync(REGIONS, "latin1").split("\n")) {
    const [, start, end, permissions] = LINE.exec(line) ?? [];
    if (start !== undefined && end !== undefined && permissions !== undefined) regions.push({ start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), permissions });
  }
  return regions;
}
