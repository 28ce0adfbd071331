import type { SandboxWorker } from "../../rpc/sandbox-worker.js";
import { SANDBOX_POLICY } from "./sandbox-policy.js";
import { attachFrame, createHiddenFrame, type SandboxRealm, toDataUrl } from "./sandbox-realm.js";
import { trusted } from "./trusted-types.js";

// Measured: none of 300 workers was lost after 20 ms. The answer itself takes about 1 ms.
const UNASKED_MILLISECONDS = 50;
// A frame that the page removed meanwhile never answers.
const UNANSWERED_MILLISECONDS = 1_000;

/**
 * The default sandbox: a hidden, script-less frame whose document carries the policy, and workers that the
 * page makes from data: URLs with the frame's own constructor. Such a worker has an opaque origin (no
 * storage, no cookies) and inherits the frame's policy (no network), yet accepts compiled modules.
 *
 * The frame stands while a worker or a hold needs it, and is removed after the last.
 */
export class PolicyFrameRealm implements SandboxRealm {
  readonly kind = "policy-frame";
  #frame: AttachedFrame | undefined;
  #holds = 0;

  /**
   * Keeps the frame for work that starts workers, from before the first of them, so that its document stands by
   * the time it is needed (24 ms in a new page). The result gives it up.
   */
  hold(): () => void {
    this.#holds += 1;
    try {
      this.#attach();
    } catch {
      // Here there can be no frame. Whoever starts a worker is told why.
    }
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
      const { element, ready } = this.#attach();
      await ready;
      const frameWindow = element.contentWindow as (Window & { Worker: typeof Worker }) | null;
      if (frameWindow === null) throw new Error("the sandbox frame was removed from the page while a worker started");
      return dedicatedWorker(new frameWindow.Worker(trusted("createScriptURL", toDataUrl(script))), release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** The frame, made anew if there is none or the app took it out of the page. */
  #attach(): AttachedFrame {
    if (this.#frame?.element.isConnected !== true) {
      const element = createHiddenFrame(`<!doctype html><meta http-equiv="Content-Security-Policy" content="${SANDBOX_POLICY}">`);
      this.#frame = { element, ready: attachFrame(element).then(() => browserKnows(element)) };
    }
    return this.#frame;
  }

  #remove(): void {
    this.#frame?.element.remove();
    this.#frame = undefined;
  }
}

interface AttachedFrame {
  readonly element: HTMLIFrameElement;
  /** Settles when its document stands; never, if it is removed before. */
  readonly ready: Promise<void>;
}

/**
 * Waits until the browser's own process knows the frame's document. Chromium reports `load` a moment earlier,
 * and of the workers made in between about 2 % never start, some without any error. What is asked through the
 * frame is answered only afterwards. Locks need a secure context; elsewhere some time must do.
 */
async function browserKnows(frame: HTMLIFrameElement): Promise<void> {
  const locks: LockManager | undefined = frame.contentWindow?.navigator.locks;
  const pause = (milliseconds: number) => new Promise<unknown>((resolve) => setTimeout(resolve, milliseconds));
  const asked = locks?.query().catch(() => pause(UNASKED_MILLISECONDS)) ?? pause(UNASKED_MILLISECONDS);
  await Promise.race([asked, pause(UNANSWERED_MILLISECONDS)]);
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
