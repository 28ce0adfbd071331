import { quotedText } from "../../bytes/quoted-text.js";
import type { GuestAuthority } from "../../rpc/messages.js";
import type { Broker, BrokerContext, HostOperation } from "../broker.js";
import { DescriptorCall, type FilesystemContext } from "./descriptor-call.js";
import { DescriptorHandle, ListingHandle } from "./descriptor-handle.js";
import type { DirectoryBackend } from "./directory-backend.js";
import { directoryMethods, statTarget } from "./directory-methods.js";
import { descriptorType, FILE_METHODS, metadataHash, openedDescriptor } from "./file-methods.js";
import { choosePreopens } from "./preopens.js";

/** The page's end of wasi:filesystem. */
export interface FilesystemBroker extends Broker {
  /** What the guest finds open. The numbers hold as long as the instance. */
  readonly preopens: GuestAuthority["directories"];
}

// Entries in one answer: a name has at most 255 bytes.
const LISTED_AT_ONCE = 256;

/**
 * Opens to one instance what its `fs:` capabilities grant of `directories`.
 *
 * Each operation is checked by itself: against what is granted now, and by resolving its path again from the
 * descriptor's directory. Nothing that the worker holds is trusted to have been checked before.
 *
 * @param directories - what the app offers, by guest path.
 */
export function createFilesystemBroker(context: BrokerContext, directories: ReadonlyMap<string, DirectoryBackend>): FilesystemBroker {
  const reported = new Set<string>();
  const filesystem: FilesystemContext = {
    broker: context,
    prepared: new Set(),
    report(path, method, error) {
      // Once: a guest may try a broken backend as often as it likes.
      if (reported.has(`${method} ${path}`)) return;
      reported.add(`${method} ${path}`);
      context.reportFailure(new Error(`The directory that the app provides at ${quotedText(path)} failed in ${method}: ${describe(error)}`, { cause: error }));
    },
  };
  const preopens = choosePreopens(context.grants(), directories).map((preopen) => {
    const descriptor = new DescriptorHandle(preopen, preopen.base, "directory", { read: true, write: false });
    const handle = context.handles.add(descriptor, "insufficient-memory");
    return { path: preopen.path, descriptor: openedDescriptor(handle, descriptor, new DescriptorCall(filesystem, descriptor, "get-flags", context.signal).isGranted("rw")) };
  });
  return { preopens, operations: new Map([...descriptorOperations(filesystem), ...comparisons(filesystem, directories)]) };
}

function descriptorOperations(filesystem: FilesystemContext): readonly (readonly [string, HostOperation])[] {
  const { handles } = filesystem.broker;
  const methods = [...FILE_METHODS, ...directoryMethods(handles)].map(([name, access, run]): readonly [string, HostOperation] => [
    `filesystem.${name}`,
    async ([id, ...values], { signal }) => {
      const call = new DescriptorCall(filesystem, handles.get(id, DescriptorHandle), name, signal);
      call.permit(access, values[0]);
      return run(call, values);
    },
  ]);
  const nextEntries: HostOperation = ([id], { signal }) => {
    const listing = handles.get(id, ListingHandle);
    new DescriptorCall(filesystem, listing.descriptor, "read-directory", signal).permit("ro");
    return listing.take(LISTED_AT_ONCE).map(({ name, kind }) => ({ name, type: descriptorType(kind) }));
  };
  return [...methods, ["filesystem.next-entries", nextEntries]];
}

/** Which places are the same one. */
function comparisons(filesystem: FilesystemContext, directories: ReadonlyMap<string, DirectoryBackend>): readonly (readonly [string, HostOperation])[] {
  const { handles } = filesystem.broker;
  const backends = [...new Set(directories.values())];
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const hash = (call: DescriptorCall, path: readonly string[]) => metadataHash(call, path, backends.indexOf(call.descriptor.preopen.backend), salt);
  return [
    [
      "filesystem.is-same-object",
      ([id, otherId]) => {
        const [one, other] = [handles.get(id, DescriptorHandle), handles.get(otherId, DescriptorHandle)];
        return one.preopen.backend === other.preopen.backend && one.path.join("/") === other.path.join("/");
      },
    ],
    [
      "filesystem.metadata-hash",
      async ([id, path], { signal }) => {
        const call = new DescriptorCall(filesystem, handles.get(id, DescriptorHandle), path === undefined ? "metadata-hash" : "metadata-hash-at", signal);
        call.permit("ro", path);
        if (path === undefined) return hash(call, call.descriptor.path);
        const target = await call.resolve(path);
        await statTarget(call, target);
        return hash(call, target.path);
      },
    ],
  ];
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
