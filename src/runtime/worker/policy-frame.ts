import type { SandboxWorker } from "../../rpc/sandbox-worker.js";
import { attachFrame, createHiddenFrame, type SandboxRealm, toDataUrl } from "./sandbox-realm.js";

/**
 * Nothing but WebAssembly may run, and nothing may be fetched, imported, evaluated or connected to.
 * `default-src 'none'` and never only `connect-src`: fonts, `import()` and nested workers leak past that.
 */
const POLICY = "default-src 'none'; script-src 'wasm-unsafe-eval'; worker-src data:";

/**
 * The default sandbox: a hidden, script-less frame whose document carries the policy, and workers that the
 * page makes from data: URLs with the frame's own constructor. Such a worker has an opaque origin (no
 * storage, no cookies) and inherits the frame's policy (no network), yet accepts compiled modules.
 *
 * The frame stands while a worker or a hold needs it, and is removed after the last.
 */
export class PolicyFrameRealm implements SandboxRealm {
  readonly kind = "policy-frame";
  #frame: Promise<HTMLIFrameElement> | undefined;
  #holds = 0;

  /** Keeps the frame for work that starts several workers in turn; the result gives it up. */
  hold(): () => void {
    this.#holds += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds -= 1;
      if (this.#holds === 0) this.#remove();
    };
  }

  async start(script: string): Promise<SandboxWorker> {
    const release = this.hold();
    try {
      const frame = await this.#attached();
      const frameWindow = frame.contentWindow as (Window & { Worker: typeof Worker }) | null;
      if (frameWindow === null) throw new Error("the sandbox frame was removed from the page while a worker started");
      return dedicatedWorker(new frameWindow.Worker(toDataUrl(script)), release);
    } catch (error) {
      release();
      throw error;
    }
  }

  async #attached(): Promise<HTMLIFrameElement> {
    const current = await this.#frame;
    if (current?.isConnected === true) return current;
    this.#frame = createFrame();
    return this.#frame;
  }

  #remove(): void {
    const frame = this.#frame;
    this.#frame = undefined;
    void frame?.then((element) => element.remove());
  }
}

async function createFrame(): Promise<HTMLIFrameElement> {
  const frame = createHiddenFrame(`<!doctype html><meta http-equiv="Content-Security-Policy" content="${POLICY}">`);
  await attachFrame(frame);
  return frame;
}

function dedicatedWorker(worker: Worker, release: () => void): SandboxWorker {
  return {
    takesModules: true,
    postMessage: (message, transfer = []) => worker.postMessage(message, transfer),
    onMessage: (listener) => worker.addEventListener("message", (message) => listener(message.data)),
    onFailure: (listener) => {
      worker.addEventListener("error", (event) => {
        // Otherwise the page's own error reporting would receive text that the plugin chose.
        event.preventDefault();
        listener(new Error(event.message ?? "the worker could not start"));
      });
      worker.addEventListener("messageerror", () => listener(new Error("a message of the worker could not be read")));
    },
    terminate: () => {
      worker.terminate();
      release();
    },
  };
}
