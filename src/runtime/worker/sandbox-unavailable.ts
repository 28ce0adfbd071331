import { PluginError } from "../../errors/plugin-error.js";
import { relayDigest } from "./sandboxed-frame.js";
import type { SandboxKind } from "./sandbox-realm.js";

/** The error of a page on which none of the `tried` sandboxes works, with what its policy would have to allow for each. */
export async function sandboxUnavailable(pluginId: string, tried: readonly SandboxKind[], reason: string): Promise<PluginError> {
  const wanted: Readonly<Record<SandboxKind, string>> = {
    "policy-frame": "worker-src data:",
    "sandboxed-frame": `worker-src blob: and script-src '${await relayDigest()}'`,
    "policy-worker": "worker-src with the origin of sandboxWorkerUrl",
  };
  const choices = tried.map((kind) => `${wanted[kind]} (${kind})`).join(", or ");
  const other = tried.includes("policy-worker") ? "" : ". Or serve this package's sandbox-worker.js, and say where with the option sandboxWorkerUrl";
  const message =
    `Cannot run ${pluginId}: no sandbox could be started and found sealed (${reason}). If the page has a content security policy, ` +
    `it must allow script-src 'wasm-unsafe-eval', and ${choices}; if it requires trusted types, also trusted-types portcullis${other}`;
  return new PluginError({ code: "sandbox-unavailable", stage: "instantiate", pluginId, message });
}
