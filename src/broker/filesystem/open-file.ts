import type { OpenedDescriptor } from "../../rpc/messages.js";
import { InterfaceError } from "../call-errors.js";
import type { HandleTable } from "../handle-table.js";
import type { DescriptorCall, Target } from "./descriptor-call.js";
import { DescriptorHandle } from "./descriptor-handle.js";
import type { EntryKind } from "./directory-backend.js";
import { openedDescriptor } from "./file-methods.js";
import { flagsOf } from "./guest-values.js";

interface OpenRequest {
  readonly create: boolean;
  readonly directory: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  readonly read: boolean;
  readonly write: boolean;
}

/** `open-at`: `values` are the path, `open-flags` and `descriptor-flags`. Answers with the new descriptor. */
export async function openAt(call: DescriptorCall, [path, openFlags, descriptorFlags]: readonly unknown[], handles: HandleTable): Promise<OpenedDescriptor> {
  const opening = flagsOf(openFlags, ["create", "directory", "exclusive", "truncate"]);
  const wanted = flagsOf(descriptorFlags, ["read", "write", "mutateDirectory"]);
  if (opening.has("create") || opening.has("truncate") || wanted.has("write") || wanted.has("mutateDirectory")) call.permit("rw", path);
  const target = await call.resolve(path);
  const request: OpenRequest = {
    create: opening.has("create"),
    directory: opening.has("directory") || target.isDirectory,
    exclusive: opening.has("exclusive"),
    truncate: opening.has("truncate"),
    // A descriptor for nothing could only be closed: what is opened without a mode is opened for reading.
    read: wanted.has("read") || !wanted.has("write"),
    write: wanted.has("write"),
  };
  if (opening.has("directory") && (request.create || request.exclusive || request.truncate)) throw new InterfaceError("invalid");
  const kind = await findOrCreate(call, target, request);
  if (kind === "directory" && (request.write || request.truncate)) throw new InterfaceError("is-directory");
  if (kind === "file" && request.directory) throw new InterfaceError("not-directory");
  if (request.truncate) await call.ask((backend) => backend.resize(target.path, 0));
  const { read, write } = request;
  const descriptor = new DescriptorHandle(call.descriptor.preopen, target.path, kind, { read, write });
  return openedDescriptor(handles.add(descriptor, "insufficient-memory"), descriptor, call.isGranted("rw"));
}

async function findOrCreate(call: DescriptorCall, { path, isDirectory }: Target, { create, exclusive }: OpenRequest): Promise<EntryKind> {
  // Without looking first, so that of two who create exclusively only one can succeed.
  if (create && !isDirectory) {
    try {
      await call.ask((backend) => backend.createFile(path));
      return "file";
    } catch (error) {
      if (exclusive || !(error instanceof InterfaceError) || error.payload !== "exist") throw error;
    }
  }
  const { kind } = await call.stat(path);
  if (create && exclusive) throw new InterfaceError("exist");
  if (create && kind === "directory") throw new InterfaceError("is-directory");
  return kind;
}
