import type { GuestEvent } from "./messages.js";

/** What any event takes: a plugin that loops over a denied import must not flood the page either. */
export const EVENT_COST = 64;

/** What one event takes of an instance's allowance of output, about in bytes. Equal on both sides of the link. */
export function eventCost(event: GuestEvent): number {
  switch (event.kind) {
    case "output":
      return EVENT_COST + event.text.length;
    case "log":
      return EVENT_COST + event.level.length + event.context.length + event.message.length;
    default:
      return EVENT_COST;
  }
}
