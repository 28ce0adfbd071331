import { byId, element } from "./elements.js";

export type EntryKind = "app" | "output" | "log" | "denied" | "problem";

/** The oldest entries go first: a plugin must not fill the page. */
const MOST_ENTRIES = 200;
const LONGEST_TEXT = 2000;
const KIND_WORDS: Readonly<Record<EntryKind, string>> = { app: "Darkroom", output: "Output", log: "Log", denied: "Denied", problem: "Problem" };

/** What happens: loads, what plugins write, and what they were denied. */
export class Console {
  readonly #list = byId("console-list", HTMLOListElement);
  readonly #scroll = byId("console-scroll", HTMLDivElement);

  constructor() {
    byId("clear-console", HTMLButtonElement).addEventListener("click", () => this.#list.replaceChildren());
  }

  add(kind: EntryKind, source: string, text: string): void {
    const shown = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
    const time = new Date().toLocaleTimeString([], { hour12: false });
    const isAtEnd = this.#scroll.scrollHeight - this.#scroll.scrollTop - this.#scroll.clientHeight < 24;
    this.#list.append(
      element("li", { class: `entry entry-${kind}` }, [
        element("time", { text: time }),
        element("span", { class: "entry-kind", text: KIND_WORDS[kind] }),
        element("span", { class: "entry-text" }, [element("b", { text: source }), ` ${shown}`]),
      ]),
    );
    while (this.#list.childElementCount > MOST_ENTRIES) this.#list.firstElementChild?.remove();
    if (isAtEnd) this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }
}
