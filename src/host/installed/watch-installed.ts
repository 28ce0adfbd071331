import { notify } from "../plugin-event.js";
import { checkedStore, type CheckedStore, requireStore } from "./checked-store.js";
import { pluginIdOf, readPluginRecord } from "./install-record.js";
import type { InstallState, InstallStore } from "./install-store.js";

/** Another version of a plugin is active now, here or because of another tab. */
export interface InstalledChange {
  readonly id: string;
  /** What is active now; `undefined` if it was uninstalled. */
  readonly version: string | undefined;
  /** What was active before; `undefined` if it was not installed. Equal to `version` if only the content changed. */
  readonly previousVersion: string | undefined;
}

/**
 * Tells when another version of an installed plugin becomes active: by installing, updating, rolling back or uninstalling
 * it, in this tab or another. What is told was read from the store; who says that it changed is not believed.
 *
 * @returns ends that.
 * @throws {PluginError} `usage-invalid` for what is no store.
 * @example
 * ```ts
 * watchInstalled(store, ({ id, version }) => version === undefined ? close(id) : reload(id, version));
 * ```
 */
export function watchInstalled(store: InstallStore, listener: (change: InstalledChange) => void): () => void {
  requireStore(store);
  return watcherOf(store).add(listener);
}

type Active = ReadonlyMap<string, { readonly version: string; readonly manifest: string }>;

const watchers = new WeakMap<InstallStore, InstalledWatcher>();

/** The one watcher of a store in this page, so that its installer and its listeners see one order of changes. */
export function watcherOf(store: InstallStore): InstalledWatcher {
  const known = watchers.get(store) ?? new InstalledWatcher(checkedStore(store));
  watchers.set(store, known);
  return known;
}

export class InstalledWatcher {
  readonly #store: CheckedStore;
  readonly #listeners = new Set<(change: InstalledChange) => void>();
  #known: Active | undefined;
  #checking: Promise<void> = Promise.resolve();
  #stop: () => void = () => undefined;

  constructor(store: CheckedStore) {
    this.#store = store;
  }

  add(listener: (change: InstalledChange) => void): () => void {
    // A function of its own, so that one listener that is added twice is told twice.
    const own = (change: InstalledChange): void => listener(change);
    if (this.#listeners.size === 0) this.#stop = this.#store.watch?.(() => void this.check()) ?? (() => undefined);
    this.#listeners.add(own);
    void this.check();
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size > 0) return;
      this.#stop();
      this.#known = undefined;
    };
  }

  /** Looks what is active now and tells what changed. Before an operation, so that its change is seen as one. */
  check(): Promise<void> {
    this.#checking = this.#checking.then(() => this.#look());
    return this.#checking;
  }

  async #look(): Promise<void> {
    if (this.#listeners.size === 0) return;
    let now: Active;
    try {
      now = activeVersions(await this.#store.state());
    } catch {
      // Whoever uses the store meets its failure; the next change is compared with what was seen last.
      return;
    }
    const before = this.#known;
    this.#known = now;
    if (before !== undefined) for (const change of changesBetween(before, now)) this.#tell(change);
  }

  #tell(change: InstalledChange): void {
    for (const listener of this.#listeners) notify(listener, change);
  }
}

function activeVersions({ records }: InstallState): Active {
  const active = new Map<string, { readonly version: string; readonly manifest: string }>();
  for (const [name, stored] of records) {
    const id = pluginIdOf(name);
    const version = id === undefined ? undefined : activeOf(stored, id);
    if (id !== undefined && version !== undefined) active.set(id, version);
  }
  return active;
}

function activeOf(stored: unknown, id: string) {
  try {
    return readPluginRecord(stored, id)?.active ?? undefined;
  } catch {
    return undefined;
  }
}

function* changesBetween(before: Active, now: Active): Generator<InstalledChange> {
  for (const id of new Set([...before.keys(), ...now.keys()])) {
    const [old, current] = [before.get(id), now.get(id)];
    if (old?.manifest !== current?.manifest) yield { id, version: current?.version, previousVersion: old?.version };
  }
}
