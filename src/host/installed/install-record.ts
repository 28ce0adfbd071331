import { arrayOf, objectOf, oneOf, textOf, wholeNumberFrom } from "../../bytes/json-forms.js";
import type { JsonParser } from "../../bytes/json-parser.js";
import { plainText, PLUGIN_ID, SEMANTIC_VERSION, SHA256_DIGEST } from "../../package/text-rules.js";
import { installError } from "./install-error.js";

/** The layout of records that this version reads and writes. */
export const INSTALL_SCHEMA = 1;

/** Lists of what a plugin once was are cut off here, the oldest first. */
export const MOST_REMEMBERED = 256;

const digest = textOf(SHA256_DIGEST);
const version = textOf(SEMANTIC_VERSION);
const time = wholeNumberFrom(0);
const publisher = orNull(textOf({ test: (text) => /^\S{1,256}$/.test(text), wanted: "a key's id" }));
const ownersForm = arrayOf(textOf({ test: (text) => /^\S{1,256}$/.test(text), wanted: "a key's id, or component: and a digest" }), MOST_REMEMBERED);

const versionForm = objectOf(
  {
    version,
    /** The key that vouches for it: of those that signed it the pinned one. `null` for an unsigned one. */
    publisher,
    manifest: digest,
    signature: orNull(digest),
    component: digest,
    // Every file, each once, the manifest and its signature among them.
    files: arrayOf(objectOf({ sha256: digest, size: time })),
    installed: time,
    source: textOf({ test: (text) => text.length <= 4096, wanted: "at most 4096 characters" }),
  },
  { title: textOf(plainText(256)), description: textOf(plainText(4096)) },
);

const pluginForm = objectOf({
  schema: oneOf(INSTALL_SCHEMA),
  id: textOf(PLUGIN_ID),
  /** The pinned key. It stays while the plugin's data stays. */
  publisher,
  active: orNull(versionForm),
  /** What a roll-back goes to. */
  previous: orNull(versionForm),
  highest: objectOf({ version, manifest: digest }),
  rolledBackFrom: orNull(version),
  /** Whose data was kept for it: see `dataOwner`. */
  owners: ownersForm,
  components: arrayOf(digest, MOST_REMEMBERED),
  /** It was uninstalled, and its data is still being deleted. */
  isDeleting: oneOf(true, false),
  changed: time,
});

const stagingForm = objectOf({ schema: oneOf(INSTALL_SCHEMA), id: textOf(PLUGIN_ID), renewed: time, files: arrayOf(digest) });

/** One installed version. */
export type StoredVersion = ReturnType<typeof versionForm>;
/** What is known of one plugin: installed, or uninstalled with its data kept. */
export type PluginRecord = ReturnType<typeof pluginForm>;
/** An installation that is under way, or was interrupted: its files are kept for it. */
export type StagingRecord = ReturnType<typeof stagingForm>;

const PLUGIN = "plugin:";
const STAGING = "staging:";

export function pluginRecordName(id: string): string {
  return PLUGIN + id;
}

export function stagingRecordName(token: string): string {
  return STAGING + token;
}

/** The plugin's id that stands in a record's name, or `undefined` for another kind of record. */
export function pluginIdOf(name: string): string | undefined {
  return name.startsWith(PLUGIN) ? name.slice(PLUGIN.length) : undefined;
}

export function isStagingName(name: string): boolean {
  return name.startsWith(STAGING);
}

/**
 * Reads a plugin's stored record, which may be anything: any script of the origin, or another version of this package,
 * may have written it.
 *
 * @throws {PluginError} `installation-damaged` for what is no record of this plugin: it has the pinned key, without which
 *   nothing may be installed in its place.
 */
export function readPluginRecord(stored: unknown, id: string): PluginRecord | undefined {
  if (stored === undefined) return undefined;
  try {
    const record = pluginForm(stored, "record");
    if (record.id === id) return record;
  } catch (cause) {
    throw damagedRecord(id, cause instanceof Error ? cause.message : String(cause), cause);
  }
  throw damagedRecord(id, "it is another plugin's record");
}

/** Reads a staging record; `undefined` for what is none. */
export function readStagingRecord(stored: unknown): StagingRecord | undefined {
  try {
    return stagingForm(stored, "record");
  } catch {
    return undefined;
  }
}

function damagedRecord(id: string, reason: string, cause?: unknown): Error {
  const what = `What is stored about the installed plugin ${id} cannot be used: ${reason}. Uninstall it with its data, and install it again`;
  return installError("installation-damaged", id, what, cause);
}

function orNull<T>(parse: JsonParser<T>): JsonParser<T | null> {
  return (value, path) => (value === null ? null : parse(value, path));
}
