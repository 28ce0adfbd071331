import { sha256Hex } from "../../bytes/sha256.js";
import { toUtf8 } from "../../bytes/utf8.js";
import type { OpenedDescriptor } from "../../rpc/messages.js";
import { InterfaceError } from "../call-errors.js";
import type { Access, DescriptorCall } from "./descriptor-call.js";
import type { DescriptorHandle } from "./descriptor-handle.js";
import type { DirectoryPath, EntryStat } from "./directory-backend.js";
import { bytesOf, filesizeOf, newTimestampOf } from "./guest-values.js";

/** A method of `descriptor`: the access that it needs, checked before it runs, and what it does. */
export type DescriptorMethod = readonly [name: string, access: Access, run: (call: DescriptorCall, values: readonly unknown[]) => unknown];

/** The most that one call reads or writes. Streams carry less, and longer ones are taken as allowed: in part. */
export const PIECE_BYTES = 1024 * 1024;

/** The methods that act on what the descriptor itself stands for. */
export const FILE_METHODS: readonly DescriptorMethod[] = [
  ["read-via-stream", "ro", (call) => checkMode(call, "read")],
  ["write-via-stream", "rw", (call) => checkMode(call, "write")],
  ["append-via-stream", "rw", (call) => checkMode(call, "write")],
  ["read", "ro", read],
  ["write", "rw", write],
  ["append", "rw", append],
  ["set-size", "rw", setSize],
  ["set-times", "rw", (call, values) => setTimes(call, call.descriptor.path, values)],
  ["sync", "ro", (call) => call.ask(async (backend) => backend.sync?.(call.descriptor.path))],
  ["stat", "ro", async (call) => descriptorStat(await call.stat())],
];

/** Only what was opened for it can be read or written. */
function checkMode({ descriptor: { kind, mode } }: DescriptorCall, use: "read" | "write"): void {
  if (kind === "directory") throw new InterfaceError("is-directory");
  if (!mode[use]) throw new InterfaceError("bad-descriptor");
}

async function read(call: DescriptorCall, [length, offset]: readonly unknown[]): Promise<readonly [Uint8Array, boolean]> {
  checkMode(call, "read");
  const most = Math.min(filesizeOf(length) ?? PIECE_BYTES, PIECE_BYTES);
  const start = filesizeOf(offset);
  if (start === undefined || !Number.isSafeInteger(start + most)) return [new Uint8Array(), true];
  const bytes = await call.ask(async (backend) => {
    const answer = await backend.read(call.descriptor.path, start, most);
    if (!(answer instanceof Uint8Array) || answer.length > most) throw new TypeError("read answered no bytes, or more than were asked for");
    return answer;
  });
  return [bytes, bytes.length < most];
}

async function write(call: DescriptorCall, [given, offset]: readonly unknown[]): Promise<void> {
  checkMode(call, "write");
  const bytes = bytesOf(given, PIECE_BYTES);
  const start = filesizeOf(offset);
  if (start === undefined || !Number.isSafeInteger(start + bytes.length)) throw new InterfaceError("file-too-large");
  await call.ask((backend) => backend.write(call.descriptor.path, start, bytes));
}

async function append(call: DescriptorCall, [given]: readonly unknown[]): Promise<void> {
  checkMode(call, "write");
  const bytes = bytesOf(given, PIECE_BYTES);
  await call.ask((backend) => backend.write(call.descriptor.path, "end", bytes));
}

async function setSize(call: DescriptorCall, [value]: readonly unknown[]): Promise<void> {
  checkMode(call, "write");
  const size = filesizeOf(value);
  if (size === undefined) throw new InterfaceError("file-too-large");
  await call.ask((backend) => backend.resize(call.descriptor.path, size));
}

/** @param values - the times of access and of modification, each a `new-timestamp`. */
export async function setTimes(call: DescriptorCall, path: DirectoryPath, [access, modification]: readonly unknown[]): Promise<void> {
  const times = { accessed: newTimestampOf(access), modified: newTimestampOf(modification) };
  await call.ask(async (backend) => {
    if (times.accessed === undefined && times.modified === undefined) return void (await backend.stat(path));
    if (backend.setTimes === undefined) throw new InterfaceError("unsupported");
    await backend.setTimes(path, times);
  });
}

/** What a guest is told of a descriptor as it is opened. */
export function openedDescriptor(handle: number, { kind, mode }: DescriptorHandle, isWritable: boolean): OpenedDescriptor {
  const isDirectory = kind === "directory";
  return {
    handle,
    type: descriptorType(kind),
    flags: {
      read: isDirectory || mode.read,
      write: !isDirectory && mode.write,
      fileIntegritySync: false,
      dataIntegritySync: false,
      requestedWriteSync: false,
      mutateDirectory: isDirectory && isWritable,
    },
  };
}

export function descriptorType(kind: EntryStat["kind"]): string {
  return kind === "file" ? "regular-file" : "directory";
}

/** `descriptor-stat`. */
export function descriptorStat({ kind, size, modified, accessed }: EntryStat): Readonly<Record<string, unknown>> {
  return {
    type: descriptorType(kind),
    linkCount: 1n,
    size: BigInt(size),
    dataAccessTimestamp: datetime(accessed),
    dataModificationTimestamp: datetime(modified),
    statusChangeTimestamp: undefined,
  };
}

// Whole seconds: by writing a file and asking for its time, a plugin that has no clock would get a fine one.
function datetime(milliseconds: number | undefined): { readonly seconds: bigint; readonly nanoseconds: number } | undefined {
  if (milliseconds === undefined || !(milliseconds >= 0 && milliseconds <= Number.MAX_SAFE_INTEGER)) return undefined;
  return { seconds: BigInt(Math.floor(milliseconds / 1_000)), nanoseconds: 0 };
}

/**
 * `metadata-hash-value`: equal for the same place while what is there is not modified.
 *
 * @param salt - random, so that nothing can be computed back from it.
 */
export async function metadataHash(call: DescriptorCall, path: DirectoryPath, identity: number, salt: Uint8Array): Promise<{ readonly lower: bigint; readonly upper: bigint }> {
  const { kind, size, modified } = await call.stat(path);
  const text = toUtf8(JSON.stringify([identity, path, kind, size, modified ?? null]));
  const hashed = await sha256Hex(Uint8Array.from([...salt, ...text]));
  return { lower: BigInt(`0x${hashed.slice(0, 16)}`), upper: BigInt(`0x${hashed.slice(16, 32)}`) };
}
