import type { CheckedStore } from "./checked-store.js";
import { ABANDONED_MILLISECONDS, livingStagings } from "./install-locks.js";
import { isStagingName, pluginIdOf, readPluginRecord, readStagingRecord } from "./install-record.js";
import type { InstallChange, InstallState } from "./install-store.js";

/**
 * Deletes what nobody needs: the records of installations that were interrupted, and files that no version has and no
 * installation under way waits for.
 */
export async function collectLeftovers(store: CheckedStore): Promise<void> {
  const before = await store.state();
  const stagings = [...before.records.keys()].filter(isStagingName);
  if (stagings.length === 0 && unneeded(before, new Set()).length === 0) return;
  // Asked after the records were read: a lock is held before its record is written, until the record is gone.
  const living = await livingStagings(store, stagings);
  const dead = new Set(stagings.filter((name) => !(living?.has(name) ?? isRecent(before.records.get(name)))));
  await store.update((state): InstallChange => ({ delete: [...dead], deleteFiles: unneeded(state, dead) }));
}

function isRecent(record: unknown): boolean {
  const staging = readStagingRecord(record);
  // Written so that a clock that was set back does not keep a record for ever.
  return staging !== undefined && Math.abs(Date.now() - staging.renewed) < ABANDONED_MILLISECONDS;
}

function unneeded({ records, files }: InstallState, dead: ReadonlySet<string>): string[] {
  const needed = new Set<string>();
  for (const [name, stored] of records) {
    const id = pluginIdOf(name);
    const digests = id === undefined ? stagedDigests(name, stored, dead) : versionDigests(stored, id);
    // What an unreadable record needs is unknown; it may be of a newer version of this package.
    if (digests === undefined) return [];
    for (const digest of digests) needed.add(digest);
  }
  return [...files].filter((digest) => !needed.has(digest));
}

function stagedDigests(name: string, stored: unknown, dead: ReadonlySet<string>): readonly string[] {
  return isStagingName(name) && !dead.has(name) ? (readStagingRecord(stored)?.files ?? []) : [];
}

function versionDigests(stored: unknown, id: string): readonly string[] | undefined {
  try {
    const record = readPluginRecord(stored, id);
    return [record?.active, record?.previous].flatMap((version) => version?.files.map(({ sha256 }) => sha256) ?? []);
  } catch {
    return undefined;
  }
}
