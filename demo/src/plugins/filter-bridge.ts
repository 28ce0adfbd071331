import { type BridgeRuntime, bridgeRuntime } from "portcullis/bridge";
import { bridgeFilters, bridgePath } from "virtual:darkroom/bridge";

/** Where a filter runs: in this page, or on the bridge. */
export type FilterPlace = "page" | "python" | "native";

/** A filter that cannot be used here. */
export interface AbsentFilter {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** Why, as a sentence. */
  readonly reason: string;
}

const PLACES: ReadonlyMap<string, FilterPlace> = new Map(bridgeFilters.map(({ id, runtime }) => [id, runtime === "python" ? "python" : "native"]));

/** Where the registry's filter of this name runs. */
export function placeOf(id: string): FilterPlace {
  return PLACES.get(id) ?? "page";
}

/** What the person misses here, and why: what the command that built the page found out. */
export const ABSENT_FILTERS: readonly AbsentFilter[] = bridgeFilters.flatMap(({ id, title, description, absent }) => (absent === null ? [] : [{ id, title, description, reason: absent }]));

/** The bridge of this site, if it has one. It is connected when the first filter needs it. */
export function filterBridge(): BridgeRuntime | undefined {
  if (bridgePath === null) return undefined;
  const path: string = bridgePath;
  return bridgeRuntime({ url: new URL(path, document.baseURI), token: () => fetchTicket(path) });
}

/** A token for one connection. The server gives it to this page only. */
async function fetchTicket(path: string): Promise<string> {
  const response = await fetch(`${path}/token`, { method: "POST" });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.text();
}
