import { toBase64 } from "../../bytes/base64.js";
import { fromHex } from "../../bytes/hex.js";
import { sha256Hex } from "../../bytes/sha256.js";
import { toUtf8 } from "../../bytes/utf8.js";
import type { SandboxWorker } from "../../rpc/sandbox-worker.js";
import { openEnvelope } from "./relay-envelope.js";
import { attachFrame, createHiddenFrame } from "./sandbox-realm.js";

/*
 * The frame's whole program: start one worker from the text that the page sends, and pass messages both ways.
 * No plugin code runs in the frame's document, because a document, unlike a worker, can leak by navigating.
 */
const RELAY = `addEventListener("message", ({ data, ports: [port] }) => {
  const url = URL.createObjectURL(new Blob([data], { type: "text/javascript" }));
  const policy = self.trustedTypes?.createPolicy("portcullis", { createScriptURL: (text) => text });
  const worker = new Worker(policy?.createScriptURL(url) ?? url);
  const fail = (reason) => port.postMessage({ failure: String(reason) });
  worker.onmessage = ({ data }) => { try { port.postMessage({ message: data }); } catch (error) { fail(error); } };
  worker.onmessageerror = () => fail("a message of the worker could not be read");
  worker.onerror = (event) => { event.preventDefault(); fail(event.message); };
  port.onmessage = ({ data }) => worker.postMessage(data);
}, { once: true });`;

/**
 * The fallback sandbox: a frame with an origin of its own, in Chromium in a process of its own, and in it a
 * classic worker from a blob: URL (module workers do not start there). It takes no compiled modules, starts
 * in about 60 ms instead of 10, and each message crosses processes. One frame for each worker.
 */
export async function startInSandboxedFrame(script: string): Promise<SandboxWorker> {
  const frame = createHiddenFrame(await frameContent(), "allow-scripts");
  await attachFrame(frame);
  const { port1, port2 } = new MessageChannel();
  const worker = relayedWorker(frame, port1);
  frame.contentWindow?.postMessage(script, "*", [port2]);
  return worker;
}

/** The relay's digest as policies write it, rather than 'unsafe-inline': only this text may run in the frame. */
export async function relayDigest(): Promise<string> {
  return `sha256-${toBase64(fromHex(await sha256Hex(toUtf8(RELAY))) ?? new Uint8Array())}`;
}

async function frameContent(): Promise<string> {
  const policy = `default-src 'none'; script-src '${await relayDigest()}' 'wasm-unsafe-eval'; worker-src blob:`;
  return `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}"><script>${RELAY}</script>`;
}

function relayedWorker(frame: HTMLIFrameElement, port: MessagePort): SandboxWorker {
  let onMessage: (message: unknown) => void = () => undefined;
  let onFailure: (error: Error) => void = () => undefined;
  port.onmessage = ({ data }: MessageEvent<unknown>) => {
    const envelope = openEnvelope(data);
    if ("message" in envelope) onMessage(envelope.message);
    else onFailure(new Error(envelope.failure));
  };
  port.onmessageerror = () => onFailure(new Error("a message of the worker could not be read"));
  return {
    takesModules: false,
    postMessage: (message, transfer = []) => port.postMessage(message, transfer),
    onMessage: (listener) => {
      onMessage = listener;
    },
    onFailure: (listener) => {
      onFailure = listener;
    },
    terminate: () => {
      port.close();
      frame.remove();
    },
  };
}
