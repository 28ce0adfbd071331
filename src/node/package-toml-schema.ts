import * as v from "valibot";
import { count, plainText, pluginId, positiveCount, semanticVersion, webAddress } from "../package/schema-parts.js";

const capabilityTable = v.strictObject({
  capability: plainText(512),
  reason: v.exactOptional(plainText(1024)),
  optional: v.exactOptional(v.boolean()),
});

/** What a table of code asks for. */
export const capabilityTables = {
  capabilities: v.exactOptional(v.array(v.union([plainText(512), capabilityTable], "must be a capability's name, or a table with capability, reason and optional"))),
  reasons: v.exactOptional(v.record(v.string(), plainText(1024))),
};

/**
 * The form of package.toml: fidius's tables and names, with what a browser host needs besides. Unknown
 * members are refused, because a misspelled one would be lost without a word.
 */
export const packageTomlSchema = v.strictObject({
  package: v.strictObject({
    name: pluginId,
    version: semanticVersion,
    interface: plainText(512),
    interface_version: count,
    runtime: v.picklist(["wasm", "rust", "python"], 'must be "wasm", "rust" or "python"'),
    minimum_host: v.exactOptional(semanticVersion),
    extension: v.exactOptional(v.string()),
  }),
  wasm: v.exactOptional(v.strictObject({
    component: v.string(),
    ...capabilityTables,
    precompiled: v.exactOptional(v.unknown()),
  })),
  // Read only for a plugin of that runtime: fidius's packages have tables that mean nothing here.
  rust: v.exactOptional(v.unknown()),
  python: v.exactOptional(v.unknown()),
  metadata: v.exactOptional(v.strictObject({
    title: v.exactOptional(plainText(256)),
    description: v.exactOptional(plainText(4096)),
    author: v.exactOptional(plainText(256)),
    license: v.exactOptional(plainText(256)),
    homepage: v.exactOptional(webAddress),
  })),
  limits: v.exactOptional(v.strictObject({
    memory_bytes: v.exactOptional(positiveCount),
    call_milliseconds: v.exactOptional(positiveCount),
  })),
  config: v.exactOptional(v.unknown()),
  contributes: v.exactOptional(v.unknown()),
});

/** What package.toml says, member by member. */
export type PackageToml = v.InferOutput<typeof packageTomlSchema>;
