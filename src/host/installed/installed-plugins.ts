import type { PluginError } from "../../errors/plugin-error.js";
import { verifyPackage, type VerifiedPackage } from "../../trust/verify-package.js";
import { asSourceError } from "../open-package.js";
import type { PluginSource, SourceItem } from "../plugin-source.js";
import { requireStore } from "./checked-store.js";
import { pluginIdOf, pluginRecordName, readPluginRecord, type StoredVersion } from "./install-record.js";
import type { InstallStore } from "./install-store.js";
import { checkPin, openVersion } from "./open-version.js";

/**
 * The installed plugins, as a source for a `PluginHost`: it works without network, and everything that it gives is verified
 * again at every load, for any script of the origin can write where it is stored.
 *
 * @throws {PluginError} `usage-invalid` for what is no store.
 * @example
 * ```ts
 * const host = new PluginHost({ sources: [installedPlugins({ store }), urlSource("/plugins/index.json")], trust });
 * ```
 */
export function installedPlugins(options: { readonly store: InstallStore }): PluginSource {
  const store = requireStore(options.store);
  const name = `installed plugins (${store.name})`;
  const source: PluginSource = {
    name,
    async *list() {
      for (const [recordName, stored] of (await store.state()).records) {
        const id = pluginIdOf(recordName);
        if (id !== undefined) yield* itemOf(id, stored);
      }
    },
    async open(id, version, { trust, limits }) {
      const record = readPluginRecord(await store.readRecord(pluginRecordName(id)), id);
      const wanted = [record?.active, record?.previous].find((one) => (version === undefined ? one === record?.active : one?.version === version));
      if (wanted === undefined || wanted === null) return undefined;
      const opened = await openVersion(store, id, wanted, limits);
      let verified: VerifiedPackage;
      try {
        verified = await verifyPackage(opened, trust);
      } catch {
        // The host verifies it as well, and then refuses it: passed over here, another source's would run in its place.
        return opened;
      }
      checkPin(verified, id, wanted);
      return opened;
    },
  };
  const itemOf = (id: string, stored: unknown): SourceItem[] => {
    try {
      const active = readPluginRecord(stored, id)?.active;
      return active === null || active === undefined ? [] : [{ listing: listingOf(id, active, name) }];
    } catch (error) {
      const problem: PluginError = asSourceError(error, source);
      return [{ problem }];
    }
  };
  return source;
}

function listingOf(id: string, { version, title, description }: StoredVersion, source: string) {
  return { id, version, title, description, source };
}
