import type { History } from "../picture/history.js";
import { byId, element } from "./elements.js";

/** The steps of the picture's history, each a button that goes back to it. */
export class HistoryList {
  readonly #list = byId("history-list", HTMLOListElement);
  readonly #onGoTo: (position: number) => void;

  constructor(onGoTo: (position: number) => void) {
    this.#onGoTo = onGoTo;
  }

  render(history: History): void {
    const rows = history.steps.map(({ label }, position) => {
      const step = element("button", { class: "history-step", text: label, attributes: { type: "button" }, onClick: () => this.#onGoTo(position) });
      if (position === history.position) step.setAttribute("aria-current", "step");
      if (position > history.position) step.classList.add("is-undone");
      return element("li", {}, [step]);
    });
    const hadFocus = this.#list.contains(document.activeElement);
    this.#list.replaceChildren(...rows);
    const current = this.#list.querySelector<HTMLElement>("[aria-current]");
    current?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (hadFocus) current?.focus();
  }
}
