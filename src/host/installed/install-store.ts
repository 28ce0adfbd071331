/** Everything in a store at one moment. */
export interface InstallState {
  /** Every record by its name. What a record is was not checked. */
  readonly records: ReadonlyMap<string, unknown>;
  /** The SHA-256 digests under which files are kept. */
  readonly files: ReadonlySet<string>;
}

/** What is to become of a store: all of it, or nothing. */
export interface InstallChange {
  readonly put?: ReadonlyMap<string, unknown>;
  readonly delete?: readonly string[];
  readonly deleteFiles?: readonly string[];
}

/**
 * Where installed plugins are kept. Portcullis has {@link indexedDbInstallStore} and {@link memoryInstallStore}; an app may
 * bring its own. A store decides nothing: what it gives is checked before it is believed, and all rules stand in the
 * change that it is given.
 *
 * Several tabs use it at once, and each may end at any moment. What it rejects with is told to the app as
 * `storage-failed`, or as `storage-full` if the error's name is `QuotaExceededError`.
 */
export interface InstallStore {
  /** The same for all objects that share one content, in every tab, and for no others. */
  readonly name: string;
  /** One record, or `undefined`. */
  readRecord(name: string): Promise<unknown>;
  /** Everything, as it was at one moment. */
  state(): Promise<InstallState>;
  /**
   * Makes one change. Nothing may change between the state that `change` is told and what it writes; all of it is written
   * or nothing, whenever the page ends. `change` is synchronous, and may be called again after a conflict.
   *
   * Rejects with what `change` threw, if it threw; nothing was changed then.
   */
  update(change: (state: InstallState) => InstallChange): Promise<void>;
  /** A file's bytes, or `undefined`. */
  readFile(sha256: string): Promise<unknown>;
  /** Keeps a file, in place of what was there under this digest. */
  writeFile(sha256: string, bytes: Uint8Array): Promise<void>;
  /** Tells whoever watches, in other tabs as well, that something changed. */
  announce?(): void;
  /** Tells of changes that others announced, and of no change in particular. @returns ends that. */
  watch?(onChanged: () => void): () => void;
}
