import type { SelfTest } from "../../../rpc/messages.js";

/**
 * Checks from the inside that the realm is sealed, without touching any network: the worker asks for things
 * that an unsealed realm would give at once. Runs before any glue, on functions that nobody has replaced yet.
 */
export async function testSeal(): Promise<SelfTest> {
  if (self.origin !== "null") return { sealed: false, open: `it has the page's origin ${self.origin}` };
  // A data: URL is subject to connect-src like any address, and needs no network to answer.
  if (await settles(() => fetch("data:text/plain,"))) return { sealed: false, open: "it may fetch" };
  if (await settles(async () => new Function("return 1")())) return { sealed: false, open: "it may evaluate text" };
  if (await settles(async () => indexedDB.open("portcullis-self-test"))) return { sealed: false, open: "it may open IndexedDB" };
  return { sealed: true };
}

async function settles(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch {
    return false;
  }
}
