import type { SandboxWorker } from "../../rpc/sandbox-worker.js";
import { openEnvelope } from "./relay-envelope.js";
import { toDataUrl } from "./sandbox-realm.js";
import { trusted } from "./trusted-types.js";

// The relay would have to read the messages to find their buffers again: they come with the list of them.
const WITH_TRANSFER_LIST = "{const post=self.postMessage.bind(self);self.postMessage=(message,transfer=[])=>post({message,transfer},transfer);}\n";

// The browser gives no reason.
const NOT_LOADED = "it could not be loaded; it must be there, and in a cross-origin isolated page have the header Cross-Origin-Embedder-Policy: require-corp";

/**
 * The sandbox without a document: a worker of this origin from `url`, where the app serves `sandbox-worker.js` with
 * the policy as a header, and behind it a `data:` worker that inherits the policy and has an opaque origin. The
 * former refuses to start the latter if it was served without that policy.
 *
 * Ending it ends both, also while the plugin's worker is busy.
 */
export function startPolicyWorker(script: string, url: URL | string | undefined): SandboxWorker {
  if (url === undefined) throw new Error("the option sandboxWorkerUrl does not say where sandbox-worker.js is served");
  // In a page against its base, in a worker against its script, as the platform itself resolves it.
  const relayUrl = new URL(url, typeof document === "undefined" ? location.href : document.baseURI).href;
  const relay = new Worker(trusted("createScriptURL", relayUrl));
  relay.postMessage(toDataUrl(WITH_TRANSFER_LIST + script));
  return {
    takesModules: true,
    postMessage: (message, transfer = []) => relay.postMessage({ message, transfer }, transfer),
    onMessage: (listener) => {
      relay.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
        const envelope = openEnvelope(data);
        if ("message" in envelope) listener(envelope.message);
      });
    },
    onFailure: (listener) => {
      relay.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
        const envelope = openEnvelope(data);
        if ("failure" in envelope) listener(new Error(envelope.failure));
      });
      relay.addEventListener("error", (event) => {
        event.preventDefault();
        listener(new Error(`the script at ${relayUrl} failed: ${event.message ?? NOT_LOADED}`));
      });
      relay.addEventListener("messageerror", () => listener(new Error("a message of the worker could not be read")));
    },
    terminate: () => relay.terminate(),
  };
}
