import * as v from "valibot";
import type { JsonValue } from "../bytes/canonical-json.js";
import { MANIFEST_SCHEMA, PROTOCOL_VERSION } from "./manifest.js";
import { checkPackagePath } from "./package-path.js";
import { count, plainText, pluginId, positiveCount, semanticVersion, sha256Digest, webAddress } from "./schema-parts.js";

// Opaque data is carried by reference, never copied member by member, so that a member named
// `__proto__` stays data. The value came out of the JSON parser and is within its depth bound.
const opaqueJson = v.custom<JsonValue>(() => true);

const path = v.pipe(
  v.string(),
  v.check((text) => checkPackagePath(text) === undefined, "must be a safe relative path"),
);

const moduleName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "must be letters, digits, '.', '_' and '-', at most 128"),
);

const metadata = v.strictObject({
  title: v.exactOptional(plainText(256)),
  description: v.exactOptional(plainText(4096)),
  author: v.exactOptional(plainText(256)),
  license: v.exactOptional(plainText(256)),
  homepage: v.exactOptional(webAddress),
});

const capability = v.strictObject({
  capability: plainText(512),
  reason: plainText(1024),
  optional: v.boolean(),
});

const file = v.strictObject({ path, size: count, sha256: sha256Digest });

const coreModule = v.union([
  v.strictObject({ name: moduleName, sha256: sha256Digest, size: count, offset: count }),
  v.strictObject({ name: moduleName, sha256: sha256Digest, size: count, path }),
], "must give either a path or an offset, with name, sha256 and size");

const transpiled = v.strictObject({
  key: v.strictObject({
    wasmSha256: sha256Digest,
    transpilerVersion: plainText(1024),
    target: plainText(64),
    engineConfigHash: sha256Digest,
  }),
  glue: path,
  coreModules: v.pipe(v.array(coreModule), v.maxLength(1024, "must have at most 1024 modules")),
});

/** The form of a manifest, member by member. What members say about each other is checked after it. */
export const manifestSchema = v.strictObject({
  schema: v.literal(MANIFEST_SCHEMA),
  protocol: v.literal(PROTOCOL_VERSION),
  id: pluginId,
  version: semanticVersion,
  runtime: v.picklist(["wasm", "rust", "python"]),
  minimumHost: v.exactOptional(semanticVersion),
  metadata,
  interface: v.strictObject({ name: plainText(512), version: count, hash: sha256Digest }),
  world: v.unknown(),
  capabilities: v.pipe(v.array(capability), v.maxLength(256, "must have at most 256 requests")),
  limits: v.strictObject({
    memoryBytes: v.exactOptional(positiveCount),
    callMilliseconds: v.exactOptional(positiveCount),
  }),
  config: v.exactOptional(opaqueJson),
  contributes: v.exactOptional(opaqueJson),
  component: path,
  files: v.array(file),
  transpiled: v.pipe(v.array(transpiled), v.maxLength(16, "must have at most 16 outputs")),
});
