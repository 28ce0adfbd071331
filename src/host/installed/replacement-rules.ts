import { compareVersions, HOST_VERSION } from "../../admission/host-version.js";
import type { PluginError } from "../../errors/plugin-error.js";
import type { Manifest } from "../../package/manifest.js";
import type { Trust } from "../../trust/verify-signatures.js";
import { installError } from "./install-error.js";
import type { PluginRecord } from "./install-record.js";

/** What an app lets happen that is refused by default. */
export interface ReplacementPermissions {
  /** Go back to a version below one that was installed before. */
  readonly allowDowngrade?: boolean;
  /** Let another trusted key's package take the place of the pinned publisher's. It never lets an unsigned one do so. */
  readonly allowPublisherChange?: boolean;
  /** Let a package take the place of one that has the same version and other content. */
  readonly allowChangedContent?: boolean;
}

/** What shall be installed, as far as the rules ask for it. */
export interface Replacement {
  readonly id: string;
  readonly version: string;
  /** SHA-256 of its manifest. */
  readonly manifest: string;
  readonly trust: Trust;
}

/**
 * Holds what shall be installed against what is, or was.
 *
 * @throws {PluginError} `publisher-changed`, `version-conflict`, `downgrade-refused`
 */
export function checkReplacement(record: PluginRecord | undefined, given: Replacement, allowed: ReplacementPermissions): void {
  if (record === undefined) return;
  checkPublisher(record, given, allowed);
  checkContent(record, given, allowed);
  if (allowed.allowDowngrade === true || compare(given.version, record.highest.version) >= 0) return;
  const message = `Cannot install ${given.id} ${given.version}: ${record.highest.version} was installed here before, and an older version may have faults that it mended. Set \`allowDowngrade\` to install it all the same`;
  throw installError("downgrade-refused", given.id, message);
}

/** The key under which `given` is pinned from now on; `null` if nobody vouches for it. */
export function pinnedPublisher(record: PluginRecord | undefined, { trust }: Replacement): string | null {
  if (trust.kind === "unsigned") return null;
  const pinned = record?.publisher ?? null;
  // A second signature, or another order of the app's keys, changes no publisher.
  return pinned !== null && trust.keyIds.includes(pinned) ? pinned : trust.publisher;
}

/**
 * The pinned key itself must have signed: that another trusted key did is no more than anybody whom the app trusts can do.
 */
function checkPublisher({ publisher }: PluginRecord, { id, version, trust }: Replacement, allowed: ReplacementPermissions): void {
  if (publisher === null) return;
  const cannot = `Cannot install ${id} ${version}`;
  if (trust.kind === "unsigned") {
    const message = `${cannot}: no trusted key signed it, and the installed one is by ${publisher}. Uninstall that one with its data if you mean to replace it`;
    throw installError("publisher-changed", id, message);
  }
  if (trust.keyIds.includes(publisher) || allowed.allowPublisherChange === true) return;
  const message = `${cannot}: it is signed by ${trust.keyIds.join(", ")}, and the installed one is by ${publisher}. If the publisher told you of a new key, set \`allowPublisherChange\``;
  throw installError("publisher-changed", id, message);
}

function checkContent(record: PluginRecord, { id, version, manifest }: Replacement, allowed: ReplacementPermissions): void {
  if (allowed.allowChangedContent === true) return;
  const known = [record.active, record.previous, record.highest].find((one) => one !== null && one.manifest !== manifest && compare(one.version, version) === 0);
  if (known === undefined || known === null) return;
  const message = `Cannot install ${id} ${version}: another package of that version, with a manifest of SHA-256 ${known.manifest}, was installed here, and this one's is ${manifest}. A version is published once; set \`allowChangedContent\` if this is your own work`;
  throw installError("version-conflict", id, message);
}

/**
 * Refuses what no host of this version can load, so that it does not take the place of something that works.
 *
 * @throws {PluginError} `host-too-old`
 */
export function checkHostVersion({ id, version, minimumHost }: Manifest): void {
  if (minimumHost === undefined || (compareVersions(minimumHost, HOST_VERSION) ?? 1) <= 0) return;
  const message = `Cannot install ${id} ${version}: it needs Portcullis ${minimumHost} or newer, and this is ${HOST_VERSION}. Update the app first`;
  throw installError("host-too-old", id, message);
}

/** Compares versions that were checked to be semantic ones. */
export function compare(left: string, right: string): number {
  return compareVersions(left, right) ?? 0;
}

/** An app asked for a version of what is not there. */
export function notInstalled(id: string, doing: string): PluginError {
  return installError("not-installed", id, `Cannot ${doing} ${id}: it is not installed here`);
}
