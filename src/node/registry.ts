import { rm } from "node:fs/promises";
import { join } from "node:path";
import { compareVersions } from "../admission/host-version.js";
import { canonicalJson } from "../bytes/canonical-json.js";
import { sha256Hex } from "../bytes/sha256.js";
import { PluginError } from "../errors/plugin-error.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../limits/plugin-limits.js";
import { encodeIndex, INDEX_SCHEMA, parseIndex, type RegistryEntry, type RegistryIndex } from "../package/registry-index.js";
import { signIndex } from "../trust/signature-envelope.js";
import type { TrustPolicy } from "../trust/trust-policy.js";
import { findPackages, type RefusedPackage } from "./find-packages.js";
import { readBoundedFile } from "./read-bounded-file.js";
import { exists, writeWholeFile, writing } from "./write-package.js";

const DAY = 24 * 60 * 60 * 1000;

export interface RegistryIndexOptions {
  /** The registry: a directory with packages anywhere below it. */
  readonly directory: string;
  /** 32-byte secret seeds to sign the index with. None: it is not signed, and most hosts refuse it. */
  readonly signingKeys: readonly Uint8Array[];
  /** Lists only packages that this accepts. @defaultValue every package that is whole */
  readonly trust?: TrustPolicy;
  /** How long clients may believe the index, in days. @defaultValue 90 */
  readonly expiresDays?: number;
  /** The present time. @defaultValue the clock's */
  readonly now?: Date;
  readonly limits?: PluginLimits;
}

export interface RegistryIndexResult {
  readonly index: RegistryIndex;
  /** Path of the index that was written; `index.sig` is beside it. */
  readonly path: string;
  /** The list differs from the one before, so the sequence number grew. */
  readonly changed: boolean;
  /** What was left out, and why. The others are listed all the same. */
  readonly refused: readonly RefusedPackage[];
  /** Directories of packages that nobody signed. */
  readonly unsigned: readonly string[];
}

/**
 * Makes a directory of packages a registry: checks each package, and writes `index.json` with its signature
 * `index.sig`, which hosts read through `urlSource`. Nothing is copied. A bad package is left out and
 * reported.
 *
 * The sequence number grows by one whenever the list changes. Running it again without a change only
 * renews the time until which clients believe the index.
 *
 * @throws {PluginError} `index-invalid` if the present index cannot be read, since its sequence number would
 * be lost; `usage-invalid`, `source-unreachable`
 */
export async function createRegistryIndex(options: RegistryIndexOptions): Promise<RegistryIndexResult> {
  const { directory, signingKeys, trust, limits = DEFAULT_LIMITS, now = new Date() } = options;
  const expires = expiry(now, options.expiresDays ?? 90);
  const path = join(directory, "index.json");
  const previous = await readPrevious(path, limits);
  const { found, refused } = await findPackages(directory, { trust, limits });
  const plugins = await Promise.all(found.map(async ({ path: place, package: opened }): Promise<RegistryEntry> => {
    const { id, version, metadata: { title, description } } = opened.manifest;
    return {
      id,
      version,
      path: place,
      manifestSha256: await sha256Hex(opened.manifestBytes),
      ...(title === undefined ? {} : { title }),
      ...(description === undefined ? {} : { description }),
    };
  }));
  plugins.sort((a, b) => (a.id === b.id ? (compareVersions(a.version, b.version) ?? 0) : a.id < b.id ? -1 : 1));
  const changed = previous === undefined || listText(previous.plugins) !== listText(plugins);
  const sequence = previous === undefined ? 1 : previous.sequence + (changed ? 1 : 0);
  const index: RegistryIndex = { schema: INDEX_SCHEMA, sequence, expires, plugins };
  await writeIndex(directory, path, encodeIndex(index), signingKeys);
  const unsigned = found.filter(({ package: opened }) => opened.signatureBytes === null).map(({ path: place }) => place);
  return { index, path, changed, refused, unsigned };
}

function expiry(now: Date, days: number): string {
  const time = new Date(now.getTime() + days * DAY);
  if (days > 0 && !Number.isNaN(time.getTime()) && time.getUTCFullYear() <= 9999) return time.toISOString();
  const message = `Cannot make an index that is valid for ${days} days: give a number above 0`;
  throw new PluginError({ code: "usage-invalid", stage: "pack", message });
}

async function readPrevious(path: string, limits: PluginLimits): Promise<RegistryIndex | undefined> {
  if (!(await exists(path))) return undefined;
  try {
    return parseIndex(await readBoundedFile(path, limits.indexBytes, "pack"), limits).index;
  } catch (cause) {
    if (!(cause instanceof PluginError)) throw cause;
    const message = `${cause.message}. Its sequence number is needed, since clients refuse one that goes back: restore ${path}, or delete it if no client has seen it`;
    throw new PluginError({ code: cause.code, stage: "pack", message, cause });
  }
}

function listText(plugins: readonly RegistryEntry[]): string {
  return canonicalJson(plugins.map((entry) => ({ ...entry })));
}

async function writeIndex(directory: string, path: string, bytes: Uint8Array, signingKeys: readonly Uint8Array[]): Promise<void> {
  const signaturePath = join(directory, "index.sig");
  if (signingKeys.length === 0) {
    await writing(signaturePath, () => rm(signaturePath, { force: true }));
    await writeWholeFile(path, bytes);
    return;
  }
  const signature = await signIndex(bytes, signingKeys);
  // One right after the other. Who reads between the two sees a wrong signature, and asks again.
  await writeWholeFile(path, bytes);
  await writeWholeFile(signaturePath, signature);
}
