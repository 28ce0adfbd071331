import { InterfaceError } from "../call-errors.js";
import type { HandleTable } from "../handle-table.js";
import type { DescriptorCall, Target } from "./descriptor-call.js";
import { DescriptorHandle, ListingHandle } from "./descriptor-handle.js";
import type { DirectoryPath } from "./directory-backend.js";
import { type DescriptorMethod, descriptorStat, setTimes } from "./file-methods.js";
import { openAt } from "./open-file.js";
import { nameProblem } from "./resolve-path.js";

/** The methods that act on something in the descriptor's directory. Each takes the path first. */
export function directoryMethods(handles: HandleTable): readonly DescriptorMethod[] {
  return [
    ["open-at", "ro", (call, values) => openAt(call, values, handles)],
    ["read-directory", "ro", (call) => readDirectory(call, handles)],
    ["stat-at", "ro", async (call, [path]) => descriptorStat(await statTarget(call, await call.resolve(path)))],
    ["set-times-at", "rw", async (call, [path, ...times]) => setTimes(call, (await call.resolve(path)).path, times)],
    ["create-directory-at", "rw", createDirectory],
    ["remove-directory-at", "rw", removeDirectory],
    ["unlink-file-at", "rw", unlinkFile],
    ["rename-at", "rw", (call, values) => rename(call, values, handles)],
    ["link-at", "rw", (call, values) => link(call, values, handles)],
    ["symlink-at", "rw", async (call, [path]) => refuseLink(await call.resolve(path))],
    ["readlink-at", "ro", readLink],
  ];
}

export async function statTarget(call: DescriptorCall, { path, isDirectory }: Target) {
  const found = await call.stat(path);
  if (isDirectory && found.kind !== "directory") throw new InterfaceError("not-directory");
  return found;
}

async function readDirectory(call: DescriptorCall, handles: HandleTable): Promise<number> {
  const { descriptor } = call;
  if (descriptor.kind !== "directory") throw new InterfaceError("not-directory");
  const entries = await call.ask(async (backend) => {
    const answer = await backend.list(descriptor.path);
    // A name that could not be opened is not shown either: another program, or the backend, may have put it there.
    return answer.filter(({ name, kind }) => nameProblem(name) === undefined && (kind === "file" || kind === "directory"));
  });
  return handles.add(new ListingHandle(descriptor, entries), "insufficient-memory");
}

async function createDirectory(call: DescriptorCall, [path]: readonly unknown[]): Promise<void> {
  const target = await call.resolve(path);
  if (call.isItself(target)) throw new InterfaceError("exist");
  await call.ask((backend) => backend.createDirectory(target.path));
}

async function removeDirectory(call: DescriptorCall, [path]: readonly unknown[]): Promise<void> {
  const target = await call.resolve(path);
  if (call.isItself(target)) throw new InterfaceError("invalid");
  await call.ask((backend) => backend.removeDirectory(target.path));
}

async function unlinkFile(call: DescriptorCall, [path]: readonly unknown[]): Promise<void> {
  const target = await call.resolve(path);
  if (target.isDirectory) {
    await statTarget(call, target);
    throw new InterfaceError("is-directory");
  }
  await call.ask((backend) => backend.removeFile(target.path));
}

async function rename(call: DescriptorCall, [oldPath, newDescriptor, newPath]: readonly unknown[], handles: HandleTable): Promise<void> {
  const other = call.beside(handles.get(newDescriptor, DescriptorHandle));
  other.permit("rw", newPath);
  const [from, to] = [await call.resolve(oldPath), await other.resolve(newPath)];
  if (call.isItself(from) || other.isItself(to)) throw new InterfaceError("busy");
  if (call.descriptor.preopen.backend !== other.descriptor.preopen.backend) throw new InterfaceError("cross-device");
  if (from.isDirectory || to.isDirectory) await statTarget(call, { path: from.path, isDirectory: true });
  if (isPrefix(from.path, to.path)) {
    await call.stat(from.path);
    if (from.path.length === to.path.length) return;
    throw new InterfaceError("invalid");
  }
  await call.ask((backend) => backend.rename(from.path, to.path));
}

function isPrefix(short: DirectoryPath, long: DirectoryPath): boolean {
  return short.every((name, index) => long[index] === name);
}

async function link(call: DescriptorCall, [oldPath, newDescriptor, newPath]: readonly unknown[], handles: HandleTable): Promise<never> {
  const other = call.beside(handles.get(newDescriptor, DescriptorHandle));
  other.permit("rw", newPath);
  await call.resolve(oldPath);
  return refuseLink(await other.resolve(newPath));
}

/** There are no links, so that no path ever stands for something elsewhere. */
function refuseLink(_target: Target): never {
  throw new InterfaceError("unsupported");
}

/** As for everything that is no link: language libraries take another error for a failure of the whole path. */
async function readLink(call: DescriptorCall, [path]: readonly unknown[]): Promise<never> {
  await statTarget(call, await call.resolve(path));
  throw new InterfaceError("invalid");
}
