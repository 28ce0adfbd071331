import type { GrantDecision, GrantRequest } from "../admission/decide-grants.js";
import { showAuthorText } from "./author-text.js";
import type { PermissionDialogTexts } from "./dialog-texts.js";
import { element } from "./elements.js";
import { code } from "./plugin-view.js";

const REASON_CHARACTERS = 320;
// Ours or the app's, but with names in it that the author chose, such as a path.
const DESCRIPTION_CHARACTERS = 400;

/** One request with its choices. Nothing is chosen for the person: it begins as a refusal. */
export class RequestView {
  readonly element: HTMLFieldSetElement;
  readonly isOptional: boolean;
  readonly #signal: AbortSignal;
  readonly #allow: HTMLInputElement;
  readonly #duration: HTMLSelectElement;
  readonly #never: HTMLInputElement;

  /** @param index - tells its fields from those of the dialog's other requests. */
  constructor(request: GrantRequest, texts: PermissionDialogTexts, index: number, onChange: () => void) {
    this.isOptional = request.optional;
    this.#signal = request.signal;
    this.#allow = radio(index);
    this.#duration = durations(texts);
    this.#never = element("input", { attributes: { type: "checkbox" } });
    const deny = radio(index);
    deny.checked = true;
    const never = element("label", { part: "never" }, [this.#never, element("span", { text: texts.never })]);
    const show = (): void => {
      this.#duration.hidden = !this.isAllowed;
      never.hidden = this.isAllowed;
    };
    show();
    const choices = element("div", { part: "choices" }, [
      element("label", { part: "choice" }, [deny, element("span", { text: texts.deny })]),
      element("label", { part: "choice" }, [this.#allow, element("span", { text: texts.allow })]),
      this.#duration,
      never,
    ]);
    this.element = element("fieldset", { part: "request", attributes: { "aria-describedby": `facts-${index}` } }, [
      element("legend", { part: "description", text: showAuthorText(request.description, DESCRIPTION_CHARACTERS).text }),
      element("div", { part: "facts", attributes: { id: `facts-${index}` } }, factsOf(request, texts)),
      choices,
    ]);
    this.element.addEventListener("change", () => {
      show();
      onChange();
    });
  }

  /** Somebody waits for the decision. */
  get isWanted(): boolean {
    return !this.#signal.aborted;
  }

  get isAllowed(): boolean {
    return this.#allow.checked;
  }

  decision(): GrantDecision {
    if (!this.isAllowed) return this.denial();
    const { value } = this.#duration;
    return { decision: value === "always" || value === "session" ? value : "once" };
  }

  /** What it is if everything is denied. */
  denial(): GrantDecision {
    return { decision: !this.isAllowed && this.#never.checked ? "never" : "deny" };
  }
}

function factsOf({ capability, optional, reason, previous }: GrantRequest, texts: PermissionDialogTexts): HTMLElement[] {
  return [
    element("p", { part: "capability" }, [code(capability)]),
    ...(previous.length === 0 ? [] : [element("p", { part: "previous" }, [`${texts.previous} `, ...previous.flatMap((one, at) => (at === 0 ? [code(one)] : [", ", code(one)]))])]),
    reasonView(reason, texts),
    element("p", { part: optional ? "optional" : "required", text: optional ? texts.optional : texts.required }),
  ];
}

function reasonView(reason: string, texts: PermissionDialogTexts): HTMLElement {
  const { text, isShortened } = showAuthorText(reason, REASON_CHARACTERS);
  if (text === "") return element("p", { part: "no-reason", text: texts.noReason });
  const label = isShortened ? `${texts.reason} (${texts.shortened})` : texts.reason;
  return element("div", { part: "reason" }, [
    element("span", { part: "label", text: label }),
    element("q", {}, [element("bdi", { part: "reason-text", text })]),
  ]);
}

function radio(index: number): HTMLInputElement {
  return element("input", { attributes: { type: "radio", name: `request-${index}` } });
}

function durations(texts: PermissionDialogTexts): HTMLSelectElement {
  return element("select", { attributes: { "aria-label": texts.duration } }, (["once", "session", "always"] as const).map((value) => element("option", { text: texts[value], attributes: { value } })));
}
