import type { OpenedDescriptor } from "../../rpc/messages.js";
import { after, type Awaitable } from "../awaitable.js";
import { disposeSymbol, type GuestContext } from "../guest-context.js";
import type { InputStream, OutputStream } from "../io.js";
import { DescriptorReference } from "./descriptor-reference.js";
import { DirectoryEntryStream } from "./directory-entry-stream.js";
import { fileInputStream, fileOutputStream, PIECE_BYTES } from "./file-streams.js";

/**
 * `wasi:filesystem/types` `descriptor`: a number of the page's, which decides about every call. Nothing is decided
 * here, because what runs in this worker might pass over it.
 */
export class Descriptor {
  readonly #context: GuestContext;
  readonly #reference: DescriptorReference;

  constructor(context: GuestContext, reference: DescriptorReference) {
    this.#context = context;
    this.#reference = reference;
  }

  readViaStream(offset: bigint): Awaitable<InputStream> {
    return after(this.#call("read-via-stream"), () => fileInputStream(this.#context, this.#reference.share(), offset));
  }
  writeViaStream(offset: bigint): Awaitable<OutputStream> {
    return after(this.#call("write-via-stream"), () => fileOutputStream(this.#context, this.#reference.share(), offset));
  }
  appendViaStream(): Awaitable<OutputStream> {
    return after(this.#call("append-via-stream"), () => fileOutputStream(this.#context, this.#reference.share(), "end"));
  }
  /** A hint, which nothing here can use. */
  advise(_offset: bigint, _length: bigint, _advice: string): void {}
  syncData(): Awaitable<unknown> {
    return this.#call("sync");
  }
  getFlags(): Readonly<Record<string, boolean>> {
    return this.#reference.flags;
  }
  getType(): string {
    return this.#reference.type;
  }
  setSize(size: bigint): Awaitable<unknown> {
    return this.#call("set-size", size);
  }
  setTimes(access: unknown, modification: unknown): Awaitable<unknown> {
    return this.#call("set-times", access, modification);
  }
  read(length: bigint, offset: bigint): Awaitable<unknown> {
    return this.#call("read", length, offset);
  }
  write(bytes: Uint8Array, offset: bigint): Awaitable<bigint> {
    // The interface lets a write be shorter than asked.
    const piece = bytes.subarray(0, PIECE_BYTES);
    return after(this.#call("write", piece, offset), () => BigInt(piece.length));
  }
  readDirectory(): Awaitable<DirectoryEntryStream> {
    return after(this.#call("read-directory"), (listing) => new DirectoryEntryStream(this.#context, listing as number));
  }
  sync(): Awaitable<unknown> {
    return this.#call("sync");
  }
  createDirectoryAt(path: string): Awaitable<unknown> {
    return this.#call("create-directory-at", path);
  }
  stat(): Awaitable<unknown> {
    return this.#call("stat");
  }
  statAt(_pathFlags: unknown, path: string): Awaitable<unknown> {
    return this.#call("stat-at", path);
  }
  setTimesAt(_pathFlags: unknown, path: string, access: unknown, modification: unknown): Awaitable<unknown> {
    return this.#call("set-times-at", path, access, modification);
  }
  linkAt(_pathFlags: unknown, oldPath: string, newDescriptor: Descriptor, newPath: string): Awaitable<unknown> {
    return this.#call("link-at", oldPath, newDescriptor.#reference.handle, newPath);
  }
  openAt(_pathFlags: unknown, path: string, openFlags: unknown, flags: unknown): Awaitable<Descriptor> {
    const opened = this.#call("open-at", path, openFlags, flags);
    return after(opened, (descriptor) => new Descriptor(this.#context, new DescriptorReference(this.#context, descriptor as OpenedDescriptor, true)));
  }
  readlinkAt(path: string): Awaitable<unknown> {
    return this.#call("readlink-at", path);
  }
  removeDirectoryAt(path: string): Awaitable<unknown> {
    return this.#call("remove-directory-at", path);
  }
  renameAt(oldPath: string, newDescriptor: Descriptor, newPath: string): Awaitable<unknown> {
    return this.#call("rename-at", oldPath, newDescriptor.#reference.handle, newPath);
  }
  symlinkAt(_oldPath: string, newPath: string): Awaitable<unknown> {
    return this.#call("symlink-at", newPath);
  }
  unlinkFileAt(path: string): Awaitable<unknown> {
    return this.#call("unlink-file-at", path);
  }
  isSameObject(other: Descriptor): Awaitable<unknown> {
    return this.#call("is-same-object", other.#reference.handle);
  }
  metadataHash(): Awaitable<unknown> {
    return this.#call("metadata-hash");
  }
  metadataHashAt(_pathFlags: unknown, path: string): Awaitable<unknown> {
    return this.#call("metadata-hash", path);
  }

  #call(method: string, ...values: readonly unknown[]): Awaitable<unknown> {
    return this.#reference.call(method, ...values);
  }

  [disposeSymbol](): void {
    this.#reference.release();
  }
}
