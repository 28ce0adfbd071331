import type { Candidate } from "./candidate.js";
import { finishDeletion } from "./uninstall-plugin.js";
import type { InstallContext, InstallProgress } from "./install-context.js";
import { installError } from "./install-error.js";
import { randomName, withStagingLock } from "./install-locks.js";
import { pluginRecordName, readPluginRecord, stagingRecordName } from "./install-record.js";
import type { InstallChange } from "./install-store.js";
import { recordAfterInstall } from "./record-changes.js";
import { checkReplacement, type ReplacementPermissions } from "./replacement-rules.js";
import { stagePackage } from "./stage-package.js";

export interface InstallationOptions {
  readonly allowed: ReplacementPermissions;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: InstallProgress) => void;
}

/** How often files that vanish are stored again: only a tab without locks can take them for leftovers. */
const MOST_ATTEMPTS = 3;

/**
 * Installs a verified package: stores its files, and then makes it the active version in one transaction, in which all
 * rules are held against what is installed at that moment, whatever other tabs did meanwhile.
 *
 * @throws {PluginError} what {@link checkReplacement} throws; `digest-mismatch` and others of reading the package;
 *   `storage-full`, `storage-failed`, `installation-damaged`, `busy`
 */
export async function installVersion(context: InstallContext, candidate: Candidate, options: InstallationOptions): Promise<void> {
  const { store } = context;
  await finishDeletion(context, candidate.id);
  // Refused before anything is fetched, where it can be; the transaction checks it again.
  checkReplacement(readPluginRecord(await store.readRecord(pluginRecordName(candidate.id)), candidate.id), candidate, options.allowed);
  const staging = stagingRecordName(randomName());
  await withStagingLock(store, staging, options.signal, async () => {
    try {
      for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
        await stage(context, candidate, staging, options);
        if (await makeActive(context, candidate, staging, options)) return;
      }
      throw installError("storage-failed", candidate.id, `Cannot install ${candidate.id} ${candidate.version}: its files vanish from the store while it is installed`);
    } finally {
      await store.update(() => ({ delete: [staging] })).catch(context.report);
    }
  });
}

function stage({ store }: InstallContext, candidate: Candidate, staging: string, { signal, onProgress }: InstallationOptions): Promise<void> {
  const totalBytes = candidate.stored.files.reduce((sum, { size }) => sum + size, 0);
  let storedBytes = 0;
  return stagePackage(candidate, {
    store, staging, signal,
    onFile: ({ path, size }) => {
      storedBytes += size;
      onProgress({ phase: "store", file: path, storedBytes, totalBytes });
    },
  });
}

/** @returns whether it is active; not if files are missing. */
async function makeActive({ store }: InstallContext, candidate: Candidate, staging: string, { allowed, signal, onProgress }: InstallationOptions): Promise<boolean> {
  onProgress({ phase: "switch" });
  const name = pluginRecordName(candidate.id);
  let isWhole = false;
  await store.update(({ records, files }): InstallChange => {
    signal.throwIfAborted();
    const record = readPluginRecord(records.get(name), candidate.id);
    if (record?.isDeleting === true) throw beingDeleted(candidate.id);
    checkReplacement(record, candidate, allowed);
    isWhole = candidate.stored.files.every(({ sha256 }) => files.has(sha256));
    return isWhole ? { put: new Map([[name, recordAfterInstall(record, candidate)]]), delete: [staging] } : {};
  });
  return isWhole;
}

function beingDeleted(id: string): Error {
  return installError("busy", id, `Cannot install ${id}: another tab is deleting the data that it left when it was uninstalled. Try again`);
}
