import type { GrantDecision, GrantRequest } from "../admission/decide-grants.js";
import { dialogStyle } from "./dialog-style.js";
import type { PermissionDialogTexts } from "./dialog-texts.js";
import { element, icon } from "./elements.js";
import { pluginView, type PluginViewOptions } from "./plugin-view.js";
import { RequestView } from "./request-view.js";

/** Before this time nothing can be decided: a click or key that was meant for what the dialog covers must not decide it. */
const SAFETY_MILLISECONDS = 500;

const DENIED: GrantDecision = { decision: "deny" };

interface DialogOptions extends PluginViewOptions {
  readonly describe?: ((request: GrantRequest) => string | undefined) | undefined;
}

/** One dialog with the requests of one plugin, from its opening to its decisions. */
export class PermissionDialog {
  readonly #root: ShadowRoot;
  readonly #texts: PermissionDialogTexts;
  readonly #requests: readonly GrantRequest[];
  readonly #views: readonly RequestView[];
  readonly #dialog: HTMLDialogElement;
  readonly #note: HTMLElement;
  readonly #allow: HTMLButtonElement;
  readonly #deny: HTMLButtonElement;
  readonly #closed = new AbortController();
  #safety: ReturnType<typeof setTimeout> | undefined;
  #isSafe = false;
  #decisions: readonly GrantDecision[];

  constructor(root: ShadowRoot, requests: readonly [GrantRequest, ...GrantRequest[]], options: DialogOptions) {
    const { texts } = options;
    this.#root = root;
    this.#texts = texts;
    this.#requests = requests;
    this.#decisions = requests.map(() => DENIED);
    this.#views = requests.map((request, index) => new RequestView({ ...request, description: options.describe?.(request) ?? request.description }, texts, index, () => this.#update()));
    this.#note = element("p", { part: "note", attributes: { role: "status" } });
    this.#deny = element("button", { part: "button deny-all", text: texts.denyAll, attributes: { type: "button" } });
    this.#allow = element("button", { part: "button allow-selected", text: texts.allowSelected, attributes: { type: "button" } });
    const content = [pluginView(requests[0], options), ...this.#views.map((view) => view.element)];
    this.#dialog = element("dialog", { part: "dialog", attributes: { "aria-labelledby": "heading", "aria-describedby": "introduction origin", tabindex: "-1" } }, [
      element("div", { part: "header" }, [icon("gate"), element("div", {}, [
        element("h2", { part: "heading", text: texts.heading(requests.length), attributes: { id: "heading" } }),
        element("p", { part: "introduction", text: texts.introduction, attributes: { id: "introduction" } }),
      ])]),
      element("div", { part: "content" }, content),
      element("div", { part: "footer" }, [this.#note, element("div", { part: "actions" }, [this.#deny, this.#allow])]),
    ]);
  }

  /** Shows it until it is decided, dismissed, or nobody wants the answers any more. One decision for each request. */
  async decide(): Promise<readonly GrantDecision[]> {
    const closed = new Promise<void>((resolve) => this.#dialog.addEventListener("close", () => resolve(), { once: true }));
    this.#listen();
    this.#root.adoptedStyleSheets = [dialogStyle()];
    this.#root.replaceChildren(this.#dialog);
    this.#dialog.showModal();
    // The dialog itself, so that it is read out from its heading on, and no key meets a button.
    this.#dialog.focus();
    this.#arm();
    this.#endUnwanted();
    await closed;
    this.#closed.abort();
    clearTimeout(this.#safety);
    this.#root.replaceChildren();
    return this.#decisions;
  }

  /** Ends it as Escape does. */
  dismiss(): void {
    this.#dialog.close();
  }

  #listen(): void {
    const { signal } = this.#closed;
    this.#onPress(this.#allow, () => this.#close(this.#views.map((view) => view.decision())));
    this.#onPress(this.#deny, () => this.#close(this.#views.map((view) => view.denial())));
    for (const request of this.#requests) request.signal.addEventListener("abort", () => this.#endUnwanted(), { signal });
    // The person comes back from elsewhere: what is clicked first may again be meant for something else.
    window.addEventListener("focus", () => this.#arm(), { signal });
    document.addEventListener("visibilitychange", () => this.#arm(), { signal });
  }

  #onPress(button: HTMLButtonElement, act: () => void): void {
    const press = (): void => {
      if (button.getAttribute("aria-disabled") !== "true") act();
    };
    button.addEventListener("click", press, { signal: this.#closed.signal });
  }

  #arm(): void {
    clearTimeout(this.#safety);
    this.#isSafe = false;
    this.#update();
    this.#safety = setTimeout(() => {
      this.#isSafe = true;
      this.#update();
    }, SAFETY_MILLISECONDS);
  }

  #close(decisions: readonly GrantDecision[]): void {
    this.#decisions = decisions;
    this.#dialog.close();
  }

  #update(): void {
    const wanted = this.#views.filter(({ isWanted }) => isWanted);
    const allowed = wanted.filter((view) => view.isAllowed);
    // Not `disabled`, which takes the focus away from whoever is on the button when it comes to pass.
    this.#deny.setAttribute("aria-disabled", String(!this.#isSafe));
    this.#allow.setAttribute("aria-disabled", String(!this.#isSafe || allowed.length === 0));
    const isMissing = wanted.some((view) => !view.isOptional && !view.isAllowed);
    this.#note.textContent = allowed.length === 0 ? this.#texts.nothingSelected : isMissing ? this.#texts.requiredMissing : "";
  }

  /** Takes away what nobody waits for any more; the last such request closes the dialog. */
  #endUnwanted(): void {
    for (const view of this.#views) view.element.hidden = !view.isWanted;
    if (this.#views.some(({ isWanted }) => isWanted)) this.#update();
    else this.#close(this.#views.map(() => DENIED));
  }
}
