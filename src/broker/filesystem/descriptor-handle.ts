import type { HostHandle } from "../handle-table.js";
import type { DirectoryEntry, DirectoryPath, EntryKind } from "./directory-backend.js";
import type { Preopen } from "./preopens.js";

/**
 * A file or directory that the guest has open. It is a place and not the thing that is there: after a rename it
 * stands for whatever has its name now. What it permits is decided at every use.
 */
export class DescriptorHandle implements HostHandle {
  readonly preopen: Preopen;
  /** From the backend's own directory. Never above the preopen's. */
  readonly path: DirectoryPath;
  readonly kind: EntryKind;
  /** What it was opened for, where it is a file. */
  readonly mode: { readonly read: boolean; readonly write: boolean };

  constructor(preopen: Preopen, path: DirectoryPath, kind: EntryKind, mode: { readonly read: boolean; readonly write: boolean }) {
    this.preopen = preopen;
    this.path = path;
    this.kind = kind;
    this.mode = mode;
  }

  /** There is nothing to free: it is a place. */
  dispose?(): void;

  /** Where the guest sees it. */
  get guestPath(): string {
    const { path, base } = this.preopen;
    const below = this.path.slice(base.length).join("/");
    if (below === "") return path;
    return path === "/" ? `/${below}` : `${path}/${below}`;
  }
}

/** What a directory held when the guest began to read it. */
export class ListingHandle implements HostHandle {
  readonly descriptor: DescriptorHandle;
  readonly #entries: readonly DirectoryEntry[];
  #position = 0;

  constructor(descriptor: DescriptorHandle, entries: readonly DirectoryEntry[]) {
    this.descriptor = descriptor;
    this.#entries = entries;
  }

  dispose?(): void;

  take(most: number): readonly DirectoryEntry[] {
    const taken = this.#entries.slice(this.#position, this.#position + most);
    this.#position += taken.length;
    return taken;
  }
}
