import { PolicyFrameRealm } from "./policy-frame.js";
import type { SandboxKind, SandboxRealm } from "./sandbox-realm.js";
import { SandboxChoice } from "./start-sealed-worker.js";

export { beginProof, provenRealm } from "./start-sealed-worker.js";
export { WorkerInstance } from "./worker-instance.js";

/** `auto` takes the first of the kinds that starts and proves to be sealed. */
export type SandboxPreference = "auto" | SandboxKind;

export interface SandboxOptions {
  readonly sandbox: SandboxPreference;
  /** Where the app serves `sandbox-worker.js`. Without it, `auto` never tries `policy-worker`. */
  readonly sandboxWorkerUrl: URL | string | undefined;
}

export interface Sandboxes {
  readonly choice: SandboxChoice;
  /** Puts up the default sandbox's frame, if that is the one to be used. The result gives it up. */
  hold(): () => void;
}

/** The sandboxes that an app allows, none of them started yet. */
export function createSandboxes({ sandbox, sandboxWorkerUrl }: SandboxOptions): Sandboxes {
  const policyFrame = new PolicyFrameRealm();
  // The others' code is loaded where the default cannot start, and nowhere else.
  const sandboxedFrame: SandboxRealm = {
    kind: "sandboxed-frame",
    start: async (script) => (await import("./sandboxed-frame.js")).startInSandboxedFrame(script),
  };
  const policyWorker: SandboxRealm = {
    kind: "policy-worker",
    start: async (script) => (await import("./policy-worker.js")).startPolicyWorker(script, sandboxWorkerUrl),
  };
  const automatic = sandboxWorkerUrl === undefined ? [policyFrame, sandboxedFrame] : [policyFrame, sandboxedFrame, policyWorker];
  const choice = new SandboxChoice(sandbox === "auto" ? automatic : [policyFrame, sandboxedFrame, policyWorker].filter(({ kind }) => kind === sandbox));
  return {
    choice,
    hold: () => ((choice.proven ?? choice.candidates[0]) === policyFrame ? policyFrame.hold() : () => undefined),
  };
}
