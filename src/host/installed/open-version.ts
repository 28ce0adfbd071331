import { sha256Hex } from "../../bytes/sha256.js";
import type { PluginError } from "../../errors/plugin-error.js";
import type { PluginLimits } from "../../limits/plugin-limits.js";
import { PluginPackage } from "../../package/plugin-package.js";
import type { VerifiedPackage } from "../../trust/verify-package.js";
import type { CheckedStore } from "./checked-store.js";
import { installError } from "./install-error.js";
import type { StoredVersion } from "./install-record.js";

/**
 * Opens an installed version as a package like any other: its files are checked against its manifest when they are read,
 * and who signed that is for the caller to verify.
 *
 * @throws {PluginError} `installation-damaged` if the manifest is not the one that was installed
 */
export async function openVersion(store: CheckedStore, id: string, version: StoredVersion, limits: PluginLimits): Promise<PluginPackage> {
  const manifestBytes = await readWhole(store, id, version.manifest, "its manifest");
  const signatureBytes = version.signature === null ? null : await readWhole(store, id, version.signature, "its signature");
  const opened: PluginPackage = PluginPackage.open(
    {
      origin: `the installed plugins (${store.name})`,
      manifestBytes,
      signatureBytes,
      readFile: async (path) => {
        const listed = opened.manifest.files.find((file) => file.path === path);
        const bytes = listed === undefined ? undefined : await store.readFile(listed.sha256);
        if (bytes === undefined) throw damaged(id, `its file "${path}" is not there`);
        return bytes;
      },
    },
    limits,
  );
  const { manifest } = opened;
  if (manifest.id === id && manifest.version === version.version) return opened;
  throw damaged(id, `its manifest is that of ${manifest.id} ${manifest.version}, where ${id} ${version.version} was installed`);
}

/**
 * Holds who signed an installed version against the key that it is pinned to.
 *
 * @throws {PluginError} `publisher-changed`
 */
export function checkPin({ trust }: VerifiedPackage, id: string, { publisher }: StoredVersion): void {
  if (publisher === null || (trust.kind === "signed" && trust.keyIds.includes(publisher))) return;
  const found = trust.kind === "signed" ? `is signed by ${trust.keyIds.join(", ")}` : "is not signed by a trusted key";
  const message = `Cannot use the installed ${id}: it ${found}, and was installed as one by ${publisher}. Does the app still trust that key? If so, install the plugin again`;
  throw installError("publisher-changed", id, message);
}

async function readWhole(store: CheckedStore, id: string, sha256: string, what: string): Promise<Uint8Array> {
  const bytes = await store.readFile(sha256);
  if (bytes === undefined) throw damaged(id, `${what} is not there`);
  if ((await sha256Hex(bytes)) !== sha256) throw damaged(id, `${what} was altered`);
  return bytes;
}

function damaged(id: string, reason: string): PluginError {
  return installError("installation-damaged", id, `What is stored of the installed plugin ${id} is not what was installed: ${reason}. Install it again`);
}
