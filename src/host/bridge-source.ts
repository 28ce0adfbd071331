import { PluginPackage } from "../package/plugin-package.js";
import type { BridgeRuntime } from "../runtime/bridge/bridge-runtime.js";
import { unreachable } from "../runtime/bridge/bridge-failures.js";
import type { PluginSource } from "./plugin-source.js";

/**
 * The plugins that a bridge has. It gives each one's signed manifest, which is verified here as from any source; the code itself
 * stays with the bridge. A page that lists native and Python plugins in its own registry needs no such source.
 *
 * @example `new PluginHost({ sources: [urlSource("/plugins/index.json"), bridgeSource(bridge)], bridge, trust })`
 */
export function bridgeSource({ connection }: BridgeRuntime): PluginSource {
  return {
    name: connection.url,
    async *list({ signal }) {
      for (const { id, version, title, description } of await connection.list(signal)) {
        yield { listing: { id, version, title, description, source: connection.url } };
      }
    },
    async open(id, version, { signal, limits }) {
      const found = await connection.read(id, version, signal);
      if (found === undefined) return undefined;
      return PluginPackage.open({
        origin: connection.url,
        manifestBytes: found.manifest,
        signatureBytes: found.signature ?? null,
        readFile: (path) => Promise.reject(unreachable(connection.url, `it gives no files, and ${path} was asked for: the plugin's code stays with it`)),
      }, limits);
    },
  };
}
