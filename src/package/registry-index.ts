import * as v from "valibot";
import { canonicalJson, type JsonValue } from "../bytes/canonical-json.js";
import { toUtf8 } from "../bytes/utf8.js";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import { parseBoundedJson } from "./bounded-json.js";
import { checkPackagePath } from "./package-path.js";
import { count, describeIssue, plainText, pluginId, semanticVersion, sha256Digest } from "./schema-parts.js";

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

const indexSchema = v.strictObject({
  schema: v.literal(INDEX_SCHEMA),
  sequence: count,
  expires: v.pipe(v.string(), v.check(isInstant, "must be a UTC time such as 2027-01-31T00:00:00.000Z")),
  plugins: v.array(v.unknown()),
});

const entrySchema = v.strictObject({
  id: pluginId,
  version: semanticVersion,
  path: v.pipe(
    v.string(),
    v.check((text) => checkPackagePath(text) === undefined, "must be a safe relative path"),
  ),
  manifestSha256: sha256Digest,
  title: v.exactOptional(plainText(256)),
  description: v.exactOptional(plainText(4096)),
});

/**
 * Parses a registry's `index.json`. A bad entry is reported and left out; it never hides the others.
 * Of two entries for one version the first counts.
 *
 * @throws {PluginError} `index-invalid` if the index as a whole cannot be read
 */
export function parseIndex(bytes: Uint8Array, limits: PluginLimits): ParsedIndex {
  const value = parseBoundedJson(bytes, limits.indexBytes, refuse);
  const result = v.safeParse(indexSchema, value, { abortEarly: true });
  if (!result.success) throw refuse(describeIssue(result.issues[0]));
  const plugins = new Map<string, RegistryEntry>();
  const rejected: RejectedEntry[] = [];
  for (const [position, candidate] of result.output.plugins.entries()) {
    const entry = v.safeParse(entrySchema, candidate, { abortEarly: true });
    if (!entry.success) {
      rejected.push({ position, reason: describeIssue(entry.issues[0]) });
      continue;
    }
    const name = `${entry.output.id} ${entry.output.version}`;
    if (plugins.has(name)) rejected.push({ position, reason: `${name} is listed before` });
    else plugins.set(name, entry.output);
  }
  return { index: { ...result.output, plugins: [...plugins.values()] }, rejected };
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
