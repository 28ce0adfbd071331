import { canonicalJson, type JsonValue } from "../bytes/canonical-json.js";
import { parseDocument } from "../bytes/json-parser.js";
import { fromUtf8, toUtf8 } from "../bytes/utf8.js";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import { parseBoundedJson } from "./bounded-json.js";
import { checkManifest } from "./check-manifest.js";
import { MANIFEST_SCHEMA, PROTOCOL_VERSION, type Manifest } from "./manifest.js";
import { manifestForm } from "./manifest-form.js";

function refuse(reason: string): PluginError {
  return new PluginError({
    code: "manifest-invalid",
    stage: "verify",
    message: `Cannot read the plugin's manifest: ${reason}`,
  });
}

/**
 * Parses `manifest.json`. The bytes must be the canonical JSON of what was understood, so that no
 * member that was signed is dropped unread and one manifest has exactly one spelling.
 *
 * @param limits - bounds on the manifest's size and on what it announces, checked before memory is taken
 * @throws {PluginError} `manifest-invalid`, `package-too-large` or, for another manifest or protocol
 * version, `protocol-unsupported`
 */
export function parseManifest(bytes: Uint8Array, limits: PluginLimits): Manifest {
  const value = parseBoundedJson(bytes, limits.manifestBytes, refuse);
  checkVersions(value);
  const manifest = parseDocument(manifestForm, value, "manifest", refuse);
  checkManifest(manifest, bytes.length, limits, refuse);
  let canonical: string;
  try {
    canonical = canonicalManifest(manifest);
  } catch {
    // A number such as 1e999 is an infinity after parsing.
    throw refuse("it has a number that JSON cannot carry");
  }
  if (canonical !== fromUtf8(bytes)) {
    throw refuse("its bytes are not the canonical JSON of its content (RFC 8785); write it with `portcullis pack`");
  }
  return manifest;
}

// Versions come before the form: a newer manifest has members that this version cannot know.
function checkVersions(value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse("it is not a JSON object");
  }
  const schema: unknown = Object.hasOwn(value, "schema") ? Reflect.get(value, "schema") : undefined;
  const protocol: unknown = Object.hasOwn(value, "protocol") ? Reflect.get(value, "protocol") : undefined;
  if (typeof schema !== "number") throw refuse(`"schema" must be the number ${MANIFEST_SCHEMA}`);
  if (typeof protocol !== "number") throw refuse(`"protocol" must be the number ${PROTOCOL_VERSION}`);
  if (schema !== MANIFEST_SCHEMA) throw unsupported("manifest schema", schema, MANIFEST_SCHEMA);
  if (protocol !== PROTOCOL_VERSION) throw unsupported("protocol", protocol, PROTOCOL_VERSION);
}

function unsupported(what: string, found: number, wanted: number): PluginError {
  const advice = found > wanted ? "update the app" : "pack the plugin again";
  return new PluginError({
    code: "protocol-unsupported",
    stage: "verify",
    message: `Cannot read the plugin's manifest: it is of ${what} ${found}, this host reads ${wanted}; ${advice}`,
  });
}

/** The one spelling of `manifest`: the bytes that are stored and signed. */
export function encodeManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
  return toUtf8(canonicalManifest(manifest));
}

function canonicalManifest(manifest: Manifest): string {
  // Every member is JSON, but an interface has no index signature to say so.
  return canonicalJson(manifest as unknown as JsonValue);
}
