import { get, set } from "idb-keyval";
import { openStore } from "../compile/indexeddb-store.js";

/*
 * The last sequence number seen of each registry. Where it cannot be stored (a private window, IndexedDB
 * forbidden) an old index is noticed within one page only, which must not keep anybody from working.
 */
const seenOnThisPage = new Map<string, number>();

// One for the page: each would keep a connection of its own. It is opened when it is first used.
const store = openStore("portcullis-registries", "sequences");

/** The highest sequence number that this browser has accepted from the registry at `url`. */
export async function readLastSequence(url: string): Promise<number | undefined> {
  const stored = await attempt(() => get<unknown>(url, store));
  const known = [stored, seenOnThisPage.get(url)].filter((value): value is number => Number.isSafeInteger(value));
  return known.length === 0 ? undefined : Math.max(...known);
}

export async function storeLastSequence(url: string, sequence: number): Promise<void> {
  seenOnThisPage.set(url, sequence);
  await attempt(() => set(url, sequence, store));
}

// An IndexedDB that never answers (a blocked upgrade, a broken profile) must not hang a load.
const PATIENCE_MILLISECONDS = 2_000;

async function attempt<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
  const timer = new Promise<undefined>((resolve) => {
    setTimeout(resolve, PATIENCE_MILLISECONDS, undefined);
  });
  try {
    return await Promise.race([work(), timer]);
  } catch {
    return undefined;
  }
}
