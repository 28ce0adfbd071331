import { ABSENT_FILTERS, type AbsentFilter } from "../plugins/filter-bridge.js";
import type { FilterPlugin, FilterState } from "../plugins/filter-plugin.js";
import { button, byId, element } from "./elements.js";
import { PLACE_WORDS } from "./load-words.js";

const STATE_WORDS: Readonly<Record<FilterState["kind"], string>> = {
  available: "Not loaded", loading: "Loading", ready: "Ready", failed: "Failed",
};

interface Row {
  readonly row: HTMLLIElement;
  readonly choice: HTMLButtonElement;
  readonly title: HTMLElement;
  readonly state: HTMLElement;
  readonly place: HTMLElement;
}

/** The filters that can be chosen, and after them those that cannot be used here. */
export class FilterList {
  readonly #list = byId("filter-list", HTMLUListElement);
  readonly #onSelect: (filter: FilterPlugin) => void;
  readonly #rows = new Map<FilterPlugin, Row>();
  readonly #absent = ABSENT_FILTERS.map(absentRow);

  constructor(onSelect: (filter: FilterPlugin) => void) {
    this.#onSelect = onSelect;
  }

  /** Rows are kept while their filter is there, so that the focus is not lost. */
  render(filters: readonly FilterPlugin[], selected: FilterPlugin | undefined): void {
    for (const [filter, { row }] of this.#rows) {
      if (filters.includes(filter)) continue;
      row.remove();
      this.#rows.delete(filter);
    }
    for (const filter of filters) {
      const { row, choice, title, state, place } = this.#rows.get(filter) ?? this.#add(filter);
      const isNewlySelected = filter === selected && choice.getAttribute("aria-pressed") !== "true";
      choice.setAttribute("aria-pressed", String(filter === selected));
      if (isNewlySelected) row.scrollIntoView({ block: "nearest", inline: "nearest" });
      title.textContent = filter.title;
      place.textContent = PLACE_WORDS[filter.place];
      const isRefused = filter.state.kind === "failed" && filter.state.error.code === "capability-not-granted";
      row.dataset["state"] = isRefused ? "refused" : filter.state.kind;
      state.textContent = isRefused ? "Not allowed" : STATE_WORDS[filter.state.kind];
    }
  }

  /** Shown instead of filters: that there are none yet, or why. */
  renderMessage(message: string, retry?: () => void): void {
    const children = retry === undefined ? [message] : [message, button("Try again", retry)];
    this.#rows.clear();
    this.#list.replaceChildren(element("li", { class: "filter-message" }, children));
  }

  #add(filter: FilterPlugin): Row {
    const { listing, origin } = filter;
    if (this.#rows.size === 0) this.#list.replaceChildren(...this.#absent);
    const title = element("span");
    const state = element("span", { class: "filter-state" });
    const place = element("span", { class: "filter-place" });
    const choice = element(
      "button",
      { class: "filter-choice", attributes: { type: "button", "data-filter": listing.id }, onClick: () => this.#onSelect(filter) },
      [
        element("span", { class: "filter-title" }, [title, state]),
        element("span", { class: "filter-description", text: origin === "file" ? `From the file ${listing.source}` : (listing.description ?? listing.id) }),
        place,
      ],
    );
    const row = element("li", { class: "filter-row" }, [choice]);
    this.#list.insertBefore(row, this.#absent[0] ?? null);
    const added = { row, choice, title, state, place };
    this.#rows.set(filter, added);
    return added;
  }
}

/** Not a button: there is nothing to choose, and what is to be read is why. */
function absentRow({ id, title, description, reason }: AbsentFilter): HTMLLIElement {
  return element("li", { class: "filter-row" }, [
    element("div", { class: "filter-choice filter-absent", attributes: { "data-absent": id } }, [
      element("span", { class: "filter-title" }, [element("span", { text: title }), element("span", { class: "filter-state", text: "Not here" })]),
      element("span", { class: "filter-description", text: description }),
      element("span", { class: "filter-reason", text: reason }),
    ]),
  ]);
}
