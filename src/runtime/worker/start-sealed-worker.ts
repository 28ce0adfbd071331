import { PluginError } from "../../errors/plugin-error.js";
import { WorkerLink, type WorkerLinkListeners } from "../../rpc/worker-link.js";
import type { SandboxKind, SandboxRealm } from "./sandbox-realm.js";

// Measured: 10 ms warm, 60 ms for the fallback, 225 ms for a large script under a debugger. A realm that says
// nothing for this long is one that cannot start here.
const START_MILLISECONDS = 5_000;

/** The realms that an app allows, best first, and which of them has proved to work on this page. */
export class SandboxChoice {
  readonly #realms: readonly SandboxRealm[];
  #proven: SandboxRealm | undefined;

  constructor(realms: readonly SandboxRealm[]) {
    this.#realms = realms;
  }

  /** The realms to try, in order. */
  get candidates(): readonly SandboxRealm[] {
    return this.#proven === undefined ? this.#realms : [this.#proven];
  }

  /** Which sandbox is in use, once one has proved to work. */
  get kind(): SandboxKind | undefined {
    return this.#proven?.kind;
  }

  prove(realm: SandboxRealm): void {
    this.#proven = realm;
  }
}

export interface SealedWorker {
  readonly link: WorkerLink;
  readonly takesModules: boolean;
}

/**
 * Starts `script` in the first sandbox whose worker reports, from inside and before any plugin code ran,
 * that it is sealed. A realm that cannot start, or is open, is passed over for good.
 *
 * @throws {PluginError} `sandbox-unavailable` when none is left.
 */
export async function startSealedWorker(
  choice: SandboxChoice,
  script: string,
  pluginId: string,
  listeners: WorkerLinkListeners,
): Promise<SealedWorker> {
  const refusals: string[] = [];
  for (const realm of choice.candidates) {
    try {
      const worker = await realm.start(script);
      const link = new WorkerLink(worker, pluginId, listeners);
      await confirmSeal(link, realm.kind, pluginId);
      choice.prove(realm);
      return { link, takesModules: worker.takesModules };
    } catch (error) {
      refusals.push(`${realm.kind}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new PluginError({
    code: "sandbox-unavailable",
    stage: "instantiate",
    pluginId,
    message:
      `Cannot run ${pluginId}: no sandbox could be started and found sealed (${refusals.join("; ")}). If the page has a ` +
      "content security policy, it must allow worker-src data: and script-src 'wasm-unsafe-eval'",
  });
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
    const message = `The ${kind} sandbox was given up: ${error instanceof Error ? error.message : String(error)}`;
    link.terminate(new PluginError({ code: "sandbox-unavailable", stage: "instantiate", pluginId, message }));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
