import type { PluginPage } from "./plugin-page.js";
export type GuestEvent = { readonly kind: string; readonly authority?: string; readonly import?: string; readonly stream?: string; readonly text?: string };

/** What the guests themselves reported or were denied, in order. */
export async function guestEvents(plugins: PluginPage, id: string): Promise<GuestEvent[]> {
  const events = (await plugins.events()).filter((event) => event["kind"] === "guest" && event["pluginId"] === id);
  return events.map((event) => event["event"] as GuestEvent);
}
