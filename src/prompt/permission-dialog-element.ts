import type { GrantDecision, GrantRequest } from "../admission/decide-grants.js";
import { ENGLISH_TEXTS, type PermissionDialogTexts } from "./dialog-texts.js";
import { PermissionDialog } from "./permission-dialog.js";

/** The name of the permission dialog's element. */
export const PERMISSION_DIALOG = "portcullis-permission-dialog";

export interface PermissionDialogOptions {
  /** Texts that differ from {@link ENGLISH_TEXTS}. Set `lang` and `dir` on the element, or around it, with them. */
  readonly texts?: Partial<PermissionDialogTexts> | undefined;
  /** What a request lets a plugin do, in another language than the request's own `description`. */
  readonly describe?: ((request: GrantRequest) => string | undefined) | undefined;
  /** The app's own name for who holds a signing key, to be shown in place of "a publisher that this app trusts". */
  readonly publisherName?: ((keyId: string) => string | undefined) | undefined;
}

/**
 * The element that asks a person what a plugin may do.
 *
 * Its look is set by CSS custom properties (`--portcullis-accent`, `--portcullis-background` and the others in
 * `dialog-style.ts`) and by `::part()`; it is light or dark as its `color-scheme` says.
 */
export interface PermissionDialogElement extends HTMLElement {
  /**
   * Shows one dialog with the requests of one plugin, and gives a decision for each in their order. Escape, and a
   * request whose `signal` aborts, is `deny`. Questions take their turns.
   */
  ask(requests: readonly GrantRequest[], options?: PermissionDialogOptions): Promise<readonly GrantDecision[]>;
}

/** Makes `<portcullis-permission-dialog>` known to the page, once. `askWithDialog` does it by itself. */
export function definePermissionDialog(): void {
  if (customElements.get(PERMISSION_DIALOG) !== undefined) return;
  // Here and not above: where there is no page, there is no HTMLElement either.
  customElements.define(PERMISSION_DIALOG, class extends HTMLElement implements PermissionDialogElement {
    readonly #root = this.attachShadow({ mode: "open" });
    #turn: Promise<unknown> = Promise.resolve();
    #shown: PermissionDialog | undefined;

    ask(requests: readonly GrantRequest[], { texts, ...own }: PermissionDialogOptions = {}): Promise<readonly GrantDecision[]> {
      const decisions = this.#turn.then(async () => {
        const [first, ...others] = requests;
        if (first === undefined) return [];
        this.#shown = new PermissionDialog(this.#root, [first, ...others], { texts: { ...ENGLISH_TEXTS, ...texts }, ...own });
        return this.#shown.decide();
      });
      this.#turn = decisions.catch(() => undefined);
      return decisions;
    }

    /** A dialog that was taken out of the page can be answered by nobody. */
    disconnectedCallback(): void {
      this.#shown?.dismiss();
    }
  });
}
