import type { GrantDecision, GrantRequest } from "../admission/decide-grants.js";
import { definePermissionDialog, PERMISSION_DIALOG, type PermissionDialogElement, type PermissionDialogOptions } from "./permission-dialog-element.js";

export interface AskWithDialogOptions extends PermissionDialogOptions {
  /** Where the element is put while it is needed. Default: the end of `document.body`. */
  readonly container?: Element;
}

interface Waiting {
  readonly request: GrantRequest;
  readonly answer: (decision: GrantDecision) => void;
  readonly fail: (cause: unknown) => void;
}

/**
 * Asks the person with the permission dialog. Requests of one plugin that arrive together are shown together;
 * plugins take their turns.
 *
 * @example
 * ```ts
 * const host = new PluginHost({ sources, trust, grant: askWithDialog() });
 * ```
 */
export function askWithDialog(options: AskWithDialogOptions = {}): (request: GrantRequest) => Promise<GrantDecision> {
  const arriving = new Map<string, Waiting[]>();
  let turn: Promise<void> = Promise.resolve();
  return (request) =>
    new Promise((answer, fail) => {
      const waiting = { request, answer, fail };
      const asker = JSON.stringify([request.plugin.id, request.plugin.version, request.plugin.title, request.trust]);
      const group = arriving.get(asker);
      if (group !== undefined) {
        group.push(waiting);
        return;
      }
      const begun = [waiting];
      arriving.set(asker, begun);
      // All that one load asks for arrives before the next task.
      setTimeout(() => {
        arriving.delete(asker);
        turn = turn.then(() => showGroup(begun, options));
      });
    });
}

async function showGroup(group: readonly Waiting[], options: AskWithDialogOptions): Promise<void> {
  // While others had their turn, the load may have ended.
  const wanted = group.filter(({ request }) => !request.signal.aborted);
  for (const { request, answer } of group) if (request.signal.aborted) answer({ decision: "deny" });
  if (wanted.length === 0) return;
  definePermissionDialog();
  const dialog = document.createElement(PERMISSION_DIALOG) as PermissionDialogElement;
  try {
    (options.container ?? document.body).append(dialog);
    const decisions = await dialog.ask(wanted.map(({ request }) => request), options);
    for (const [index, { answer }] of wanted.entries()) answer(decisions[index] ?? { decision: "deny" });
  } catch (cause) {
    for (const { fail } of wanted) fail(cause);
  } finally {
    dialog.remove();
  }
}
