import type { SelfTest } from "../../../rpc/messages.js";

/**
 * Checks from the inside that the realm is sealed, without touching any network: the worker asks for things
 * that an unsealed realm would give at once. Runs before any glue, on functions that nobody has replaced yet.
 */
export async function testSeal(): Promise<SelfTest> {
  if (self.origin !== "null") return { sealed: false, open: `it has the page's origin ${self.origin}` };
  const open = await findOpening();
  if (open !== undefined) return { sealed: false, open };
  if (await settles(async () => indexedDB.open("portcullis-self-test"))) return { sealed: false, open: "it may open IndexedDB" };
  return { sealed: true };
}

/** What the content policy leaves open here, if anything: to fetch, to load scripts, or to evaluate text. */
export async function findOpening(): Promise<string | undefined> {
  // A data: URL is subject to connect-src and script-src like any address, and needs no network to answer.
  if (await settles(() => fetch("data:text/plain,"))) return "it may fetch";
  if (await settles(async () => importScripts("data:text/javascript,"))) return "it may load scripts";
  if (await settles(async () => new Function("return 1")())) return "it may evaluate text";
  return undefined;
}

async function settles(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch {
    return false;
  }
}
