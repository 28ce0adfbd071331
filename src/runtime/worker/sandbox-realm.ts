import type { SandboxWorker } from "../../rpc/sandbox-worker.js";
import { trusted } from "./trusted-types.js";

/** Which walls stand around a plugin's worker. See the table in src/runtime/worker/README.md. */
export type SandboxKind = "policy-frame" | "sandboxed-frame" | "policy-worker";

/** A place in which workers run without network, storage or a way to the page but their messages. */
export interface SandboxRealm {
  readonly kind: SandboxKind;
  /** Starts a worker from one classic script. A worker that cannot start reports it through `onFailure`. */
  start(script: string): Promise<SandboxWorker>;
}

/**
 * `script` as a data: URL. Only what a URL parser would change is escaped: percent signs, fragments, the
 * line breaks it drops, and what is not ASCII. Base64 is no faster and a third longer.
 */
export function toDataUrl(script: string): string {
  return `data:text/javascript;charset=utf-8,${script.replace(/[%#\t\n\r\u0080-\uffff]+/g, encodeURIComponent)}`;
}

/** A frame that shows nothing and that no person or assistive technology meets: what is hidden is not rendered at all. */
export function createHiddenFrame(content: string, sandbox?: string): HTMLIFrameElement {
  if (typeof document === "undefined") throw new Error("it needs a document, and there is none here");
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.title = "plugin sandbox";
  if (sandbox !== undefined) frame.setAttribute("sandbox", sandbox);
  frame.srcdoc = trusted("createHTML", content);
  return frame;
}

/** Attaches `frame` beside the body, which apps replace, and waits until its document stands. */
export async function attachFrame(frame: HTMLIFrameElement): Promise<void> {
  await new Promise<void>((resolve) => {
    frame.addEventListener("load", () => resolve(), { once: true });
    document.documentElement.append(frame);
  });
}
