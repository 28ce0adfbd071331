import { compareVersions } from "../admission/host-version.js";
import { sha256Hex } from "../bytes/sha256.js";
import { PluginError } from "../errors/plugin-error.js";
import { PluginPackage } from "../package/plugin-package.js";
import type { RegistryEntry } from "../package/registry-index.js";
import { type VerifiedIndex, verifyIndex } from "../trust/verify-index.js";
import { fetchBytes } from "./fetch-bytes.js";
import { readLastSequence, storeLastSequence } from "./index-sequence.js";
import type { PluginSource, SourceContext } from "./plugin-source.js";

export interface UrlSourceOptions {
  /** Used instead of the page's `fetch`, for authentication or tests. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * A registry of plugins on any static file server: an `index.json` with its signature `index.sig` beside it,
 * and a directory for each plugin version, as `portcullis index` makes them.
 *
 * The index is signed by a key that the trust policy knows, has a sequence number that must not go back
 * (what was seen last is remembered in IndexedDB) and an expiry, so that nobody on the way can hold an app
 * at an old state.
 *
 * @param index - address of `index.json`, relative to the page.
 * @example `urlSource("/plugins/index.json")`
 */
export function urlSource(index: string | URL, options: UrlSourceOptions = {}): PluginSource {
  const indexUrl = new URL(index, globalThis.document?.baseURI ?? globalThis.location?.href);
  const fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  const read = (context: SourceContext) => readIndex(indexUrl, fetch, context);
  return {
    name: indexUrl.href,
    async *list(context) {
      const { index: content, rejected } = await read(context);
      for (const { id, version, title, description } of content.plugins) {
        yield { listing: { id, version, title, description, source: indexUrl.href } };
      }
      for (const { position, reason } of rejected) {
        const message = `Entry ${position} of ${indexUrl.href} is left out: ${reason}`;
        yield { problem: new PluginError({ code: "index-invalid", stage: "discover", message }) };
      }
    },
    async open(id, version, context) {
      const entry = newestEntry((await read(context)).index.plugins, id, version);
      return entry === undefined ? undefined : openEntry(entry, indexUrl, fetch, context);
    },
  };
}

async function readIndex(url: URL, fetch: typeof globalThis.fetch, context: SourceContext): Promise<VerifiedIndex> {
  const { limits, signal, trust } = context;
  const options = { fetch, signal, maximumBytes: limits.indexBytes, cache: "no-cache" } as const;
  const [indexBytes, signatureBytes] = await Promise.all([
    fetchBytes(url, options),
    fetchBytes(new URL("index.sig", url), options),
  ]);
  if (indexBytes === null) throw missing(url);
  const lastSequence = await readLastSequence(url.href);
  const verified = await verifyIndex({ indexBytes, signatureBytes, policy: trust, now: new Date(), lastSequence, limits });
  await storeLastSequence(url.href, verified.index.sequence);
  return verified;
}

function newestEntry(entries: readonly RegistryEntry[], id: string, version: string | undefined): RegistryEntry | undefined {
  return entries
    .filter((entry) => entry.id === id && (version === undefined || entry.version === version))
    .reduce<RegistryEntry | undefined>((best, entry) => {
      return best === undefined || (compareVersions(entry.version, best.version) ?? 0) > 0 ? entry : best;
    }, undefined);
}

async function openEntry(entry: RegistryEntry, indexUrl: URL, fetch: typeof globalThis.fetch, context: SourceContext): Promise<PluginPackage> {
  const directory = new URL(`${entry.path}/`, indexUrl);
  const { limits, signal, onDownload } = context;
  const small = { fetch, signal, maximumBytes: limits.manifestBytes, cache: "no-cache" } as const;
  const manifestUrl = new URL("manifest.json", directory);
  const [manifestBytes, signatureBytes] = await Promise.all([
    fetchBytes(manifestUrl, small),
    fetchBytes(new URL("manifest.sig", directory), small),
  ]);
  if (manifestBytes === null) throw missing(manifestUrl);
  const digest = await sha256Hex(manifestBytes);
  if (digest !== entry.manifestSha256) {
    const message = `Cannot load ${entry.id}: ${manifestUrl.href} has SHA-256 ${digest}, and the registry's index says ${entry.manifestSha256}. Publish the index again`;
    throw new PluginError({ code: "digest-mismatch", stage: "verify", pluginId: entry.id, message });
  }
  const opened: PluginPackage = PluginPackage.open(
    {
      origin: directory.href,
      manifestBytes,
      signatureBytes,
      readFile: async (path, readSignal) => {
        const url = new URL(path, directory);
        // No more than the signed manifest says is ever read; a shorter or altered file fails its digest.
        const maximumBytes = opened.manifest.files.find((file) => file.path === path)?.size ?? 0;
        const onProgress = (loaded: number, total: number | undefined) => onDownload(path, loaded, total ?? maximumBytes);
        const bytes = await fetchBytes(url, { fetch, signal: readSignal, maximumBytes, cache: "default", onProgress });
        if (bytes === null) throw missing(url);
        return bytes;
      },
    },
    limits,
  );
  return opened;
}

function missing(url: URL): PluginError {
  const message = `Cannot fetch ${url.href}: the server has no such file. Check the address`;
  return new PluginError({ code: "source-unreachable", stage: "download", message });
}
