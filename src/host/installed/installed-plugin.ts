import { pluginIdOf, type PluginRecord, readPluginRecord, type StoredVersion } from "./install-record.js";
import type { InstallState } from "./install-store.js";

/** An installed plugin, for a settings page. */
export interface InstalledPlugin {
  readonly id: string;
  /** The version that loads. */
  readonly version: string;
  /** The version that `rollBack` goes to, if there is one. */
  readonly previousVersion: string | undefined;
  readonly title: string | undefined;
  readonly description: string | undefined;
  /** The id of the pinned key; `null` if nobody signed it. */
  readonly publisher: string | null;
  /** When this version was installed, in milliseconds since 1970. */
  readonly installed: number;
  /** Where it came from: an address or a file's name. */
  readonly source: string;
  /** Bytes of both versions' files. What versions or plugins share is kept once, and counted for each plugin. */
  readonly bytes: number;
  /** Those of them that uninstalling it frees. */
  readonly ownBytes: number;
}

/** Everything that is installed. What cannot be read is given to `report`, and never hides the rest. */
export function listInstalled({ records }: InstallState, report: (error: unknown) => void): readonly InstalledPlugin[] {
  const plugins: (readonly [PluginRecord, StoredVersion])[] = [];
  for (const [name, stored] of records) {
    const id = pluginIdOf(name);
    if (id === undefined) continue;
    try {
      const record = readPluginRecord(stored, id);
      if (record?.active !== null && record !== undefined) plugins.push([record, record.active]);
    } catch (error) {
      report(error);
    }
  }
  const users = new Map<string, number>();
  for (const [record] of plugins) for (const sha256 of sizesOf(record).keys()) users.set(sha256, (users.get(sha256) ?? 0) + 1);
  return plugins.map(([record, active]) => describe(record, active, users)).sort((left, right) => (left.id < right.id ? -1 : 1));
}

function describe(record: PluginRecord, active: StoredVersion, users: ReadonlyMap<string, number>): InstalledPlugin {
  const sizes = [...sizesOf(record)];
  const sum = (files: readonly (readonly [string, number])[]): number => files.reduce((bytes, [, size]) => bytes + size, 0);
  return {
    id: record.id,
    version: active.version,
    previousVersion: record.previous?.version,
    title: active.title,
    description: active.description,
    publisher: record.publisher,
    installed: active.installed,
    source: active.source,
    bytes: sum(sizes),
    ownBytes: sum(sizes.filter(([sha256]) => users.get(sha256) === 1)),
  };
}

function sizesOf({ active, previous }: PluginRecord): ReadonlyMap<string, number> {
  return new Map([active, previous].flatMap((version) => version?.files.map(({ sha256, size }) => [sha256, size] as const) ?? []));
}
