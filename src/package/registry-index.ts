import { canonicalJson, type JsonValue } from "../bytes/canonical-json.js";
import { anyJson, arrayOf, objectOf, oneOf, textOf, wholeNumberFrom } from "../bytes/json-forms.js";
import { JsonProblem, parseDocument, type JsonParser } from "../bytes/json-parser.js";
import { toUtf8 } from "../bytes/utf8.js";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import { parseBoundedJson } from "./bounded-json.js";
import { PACKAGE_PATH, plainText, PLUGIN_ID, SEMANTIC_VERSION, SHA256_DIGEST } from "./text-rules.js";

/** The index layout that this version reads and writes. */
export const INDEX_SCHEMA = 1;

/** `index.json` of a static registry: which plugins it has, and until when that may be believed. */
export interface RegistryIndex {
  readonly schema: typeof INDEX_SCHEMA;
  /** Grows with every publication. A client refuses a lower one than it has seen. */
  readonly sequence: number;
  /** When the index stops being valid, as an ISO 8601 UTC time such as `2027-01-31T00:00:00.000Z`. */
  readonly expires: string;
  readonly plugins: readonly RegistryEntry[];
}

/** One version of one plugin. */
export interface RegistryEntry {
  readonly id: string;
  readonly version: string;
  /** Directory of the package, relative to the index. */
  readonly path: string;
  /** SHA-256 of its `manifest.json`. */
  readonly manifestSha256: string;
  readonly title?: string;
  readonly description?: string;
}

/** An entry that was left out, and why. */
export interface RejectedEntry {
  /** Position in the index's list of plugins, from 0. */
  readonly position: number;
  readonly reason: string;
}

export interface ParsedIndex {
  /** With its valid entries only. */
  readonly index: RegistryIndex;
  readonly rejected: readonly RejectedEntry[];
}

const indexForm = objectOf({
  schema: oneOf(INDEX_SCHEMA),
  sequence: wholeNumberFrom(0),
  expires: textOf({ test: isInstant, wanted: "a UTC time such as 2027-01-31T00:00:00.000Z" }),
  plugins: arrayOf(anyJson),
});

const entryForm: JsonParser<RegistryEntry> = objectOf(
  { id: textOf(PLUGIN_ID), version: textOf(SEMANTIC_VERSION), path: textOf(PACKAGE_PATH), manifestSha256: textOf(SHA256_DIGEST) },
  { title: textOf(plainText(256)), description: textOf(plainText(4096)) },
);

/**
 * Parses a registry's `index.json`. A bad entry is reported and left out; it never hides the others.
 * Of two entries for one version the first counts.
 *
 * @throws {PluginError} `index-invalid` if the index as a whole cannot be read
 */
export function parseIndex(bytes: Uint8Array, limits: PluginLimits): ParsedIndex {
  const value = parseBoundedJson(bytes, limits.indexBytes, refuse);
  const index = parseDocument(indexForm, value, "index", refuse);
  const plugins = new Map<string, RegistryEntry>();
  const rejected: RejectedEntry[] = [];
  for (const [position, candidate] of index.plugins.entries()) {
    try {
      const entry = entryForm(candidate, "entry");
      const name = `${entry.id} ${entry.version}`;
      if (plugins.has(name)) rejected.push({ position, reason: `${name} is listed before` });
      else plugins.set(name, entry);
    } catch (error) {
      if (!(error instanceof JsonProblem)) throw error;
      rejected.push({ position, reason: error.message });
    }
  }
  return { index: { ...index, plugins: [...plugins.values()] }, rejected };
}

/** The canonical bytes of `index`: what is stored and signed. */
export function encodeIndex(index: RegistryIndex): Uint8Array<ArrayBuffer> {
  // Every member is JSON, but an interface has no index signature to say so.
  return toUtf8(canonicalJson(index as unknown as JsonValue));
}

function refuse(reason: string): PluginError {
  return new PluginError({
    code: "index-invalid",
    stage: "discover",
    message: `Cannot read the registry's index: ${reason}`,
  });
}

// Written back and compared, because engines read the 30th of February as a day in March.
function isInstant(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return false;
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text;
}
