/** A worker that speaks in the runtime's place, and what must become of it and of the plugins beside it. */
import type { SandboxKind } from "../../../src/index.js";
import { expect } from "../../support/browser-test.js";
import type { PluginPage } from "../../support/plugin-page.js";

export interface WorkerAttack {
  readonly attack: string;
  /** Run by the glue while the page waits for the answer of its call. */
  readonly body: string;
  /** The code of the call's failure, or what it answers where the attack changes nothing. */
  readonly outcome: { readonly code: string } | { readonly value: unknown };
  /** It sends a port. What stands between page and worker in the sandboxed frame hands none on. */
  readonly sendsPort?: boolean;
}

export const VIOLATION = { code: "sandbox-violation" };

/** Glue that runs before the runtime's walls are up, and keeps the port. */
export const KEPT_PORT = "const post = self.postMessage.bind(self), Channel = MessageChannel";

/** Calls the attacker, which the page has loaded as `attack`. */
export async function expectOutcome(plugins: PluginPage, outcome: WorkerAttack["outcome"]): Promise<void> {
  const { value, error } = await plugins.call("attack", "run");
  expect(error === undefined ? { value } : { code: error.code }).toEqual(outcome);
}

export function outcomeIn(sandbox: SandboxKind, { outcome, sendsPort = false }: WorkerAttack): WorkerAttack["outcome"] {
  return sendsPort && sandbox === "sandboxed-frame" ? { code: "crashed" } : outcome;
}

/** That a plugin beside the attacker, loaded before or after it, answers as ever. */
export async function expectOthersUnharmed(plugins: PluginPage): Promise<void> {
  expect((await plugins.call("small-c", "add", [2, 3])).value).toBe(5);
}
