/* What stands in a plugin's record after each operation. All of it is decided inside the store's one transaction. */
import type { Candidate } from "./candidate.js";
import { INSTALL_SCHEMA, MOST_REMEMBERED, type PluginRecord, type StoredVersion } from "./install-record.js";
import { compare, pinnedPublisher } from "./replacement-rules.js";

export function recordAfterInstall(record: PluginRecord | undefined, candidate: Candidate): PluginRecord {
  const publisher = pinnedPublisher(record, candidate);
  const active: StoredVersion = { ...candidate.stored, publisher };
  // The same again only mends what is stored.
  const isSame = record?.active?.manifest === candidate.manifest;
  return {
    schema: INSTALL_SCHEMA,
    id: candidate.id,
    publisher,
    active,
    previous: (isSame ? record.previous : record?.active) ?? null,
    highest: highestOf(record, candidate),
    rolledBackFrom: isSame ? record.rolledBackFrom : null,
    owners: remember(record?.owners, candidate.owners),
    components: remember(record?.components, [candidate.stored.component]),
    isDeleting: false,
    changed: Date.now(),
  };
}

/** The previous version takes its place back. What was active is kept, so that a second roll-back undoes the first. */
export function recordAfterRollBack(record: PluginRecord, active: StoredVersion, previous: StoredVersion): PluginRecord {
  return { ...record, publisher: previous.publisher, active: previous, previous: active, rolledBackFrom: active.version, changed: Date.now() };
}

/** The pinned key and the highest version stay with the data, for whoever comes next under this id comes to that data. */
export function recordAfterUninstall(record: PluginRecord, isDeleting: boolean): PluginRecord {
  return { ...record, active: null, previous: null, rolledBackFrom: null, isDeleting, changed: Date.now() };
}

function highestOf(record: PluginRecord | undefined, { version, manifest }: Candidate): PluginRecord["highest"] {
  return record !== undefined && compare(record.highest.version, version) > 0 ? record.highest : { version, manifest };
}

function remember(before: readonly string[] = [], more: readonly string[]): readonly string[] {
  return [...new Set([...before.filter((item) => !more.includes(item)), ...more])].slice(-MOST_REMEMBERED);
}
