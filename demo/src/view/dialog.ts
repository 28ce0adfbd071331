import { button, element } from "./elements.js";

export interface DialogAction<Answer> {
  readonly text: string;
  readonly answer: Answer;
  readonly kind?: "primary" | "danger";
}

export interface DialogOptions<Answer> {
  readonly title: string;
  readonly content: readonly (Node | string)[];
  readonly actions: readonly DialogAction<Answer>[];
  /** What Escape answers. */
  readonly dismissed: Answer;
}

/** Asks the person something, and gives the answer. The first action has the focus. */
export async function ask<Answer>({ title, content, actions, dismissed }: DialogOptions<Answer>): Promise<Answer> {
  const heading = element("h2", { text: title });
  const dialog = element("dialog", { class: "dialog", attributes: { "aria-label": title } });
  let answer = dismissed;
  const buttons = actions.map((action) =>
    button(action.text, () => {
      answer = action.answer;
      dialog.close();
    }, action.kind ?? ""),
  );
  dialog.append(heading, element("div", { class: "dialog-content" }, content), element("div", { class: "dialog-actions" }, buttons));
  document.body.append(dialog);
  const closed = new Promise<void>((resolve) => dialog.addEventListener("close", () => resolve(), { once: true }));
  dialog.showModal();
  buttons[0]?.focus();
  await closed;
  dialog.remove();
  return answer;
}
