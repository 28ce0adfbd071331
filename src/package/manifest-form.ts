import type { JsonValue } from "../bytes/canonical-json.js";
import { anyJson, arrayOf, objectOf, oneOf, textOf, wholeNumberFrom } from "../bytes/json-forms.js";
import type { JsonParser } from "../bytes/json-parser.js";
import { parseWorld } from "../component/parse-world.js";
import { bridgeItemType } from "./bridge-item.js";
import { MANIFEST_SCHEMA, PROTOCOL_VERSION, type BridgeCode, type CoreModuleReference, type Manifest } from "./manifest.js";
import { PACKAGE_PATH, plainText, PLUGIN_ID, SEMANTIC_VERSION, SHA256_DIGEST, WEB_ADDRESS } from "./text-rules.js";

const text = (maximum: number) => textOf(plainText(maximum));
const count = wholeNumberFrom(0);
const positiveCount = wholeNumberFrom(1);
const path = textOf(PACKAGE_PATH);
const sha256 = textOf(SHA256_DIGEST);
const version = textOf(SEMANTIC_VERSION);
// The value came out of the JSON parser and is within its depth bound.
const opaque = anyJson as JsonParser<JsonValue>;

const module = {
  name: textOf({ test: (name) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name), wanted: "letters, digits, '.', '_' and '-', at most 128" }),
  sha256,
  size: count,
};
const moduleInComponent = objectOf({ ...module, offset: count });
const moduleInFile = objectOf({ ...module, path });

function coreModule(value: unknown, at: string): CoreModuleReference {
  const isFile = typeof value === "object" && value !== null && Object.hasOwn(value, "path");
  return isFile ? moduleInFile(value, at) : moduleInComponent(value, at);
}

const bridgeCode: JsonParser<BridgeCode> = objectOf({
  interfaceHash: textOf({ test: (digits) => /^[0-9a-f]{16}$/.test(digits), wanted: "16 lower-case hexadecimal digits" }),
  methods: arrayOf(objectOf({ function: text(256), raw: oneOf(true, false), takesStream: oneOf(true, false) }, { item: bridgeItemType, optionalBit: count }), 1024),
}, {
  libraries: arrayOf(objectOf({ platform: textOf({ test: (name) => /^[a-z0-9]+-[a-z0-9]+$/.test(name), wanted: "a system and a processor such as linux-x64" }), path }), 16),
  entryModule: textOf({ test: (name) => /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/.test(name) && name.length <= 256, wanted: "the name of a Python module" }),
});

/** The form of a manifest, member by member. What members say about each other is checked after it. */
export const manifestForm: JsonParser<Manifest> = objectOf({
  schema: oneOf(MANIFEST_SCHEMA),
  protocol: oneOf(PROTOCOL_VERSION),
  id: textOf(PLUGIN_ID),
  version,
  runtime: oneOf("wasm", "rust", "python"),
  metadata: objectOf({}, { title: text(256), description: text(4096), author: text(256), license: text(256), homepage: textOf(WEB_ADDRESS) }),
  interface: objectOf({ name: text(512), version: count, hash: sha256 }),
  world: parseWorld,
  capabilities: arrayOf(objectOf({ capability: text(512), reason: text(1024), optional: oneOf(true, false) }), 256),
  limits: objectOf({}, { memoryBytes: positiveCount, callMilliseconds: positiveCount }),
  files: arrayOf(objectOf({ path, size: count, sha256 })),
  transpiled: arrayOf(objectOf({
    key: objectOf({ wasmSha256: sha256, transpilerVersion: text(1024), target: text(64), engineConfigHash: sha256 }),
    glue: path,
    coreModules: arrayOf(coreModule, 1024),
  }), 16),
}, { minimumHost: version, config: opaque, contributes: opaque, component: path, bridge: bridgeCode });
