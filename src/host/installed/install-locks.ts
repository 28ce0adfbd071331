import { toHex } from "../../bytes/hex.js";
import type { CheckedStore } from "./checked-store.js";

/*
 * Locks spare work: two tabs do not download one plugin at once, and what a dead tab left behind is told from what a
 * living one is making. No rule depends on them; those stand in the store's transactions. Pages that are no secure
 * context have none.
 */

/** Without locks, an installation that gave no sign of life for so long was interrupted. */
export const ABANDONED_MILLISECONDS = 10 * 60_000;

function lockManager(): LockManager | undefined {
  return globalThis.navigator?.locks;
}

/** Whether locks tell which tab is alive. */
export function hasLocks(): boolean {
  return lockManager() !== undefined;
}

/** Does `work` when no other tab works on this plugin. */
export async function withPluginLock<Value>(store: CheckedStore, id: string, signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
  const locks = lockManager();
  if (locks === undefined) return afterEarlier(store, id, signal, work);
  return locks.request(lockName(store, `plugin:${id}`), { signal }, work);
}

const queues = new WeakMap<CheckedStore, Map<string, Promise<unknown>>>();

/** Without locks one installer at least does one thing at a time: a deletion that it finishes must not meet what it installs. */
function afterEarlier<Value>(store: CheckedStore, id: string, signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
  const queue = queues.get(store) ?? new Map<string, Promise<unknown>>();
  queues.set(store, queue);
  const done = (queue.get(id) ?? Promise.resolve()).then(() => {
    signal.throwIfAborted();
    return work();
  });
  // What comes next does not care how this ended.
  const ended = done.then(() => undefined, () => undefined);
  queue.set(id, ended);
  void ended.then(() => queue.get(id) === ended && queue.delete(id));
  return done;
}

/** Does `work` while this tab's staging record counts as alive. */
export async function withStagingLock<Value>(store: CheckedStore, name: string, signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
  const locks = lockManager();
  if (locks === undefined) return work();
  return locks.request(lockName(store, name), { signal }, work);
}

/** The staging records of living tabs among `names`; `undefined` where no lock can tell. */
export async function livingStagings(store: CheckedStore, names: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  const locks = lockManager();
  if (locks === undefined) return undefined;
  const held = new Set((await locks.query()).held?.map(({ name }) => name));
  return new Set(names.filter((name) => held.has(lockName(store, name))));
}

function lockName(store: CheckedStore, name: string): string {
  return `portcullis-install ${store.name} ${name}`;
}

/** A name that nobody else has. Not by `randomUUID`, which pages that are no secure context lack. */
export function randomName(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(16)));
}
