import type { PluginError } from "../../errors/plugin-error.js";
import { asSourceError } from "../open-package.js";
import type { PluginSource, SourceContext } from "../plugin-source.js";
import { pluginIdOf, type PluginRecord, readPluginRecord } from "./install-record.js";
import type { InstallState } from "./install-store.js";
import { compare } from "./replacement-rules.js";
import { isSemanticVersion } from "../../package/plugin-identity.js";

/** A newer version that a source offers. Nothing of it was verified beyond the source's own index. */
export interface AvailableUpdate {
  readonly id: string;
  readonly version: string;
  readonly installedVersion: string;
  /** It was installed before, and rolled back: do not install it again by itself. */
  readonly wasRolledBack: boolean;
  /** The source's name. */
  readonly source: string;
}

export interface UpdateCheck {
  readonly updates: readonly AvailableUpdate[];
  /** Sources and entries that could not be read. What they have may be missing above. */
  readonly problems: readonly PluginError[];
}

/** Asks every source once. Of several sources with a plugin the first counts, as in an installation. */
export async function findUpdates({ records }: InstallState, sources: readonly PluginSource[], context: SourceContext): Promise<UpdateCheck> {
  const problems: PluginError[] = [];
  const offered = new Map<string, { readonly version: string; readonly source: string }>();
  for (const source of sources) {
    const newest = await newestOf(source, context, problems);
    for (const [id, version] of newest) if (!offered.has(id)) offered.set(id, { version, source: source.name });
  }
  const updates = [...records].flatMap(([name, stored]) => {
    const record = readable(name, stored);
    const offer = record === undefined ? undefined : offered.get(record.id);
    if (record?.active === null || record === undefined || offer === undefined || compare(offer.version, record.active.version) <= 0) return [];
    return [{ id: record.id, ...offer, installedVersion: record.active.version, wasRolledBack: record.rolledBackFrom === offer.version }];
  });
  return { updates, problems };
}

async function newestOf(source: PluginSource, context: SourceContext, problems: PluginError[]): Promise<ReadonlyMap<string, string>> {
  const newest = new Map<string, string>();
  try {
    for await (const item of source.list(context)) {
      if ("problem" in item) {
        problems.push(item.problem);
        continue;
      }
      const { id, version } = item.listing;
      const known = newest.get(id);
      if (isSemanticVersion(version) && (known === undefined || compare(version, known) > 0)) newest.set(id, version);
    }
  } catch (error) {
    context.signal?.throwIfAborted();
    problems.push(asSourceError(error, source));
  }
  return newest;
}

function readable(name: string, stored: unknown): PluginRecord | undefined {
  const id = pluginIdOf(name);
  try {
    return id === undefined ? undefined : readPluginRecord(stored, id);
  } catch {
    return undefined;
  }
}
