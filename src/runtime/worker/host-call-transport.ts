import type { Manifest } from "../../package/manifest.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { HostCallTransport } from "../../rpc/messages.js";
import type { SandboxRealm } from "./sandbox-realm.js";

/** Whether this engine can suspend WebAssembly for a promise (JavaScript Promise Integration). */
export function hasPromiseIntegration(): boolean {
  // lib.dom does not have it yet.
  return "Suspending" in WebAssembly;
}

/**
 * How a plugin in `realm` makes host calls. Shared memory comes first where the page has it: the plugin then runs on its
 * synchronous target, whose calls cost less, and any export may make host calls, constructors included.
 *
 * @throws {PluginError} `host-calls-unavailable` where neither is possible.
 */
export function chooseTransport(realm: SandboxRealm, { id }: Manifest): HostCallTransport["kind"] {
  // The sandboxed frame is a process of its own; the workers of the others share the page's agent cluster.
  if (globalThis.crossOriginIsolated && realm.kind !== "sandboxed-frame") return "shared-memory";
  if (hasPromiseIntegration()) return "suspension";
  throw new PluginError({
    code: "host-calls-unavailable",
    stage: "admit",
    pluginId: id,
    message:
      `Cannot load ${id}: it was granted something that lives on the page (files, HTTP, key-value storage, standard input or functions of ` +
      "the app), and its worker has no way to wait for the page: this browser has no JavaScript Promise Integration, and " +
      `${globalThis.crossOriginIsolated ? `the sandbox ${realm.kind} cannot share memory` : "the page is not cross-origin isolated"}. ` +
      "Use a newer browser, or serve the page with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp",
  });
}
