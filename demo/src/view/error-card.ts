import { element } from "./elements.js";
import { wordsFor } from "./error-words.js";

/** An error as people read it: what it means, then what was found, then its code. */
export function errorCard(error: unknown, actions: readonly Node[] = []): HTMLElement {
  const { title, detail, code } = wordsFor(error);
  const card = element("div", { class: "error-card", attributes: { role: "alert" } }, [element("p", { class: "error-title", text: title })]);
  if (detail !== "") card.append(element("p", { class: "error-detail", text: detail }));
  if (code !== undefined) card.append(element("p", { class: "error-code" }, ["Code ", element("code", { text: code })]));
  if (actions.length > 0) card.append(element("div", { class: "error-actions" }, actions));
  return card;
}
