import { verifyPackage } from "../../trust/verify-package.js";
import type { InstallContext } from "./install-context.js";
import { installError } from "./install-error.js";
import { type PluginRecord, pluginRecordName, readPluginRecord, type StoredVersion } from "./install-record.js";
import { checkPin, openVersion } from "./open-version.js";
import { recordAfterRollBack } from "./record-changes.js";
import { notInstalled } from "./replacement-rules.js";

interface Kept {
  readonly record: PluginRecord;
  readonly active: StoredVersion;
  readonly previous: StoredVersion;
}

/**
 * Makes the version before active again, after every file of it was read and verified.
 *
 * @throws {PluginError} `not-installed`; `installation-damaged`, `digest-mismatch` and those of trust if it is not whole
 */
export async function rollBackPlugin({ store, trust, limits }: InstallContext, id: string, signal: AbortSignal): Promise<void> {
  const name = pluginRecordName(id);
  const { previous } = keptVersions(await store.readRecord(name), id);
  const opened = await openVersion(store, id, previous, limits);
  checkPin(await verifyPackage(opened, trust), id, previous);
  for (const { path } of opened.manifest.files) await opened.readFile(path, signal);
  await store.update(({ records }) => {
    signal.throwIfAborted();
    const kept = keptVersions(records.get(name), id);
    // Another tab was faster: what was verified is no longer what would become active.
    if (kept.previous.manifest !== previous.manifest) throw notInstalled(id, `roll back to ${previous.version} of`);
    return { put: new Map([[name, recordAfterRollBack(kept.record, kept.active, kept.previous)]]) };
  });
}

function keptVersions(stored: unknown, id: string): Kept {
  const record = readPluginRecord(stored, id);
  if (record?.active === null || record === undefined) throw notInstalled(id, "roll back");
  const { active, previous } = record;
  if (previous !== null) return { record, active, previous };
  throw installError("not-installed", id, `Cannot roll back ${id}: no version before ${active.version} is kept here`);
}
