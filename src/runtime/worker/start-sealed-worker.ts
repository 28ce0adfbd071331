import { PluginError } from "../../errors/plugin-error.js";
import { WorkerLink, type WorkerLinkListeners } from "../../rpc/worker-link.js";
import { composePluginScript, type RuntimeKind } from "./plugin-script.js";
import type { SandboxKind, SandboxRealm } from "./sandbox-realm.js";

// Measured: 10 ms warm, 60 ms for the fallback, 225 ms for a large script under a debugger. A realm that says
// nothing for this long is one that cannot start here.
const START_MILLISECONDS = 5_000;

/** The realms that an app allows, best first, and which of them has proved to work on this page. */
export class SandboxChoice {
  /** In the order in which they are tried. */
  readonly candidates: readonly SandboxRealm[];
  /** The one that has proved to work, if any has yet. */
  proven: SandboxRealm | undefined;
  /** The proof under way, so that plugins which are loaded at once share it. A failed one is not kept. */
  proving: Promise<SandboxRealm> | undefined;

  constructor(candidates: readonly SandboxRealm[]) {
    this.candidates = candidates;
  }
}

export interface SealedWorker {
  readonly link: WorkerLink;
  readonly takesModules: boolean;
}

/**
 * Starts a worker with `glue` in the first sandbox that is found sealed. A realm that cannot start, or is open, is
 * passed over for good; what only this worker fails at is the glue's failure.
 *
 * @throws {PluginError} `sandbox-unavailable` when no realm is left; `instantiate-failed` when the worker does
 *   not start in one that works.
 */
export async function startSealedWorker(
  choice: SandboxChoice,
  { glue, runtime }: { readonly glue: string; readonly runtime: RuntimeKind },
  pluginId: string,
  listeners: WorkerLinkListeners,
): Promise<SealedWorker> {
  const realm = await provenRealm(choice, pluginId);
  try {
    return await startIn(realm, await composePluginScript(glue, runtime), pluginId, listeners);
  } catch (error) {
    const message = `Cannot instantiate ${pluginId}: its worker failed in a ${realm.kind} sandbox that works: ${reasonOf(error)}`;
    throw new PluginError({ code: "instantiate-failed", stage: "instantiate", pluginId, message, cause: error });
  }
}

/** Begins to look for a sandbox that works, so that it is known by the time it is needed. A failure is reported then. */
export function beginProof(choice: SandboxChoice): void {
  sharedProof(choice).catch(() => undefined);
}

/**
 * The sandbox in which workers of this page run. Work under way is shared.
 *
 * @throws {PluginError} `sandbox-unavailable` when none works.
 */
export async function provenRealm(choice: SandboxChoice, pluginId: string): Promise<SandboxRealm> {
  try {
    return await sharedProof(choice);
  } catch (error) {
    const { sandboxUnavailable } = await import("./sandbox-unavailable.js");
    throw await sandboxUnavailable(pluginId, choice.candidates.map(({ kind }) => kind), reasonOf(error));
  }
}

async function sharedProof(choice: SandboxChoice): Promise<SandboxRealm> {
  if (choice.proven !== undefined) return choice.proven;
  choice.proving ??= proveRealm(choice).finally(() => (choice.proving = undefined));
  return choice.proving;
}

// Stands in messages where a plugin's id would.
const PROOF = "the sandbox's own test";

/**
 * The first realm that has reported from inside that it is sealed, by a worker without any plugin in it. Glue
 * stands in the same script as the runtime, and hostile glue can escape the function around it and report in
 * the runtime's place, or stay silent to be given a weaker sandbox.
 */
async function proveRealm(choice: SandboxChoice): Promise<SandboxRealm> {
  const refusals: string[] = [];
  for (const realm of choice.candidates) {
    try {
      const { link } = await startIn(realm, await composePluginScript("function instantiate() {}", "plain"), PROOF, { onEvent: () => false, onBroken: () => undefined });
      link.terminate(new PluginError({ code: "closed", stage: "instantiate", message: "The sandbox was tried, and works" }));
      choice.proven = realm;
      return realm;
    } catch (error) {
      refusals.push(`${realm.kind}: ${reasonOf(error)}`);
    }
  }
  throw new Error(refusals.join("; "));
}

async function startIn(realm: SandboxRealm, script: string, pluginId: string, listeners: WorkerLinkListeners): Promise<SealedWorker> {
  const worker = await realm.start(script);
  const link = new WorkerLink(worker, pluginId, listeners);
  await confirmSeal(link, realm.kind, pluginId);
  return { link, takesModules: worker.takesModules };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function confirmSeal(link: WorkerLink, kind: SandboxKind, pluginId: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`its worker did not answer within ${START_MILLISECONDS} ms`)), START_MILLISECONDS);
  });
  try {
    const seal = await Promise.race([link.seal, silence]);
    if (!seal.sealed) throw new Error(`it is open: ${seal.open}`);
  } catch (error) {
    const message = `The ${kind} sandbox was given up: ${reasonOf(error)}`;
    link.terminate(new PluginError({ code: "sandbox-unavailable", stage: "instantiate", pluginId, message }));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
