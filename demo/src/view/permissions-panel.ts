import type { AuditEntry } from "portcullis";
import type { FilterPlugin } from "../plugins/filter-plugin.js";
import type { Permission, Permissions } from "../plugins/permissions.js";
import { activityWords } from "./activity-words.js";
import { button, byId, element } from "./elements.js";
import { capabilityWords, decisionWords, momentWords, stateWords } from "./permission-words.js";

export interface PermissionsHandlers {
  readonly onRevoke: (permission: Permission) => void;
  /** Forgets a refusal and, for a filter that is loaded, loads it again so that it asks. */
  readonly onAskAgain: (permission: Permission) => void;
}

/** The list of activity is for reading: what is older is of no use in it. */
const MOST_SHOWN = 60;

/** What filters may do, how that was decided, and what they did with it. */
export class PermissionsPanel {
  readonly #root = byId("permissions", HTMLElement);
  readonly #toggle = byId("show-permissions", HTMLButtonElement);
  readonly #close = byId("close-permissions", HTMLButtonElement);
  readonly #list = byId("permission-list", HTMLDivElement);
  readonly #activity = byId("activity-list", HTMLOListElement);
  readonly #said = byId("permissions-said", HTMLParagraphElement);
  readonly #permissions: Permissions;
  readonly #handlers: PermissionsHandlers;
  readonly #onShow: () => void;
  #shown = "";

  constructor(permissions: Permissions, handlers: PermissionsHandlers, onShow: () => void) {
    this.#permissions = permissions;
    this.#handlers = handlers;
    this.#onShow = onShow;
    this.#toggle.addEventListener("click", () => (this.isOpen ? this.hide() : this.show()));
    this.#close.addEventListener("click", () => this.hide());
    this.#root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.hide();
    });
  }

  get isOpen(): boolean {
    return !this.#root.hidden;
  }

  show(): void {
    this.#root.hidden = false;
    this.#toggle.setAttribute("aria-expanded", "true");
    document.body.classList.add("shows-permissions");
    this.#onShow();
    this.#close.focus();
  }

  hide(): void {
    this.#root.hidden = true;
    this.#toggle.setAttribute("aria-expanded", "false");
    document.body.classList.remove("shows-permissions");
    this.#toggle.focus();
  }

  /** Says it to those who cannot see the list change. */
  announce(text: string): void {
    this.#said.textContent = text;
  }

  wordsOf(capability: string): string {
    return this.#permissions.promptWords(capability) ?? capabilityWords(capability);
  }

  render(filters: readonly FilterPlugin[]): void {
    if (!this.isOpen) return;
    const holders = filters.map((filter) => ({ pluginId: filter.listing.id, grants: filter.grants }));
    const permissions = this.#permissions.list(holders);
    const activity = this.#permissions.activity().slice(-MOST_SHOWN).reverse();
    // Filters report their progress often; the list is made again only when it says something else.
    const shown = JSON.stringify([permissions, activity, filters.map(({ title, state }) => [title, state.kind])]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = document.activeElement?.closest<HTMLElement>("[data-permission]")?.dataset["permission"];
    this.#list.replaceChildren(...this.#groups(permissions, filters));
    const rows = merged(activity).map(({ entry, count }) => this.#activityRow(entry, count, titleOf(filters, entry.pluginId)));
    this.#activity.replaceChildren(...(rows.length === 0 ? [element("li", { class: "muted", text: "Nothing yet." })] : rows));
    if (focused !== undefined) this.#focusRow(focused);
  }

  /** The button that was pressed is gone; the one of the same permission has its place. */
  #focusRow(name: string): void {
    const row = [...this.#list.querySelectorAll<HTMLElement>("[data-permission]")].find(({ dataset }) => dataset["permission"] === name);
    (row?.querySelector("button") ?? this.#close).focus();
  }

  #groups(permissions: readonly Permission[], filters: readonly FilterPlugin[]): HTMLElement[] {
    const ids = [...new Set(permissions.map(({ pluginId }) => pluginId))];
    const without = filters.filter(({ state, listing }) => state.kind === "ready" && !ids.includes(listing.id)).map(({ title }) => title);
    const note = without.length === 0 ? [] : [element("p", { class: "permission-note", text: `${listInWords(without)} asked for nothing, and can do nothing but change the picture.` })];
    if (ids.length === 0 && note.length === 0) {
      return [element("p", { class: "permission-note", text: "No filter asked for anything yet. What one may do appears here, and you can take it away." })];
    }
    return [...ids.map((id) => this.#group(id, permissions.filter(({ pluginId }) => pluginId === id), filters)), ...note];
  }

  #group(pluginId: string, permissions: readonly Permission[], filters: readonly FilterPlugin[]): HTMLElement {
    const filter = filters.find(({ listing }) => listing.id === pluginId);
    const name = titleOf(filters, pluginId);
    return element("div", { class: "permission-group", attributes: { role: "group", "data-holder": pluginId, "aria-label": name } }, [
      element("h3", {}, [name, element("span", { class: "holder-state", text: filter?.state.kind === "ready" ? "Loaded" : "Not loaded" })]),
      element("ul", {}, permissions.map((permission) => this.#row(permission, name))),
    ]);
  }

  #row(permission: Permission, name: string): HTMLElement {
    const { capability, state, pluginId } = permission;
    const words = this.wordsOf(capability);
    const isAllowed = state === "held" || state === "remembered";
    const action = isAllowed
      ? button("Revoke", () => this.#handlers.onRevoke(permission), "danger")
      : button("Ask again", () => this.#handlers.onAskAgain(permission));
    action.setAttribute("aria-label", `${action.textContent}: ${words} (${name})`);
    return element("li", { class: `permission permission-${state}`, attributes: { "data-permission": `${pluginId} ${capability}` } }, [
      element("div", { class: "permission-text" }, [
        element("p", { class: "permission-words", text: words }),
        element("p", { class: "permission-code" }, [element("code", { text: capability })]),
        element("p", { class: "permission-decision" }, [element("span", { class: `badge badge-${isAllowed ? "good" : "warning"}`, text: stateWords(state) }), ` ${decisionWords(permission)}`]),
      ]),
      action,
    ]);
  }

  #activityRow(entry: AuditEntry, count: number, name: string): HTMLElement {
    const { kind, text, detail } = activityWords(entry, (capability) => this.wordsOf(capability));
    return element("li", { class: `activity activity-${kind}` }, [
      element("time", { text: momentWords(entry.time), attributes: { datetime: new Date(entry.time).toISOString() } }),
      element("div", {}, [
        element("p", {}, [element("b", { text: name }), ` ${text}`, ...(count > 1 ? [element("span", { class: "activity-count", text: ` ${count} times` })] : [])]),
        ...(detail === undefined ? [] : [element("p", { class: "activity-detail" }, [element("code", { text: detail })])]),
      ]),
    ]);
  }
}

function titleOf(filters: readonly FilterPlugin[], pluginId: string): string {
  return filters.find(({ listing }) => listing.id === pluginId)?.title ?? pluginId;
}

/** The same again and again, as a filter does it while a slider is moved, is one line. */
function merged(entries: readonly AuditEntry[]): { readonly entry: AuditEntry; readonly count: number }[] {
  const lines: { entry: AuditEntry; count: number; key: string }[] = [];
  for (const entry of entries) {
    const key = JSON.stringify({ ...entry, time: 0 });
    const last = lines.at(-1);
    if (last?.key === key) last.count += 1;
    else lines.push({ entry, count: 1, key });
  }
  return lines;
}

function listInWords(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
