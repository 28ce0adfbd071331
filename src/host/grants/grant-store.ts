import { canonicalJson } from "../../bytes/canonical-json.js";

/** What was decided about one capability of one plugin. */
export interface GrantRecord {
  readonly pluginId: string;
  /**
   * Who vouched for the plugin: `key:` and the id of each trusted key that signed it, or `component:` and the
   * component's SHA-256 if none did. The decision holds for plugins for which one of them vouches, so that
   * somebody else's plugin of the same id inherits nothing.
   */
  readonly vouchers: readonly string[];
  /** What was asked, as canonical text: the decision answers every request that this includes. */
  readonly asked: string;
  /** What was allowed of it, or refused, as canonical text. */
  readonly capability: string;
  /** `session` records are never in a store: they end with the host. */
  readonly decision: "always" | "never" | "session";
  /** When, in milliseconds since 1970. */
  readonly time: number;
  /** What the plugin called itself then. */
  readonly title: string | undefined;
  readonly version: string;
}

/**
 * Where decisions for ever are kept. An app may bring its own, such as one that follows the user's account.
 * A store that fails or does not answer never fails a load: nothing is remembered then, which is reported as
 * a `grant-problem` event.
 */
export interface GrantStore {
  /** Every record that was put and not deleted. What comes back is checked before it is believed. */
  list(): Promise<readonly unknown[]>;
  /** Keeps a record, in place of one with the same plugin, vouchers and `asked`. */
  put(record: GrantRecord): Promise<void>;
  /** Forgets the record with this plugin, vouchers and `asked`. */
  delete(record: GrantRecord): Promise<void>;
  /** Tells of the records that somebody else deleted, such as another tab. @returns ends that. */
  watch?(onDeleted: (record: unknown) => void): () => void;
}

/** What tells two records apart: the plugin, its vouchers and the question. A later decision replaces an earlier one. */
export function grantRecordKey({ pluginId, vouchers, asked }: Pick<GrantRecord, "pluginId" | "vouchers" | "asked">): string {
  return canonicalJson([pluginId, [...vouchers].sort(), asked]);
}
