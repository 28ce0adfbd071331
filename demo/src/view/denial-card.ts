import { isPluginError, type PluginErrorCode, PluginResultError } from "portcullis";
import type { FilterPlugin } from "../plugins/filter-plugin.js";
import { button, element } from "./elements.js";

export interface DenialHandlers {
  readonly onAskAgain: () => void;
  readonly onShowPermissions: () => void;
  readonly wordsOf: (capability: string) => string;
}

/** What comes of a permission that is not there: at its next use, or when it is taken from what runs. */
const DENIALS: ReadonlySet<PluginErrorCode> = new Set(["capability-denied", "capability-revoked"]);

/** A filter that was not started since something that it needs was not allowed. `undefined` for other failures. */
export function refusedLoadCard(filter: FilterPlugin, error: unknown, refused: readonly string[], handlers: DenialHandlers): HTMLElement | undefined {
  if (!isPluginError(error, "capability-not-granted")) return undefined;
  return denialCard(`${filter.title} was not started`, "It needs what you did not allow. Nothing of it ran, and your picture is as it was.", refused, handlers);
}

/** A filter that needed what was taken away from it. `undefined` for other failures. */
export function lostGrantCard(filter: FilterPlugin, error: unknown, handlers: DenialHandlers): HTMLElement | undefined {
  const isDenial = error instanceof PluginResultError || (isPluginError(error) && DENIALS.has(error.code));
  if (!isDenial || filter.lostGrants.length === 0) return undefined;
  return denialCard(`${filter.title} needs what you took away`, "Darkroom refused the filter’s call. Your picture is as it was.", filter.lostGrants, handlers);
}

function denialCard(title: string, text: string, capabilities: readonly string[], { onAskAgain, onShowPermissions, wordsOf }: DenialHandlers): HTMLElement {
  return element("div", { class: "denial-card", attributes: { role: "alert" } }, [
    element("p", { class: "denial-title", text: title }),
    element("p", { text }),
    ...(capabilities.length === 0 ? [] : [element("ul", { class: "denial-list" }, capabilities.map((capability) => element("li", { text: wordsOf(capability) })))]),
    element("div", { class: "error-actions" }, [button("Ask again", onAskAgain, "primary"), button("Permissions", onShowPermissions)]),
  ]);
}
