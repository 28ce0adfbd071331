import type { PluginEvent } from "portcullis";
import type { Console } from "./console.js";

/** Puts what happened into the list of events. */
export function addEvent(console: Console, event: PluginEvent): void {
  switch (event.kind) {
    case "guest":
      return addGuestEvent(console, event.pluginId, event.event);
    case "instance-ended":
      return console.add("problem", event.pluginId, `its instance was ended (${event.error.code}). ${event.error.message}`);
    case "health":
      // One failure is told by the instance that ended with it.
      if (event.health.state === "stopped") console.add("problem", event.pluginId, `was stopped after ${event.health.failures} failures in a row`);
      return;
    case "replaced":
      return console.add("log", event.pluginId, `version ${event.from} was replaced by ${event.to} while it ran`);
    case "cache-not-stored":
      return console.add("problem", event.pluginId, `its compiled code was not kept: ${event.reason}`);
    case "resource-leaked":
      return console.add("problem", event.pluginId, `Darkroom lost its ${event.resource}, which was dropped`);
    case "host-failure":
      return console.add("problem", event.pluginId, `${event.function} failed in Darkroom: ${String(event.error)}`);
    case "grant-problem":
      return console.add("problem", event.pluginId ?? "Permissions", event.reason);
    case "audit":
      // In the list of activity, in plain words.
      return;
    case "source-problem":
      return console.add("problem", event.source, `${event.error.message} (${event.error.code})`);
  }
}

function addGuestEvent(console: Console, pluginId: string, event: Extract<PluginEvent, { readonly kind: "guest" }>["event"]): void {
  switch (event.kind) {
    case "output":
      return console.add("output", pluginId, `${event.stream}: ${event.text.trimEnd()}`);
    case "log":
      return console.add("log", pluginId, `${event.level}${event.context === "" ? "" : ` ${event.context}`}: ${event.message}`);
    case "denied":
      return console.add("denied", pluginId, `called ${event.import} without the permission ${event.authority}`);
    case "output-truncated":
      return console.add("problem", pluginId, "wrote more than is shown; the rest is left out");
  }
}
