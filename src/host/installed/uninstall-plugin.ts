import { isPluginError } from "../../errors/plugin-error.js";
import { trustRules } from "../../trust/trust-policy.js";
import type { InstallContext } from "./install-context.js";
import { installError } from "./install-error.js";
import { ABANDONED_MILLISECONDS, hasLocks } from "./install-locks.js";
import { INSTALL_SCHEMA, type PluginRecord, pluginRecordName, readPluginRecord } from "./install-record.js";
import { deletePluginData } from "./plugin-data.js";
import { recordAfterUninstall } from "./record-changes.js";
import { notInstalled } from "./replacement-rules.js";

/** Whether a plugin's data goes with it. */
export type UninstalledData = "keep" | "delete";

/**
 * Uninstalls a plugin in one transaction. Data is in other databases, and cannot be deleted in the same one: the record
 * says that it is being deleted until that is done, so that an interruption is made good and nothing new is installed
 * into a deletion.
 *
 * @throws {PluginError} `not-installed`, `storage-failed`, `installation-damaged` for `keep` with an unreadable record
 */
export async function uninstallPlugin(context: InstallContext, id: string, data: UninstalledData, signal: AbortSignal): Promise<void> {
  const name = pluginRecordName(id);
  const owners = await trustedOwners(context);
  await context.store.update(({ records }) => {
    signal.throwIfAborted();
    const record = data === "delete" ? readForDeletion(records.get(name), id, owners) : readPluginRecord(records.get(name), id);
    // What was uninstalled with its data kept can still lose the data.
    if (record === undefined || (data === "keep" && record.active === null)) throw notInstalled(id, "uninstall");
    return { put: new Map([[name, recordAfterUninstall(record, data === "delete")]]) };
  });
  if (data === "delete") await deleteAll(context, id);
}

/**
 * Ends a deletion of data that was interrupted.
 *
 * @throws {PluginError} `busy` if another tab may be at it; `storage-failed`
 */
export async function finishDeletion(context: InstallContext, id: string): Promise<void> {
  const record = readPluginRecord(await context.store.readRecord(pluginRecordName(id)), id);
  if (record?.isDeleting !== true) return;
  // With locks the other tab would have one; without, only time tells that it is gone.
  if (!hasLocks() && Math.abs(Date.now() - record.changed) < ABANDONED_MILLISECONDS) {
    throw installError("busy", id, `Cannot install ${id}: its data is being deleted, perhaps by another tab. Try again in a few minutes`);
  }
  await deleteAll(context, id);
}

async function deleteAll({ store, data }: InstallContext, id: string): Promise<void> {
  const name = pluginRecordName(id);
  const record = readPluginRecord(await store.readRecord(name), id);
  if (record === undefined) return;
  await deletePluginData(record, data);
  await store.update(({ records }) => (readPluginRecord(records.get(name), id)?.isDeleting === true ? { delete: [name] } : {}));
}

/** A record that cannot be read is given up: its data can only be that of keys which the app trusts. */
function readForDeletion(stored: unknown, id: string, owners: readonly string[]): PluginRecord | undefined {
  try {
    return readPluginRecord(stored, id);
  } catch (error) {
    if (!isPluginError(error, "installation-damaged")) throw error;
    const highest = { version: "0.0.0", manifest: "0".repeat(64) };
    return { schema: INSTALL_SCHEMA, id, publisher: null, active: null, previous: null, highest, rolledBackFrom: null, owners, components: [], isDeleting: true, changed: Date.now() };
  }
}

async function trustedOwners({ trust }: InstallContext): Promise<readonly string[]> {
  return [...(await trustRules(trust)).keys.keys()];
}
