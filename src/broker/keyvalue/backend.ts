/** One collection of keys. Both names are any text: `__proto__` is only a name. */
export interface KeyValueBucket {
  /** Whose data it is: {@link keyValueIdentity}. */
  readonly namespace: string;
  /** The bucket's name in there, chosen by the plugin. The default bucket has the empty name. */
  readonly bucket: string;
}

/** What a namespace holds over all its buckets. */
export interface KeyValueUsage {
  /** The sum of {@link entryBytes}. */
  readonly bytes: number;
  readonly entries: number;
}

/**
 * Computes new values from present ones, both in the order of the keys; `undefined` stands for a key that is not there.
 * It is synchronous, may be called again after a conflict, and changes nothing by throwing.
 */
export type KeyValueChange = (values: readonly (Uint8Array | undefined)[], usage: KeyValueUsage) => readonly (Uint8Array | undefined)[];

/**
 * Where the data of plugins is kept. Portcullis has {@link indexedDbKeyValue} and {@link memoryKeyValue}; an app may
 * bring its own. Quotas are not its business: they are checked in what it is given as `change`.
 *
 * Several instances of a plugin, also in several tabs, use it at once. What it rejects with is reported to the app; the
 * plugin only learns that its store failed.
 */
export interface KeyValueBackend {
  /** The values of `keys`, in their order. */
  get(bucket: KeyValueBucket, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** At most `most` keys that come after `after`, in ascending order of their UTF-16 code units, or from the first one on. */
  keys(bucket: KeyValueBucket, after: string | undefined, most: number): Promise<readonly string[]>;
  /**
   * Replaces the values of `keys`, which are all different, with what `change` makes of them. Nothing in the namespace may
   * change between what `change` is told and what is written, and either all is written or nothing.
   *
   * Rejects with what `change` threw, if it threw.
   */
  update(bucket: KeyValueBucket, keys: readonly string[], change: KeyValueChange): Promise<void>;
  /** What a plugin has stored. */
  usage(namespace: string): Promise<KeyValueUsage>;
  /** Deletes all that a plugin has stored. */
  forget(namespace: string): Promise<void>;
}

/**
 * The namespace of a plugin's data. Another publisher's plugin with the same id has another one.
 *
 * @param publisher - the fingerprint of the key by which it was trusted; `null` for an unsigned one.
 */
export function keyValueIdentity(pluginId: string, publisher: string | null): string {
  return JSON.stringify([pluginId, publisher]);
}
