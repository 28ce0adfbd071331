import { directoryErrorCode, type DirectoryBackend, type DirectoryPath } from "../../broker/filesystem/directory-backend.js";
import { type KeyValueBackend, keyValueIdentity } from "../../broker/keyvalue/backend.js";
import type { CompileCache } from "../../compile/compile-cache.js";
import { indexedDbCache } from "../../compile/indexeddb-cache.js";
import type { GrantStore } from "../grants/grant-store.js";
import type { PluginGrants } from "../grants/plugin-grants.js";
import { parseGrantRecord } from "../grants/grant-record.js";
import { installError } from "./install-error.js";
import type { PluginRecord } from "./install-record.js";

/**
 * Where plugins leave data, for `uninstall(id, { data: "delete" })`. The defaults are those of `PluginHost`; give the same
 * objects as to the hosts where those differ. What is not here stays: files in directories that plugins share, and what
 * plugins sent to servers or gave to the app.
 */
export interface PluginDataPlaces {
  /** `host.grants`, so that what runs loses its grants at once, or the hosts' grant store. `null`: there is none. */
  readonly grants?: Pick<PluginGrants, "revoke"> | GrantStore | null;
  /** Where `wasi:keyvalue` is kept. `null`: nowhere. */
  readonly keyvalue?: KeyValueBackend | null;
  /** Where compiled code is kept. `null`: nowhere. */
  readonly cache?: CompileCache | null;
  /** Directories that belong to this plugin alone: all that is in them is deleted. Default: none. */
  readonly directories?: (id: string) => readonly DirectoryBackend[] | Promise<readonly DirectoryBackend[]>;
}

/**
 * Deletes what a plugin left. It can be done again after it was interrupted.
 *
 * @throws {PluginError} `storage-failed` with the first failure, after everything else was tried
 */
export async function deletePluginData({ id, owners, components }: PluginRecord, places: PluginDataPlaces): Promise<void> {
  // First, so that what still runs here cannot write into what is being deleted.
  const [grants] = await Promise.allSettled([forgetGrants(id, places)]);
  const work = [
    forgetKeyValues(id, owners, places),
    forgetCode(components, places),
    emptyDirectories(id, places),
  ];
  const failed = [grants, ...(await Promise.allSettled(work))].find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return;
  const cause: unknown = failed.reason;
  const message = `${id} is uninstalled, but its data could not be deleted: ${cause instanceof Error ? cause.message : String(cause)}. It is tried again at the next start, and by uninstalling it again`;
  throw installError("storage-failed", id, message, cause);
}

async function forgetGrants(id: string, { grants }: PluginDataPlaces): Promise<void> {
  if (grants === null) return;
  if (grants !== undefined && "revoke" in grants) {
    if (await grants.revoke(id)) return;
    throw new Error("the grant store did not forget its grants");
  }
  const store = grants ?? (await import("../grants/indexeddb-grant-store.js")).createIndexedDbGrantStore("portcullis-grants");
  const records = (await store.list()).map(parseGrantRecord).filter((parsed) => parsed?.record.pluginId === id);
  await Promise.all(records.map(async (parsed) => parsed !== undefined && store.delete(parsed.record)));
}

async function forgetKeyValues(id: string, owners: readonly string[], { keyvalue }: PluginDataPlaces): Promise<void> {
  if (keyvalue === null) return;
  const backend = keyvalue ?? (await import("../../broker/keyvalue/indexeddb-keyvalue.js")).indexedDbKeyValue();
  for (const owner of owners) await backend.forget(keyValueIdentity(id, owner));
}

async function forgetCode(components: readonly string[], { cache }: PluginDataPlaces): Promise<void> {
  if (cache === null) return;
  const kept = cache ?? indexedDbCache();
  for (const component of components) await kept.forget?.(component);
}

async function emptyDirectories(id: string, { directories }: PluginDataPlaces): Promise<void> {
  for (const directory of (await directories?.(id)) ?? []) await emptyDirectory(directory, []);
}

async function emptyDirectory(directory: DirectoryBackend, path: DirectoryPath): Promise<void> {
  for (const { name, kind } of await directory.list(path)) {
    const entry = [...path, name];
    if (kind === "directory") await emptyDirectory(directory, entry);
    const removed = kind === "directory" ? directory.removeDirectory(entry) : directory.removeFile(entry);
    await removed.catch((error: unknown) => {
      // Another tab that finishes the same deletion was faster.
      if (directoryErrorCode(error) !== "no-entry") throw error;
    });
  }
}
