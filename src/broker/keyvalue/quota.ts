import { toUtf8 } from "../../bytes/utf8.js";
import type { PluginLimits } from "../../limits/plugin-limits.js";
import type { BrokerContext } from "../broker.js";
import { InterfaceError } from "../call-errors.js";
import type { KeyValueUsage } from "./backend.js";

// Entries that count a few bytes each take many more in a database: ten mebibytes of them would be millions.
const MOST_ENTRIES = 65_536;

/** What an entry counts: the names of its bucket and its key in UTF-8, and its value. */
export function entryBytes(bucket: string, key: string, value: Uint8Array): number {
  return toUtf8(bucket).length + toUtf8(key).length + value.length;
}

/** What the plugin may store in all, or `undefined` if it may store nothing (any more). */
export function grantedQuota(grants: BrokerContext["grants"], limits: PluginLimits): number | undefined {
  const granted = grants().flatMap((capability) => (capability.kind === "keyvalue" ? [capability] : []));
  if (granted.length === 0) return undefined;
  return Math.min(limits.keyValueBytes, ...granted.flatMap(({ quotaBytes }) => quotaBytes ?? []));
}

/** What a namespace holds after the values of `keys` in one bucket were replaced. */
export function usageAfter(
  usage: KeyValueUsage,
  bucket: string,
  keys: readonly string[],
  before: readonly (Uint8Array | undefined)[],
  after: readonly (Uint8Array | undefined)[],
): KeyValueUsage {
  let { bytes, entries } = usage;
  for (const [index, key] of keys.entries()) {
    const [old, next] = [before[index], after[index]];
    bytes += (next === undefined ? 0 : entryBytes(bucket, key, next)) - (old === undefined ? 0 : entryBytes(bucket, key, old));
    entries += (next === undefined ? 0 : 1) - (old === undefined ? 0 : 1);
  }
  return { bytes, entries };
}

/**
 * Permits a change that stays within the quota, or that takes no more than before: after a quota was lowered, a
 * plugin can still delete.
 *
 * @throws {InterfaceError} `other` with a text that begins with `quota`.
 */
export function checkQuota(before: KeyValueUsage, after: KeyValueUsage, quota: number): void {
  if (after.bytes > quota && after.bytes > before.bytes) {
    const wanted = after.bytes - before.bytes;
    throw otherError(`quota exceeded: ${before.bytes} bytes are used, ${wanted} more were wanted, and ${quota} in all are allowed. Nothing was stored`);
  }
  if (after.entries > MOST_ENTRIES && after.entries > before.entries) {
    const wanted = after.entries - before.entries;
    throw otherError(`quota exceeded: ${before.entries} keys are used, ${wanted} more were wanted, and ${MOST_ENTRIES} in all are allowed. Nothing was stored`);
  }
}

/** `wasi:keyvalue/store` `error.other`. */
export function otherError(reason: string): InterfaceError {
  return new InterfaceError({ tag: "other", val: reason });
}
