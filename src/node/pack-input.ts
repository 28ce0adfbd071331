import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { JsonValue } from "../bytes/canonical-json.js";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import { parseBoundedJson } from "../package/bounded-json.js";
import type { ManifestMetadata } from "../package/manifest.js";
import { isPluginId, isSemanticVersion } from "../package/plugin-identity.js";
import { quotedText } from "../package/quoted-text.js";
import { type BridgeInput, readBridgeInput } from "./bridge-input.js";
import { completeRequests, type WrittenCapability } from "./capability-requests.js";
import { parsePackageToml, type PluginDescription } from "./plugin-description.js";
import { confinedPath, readBoundedFile, unreadable } from "./read-bounded-file.js";

/** What a bare component does not say about itself. */
export interface ComponentDescription {
  /** Dotted lower-case name, such as `acme.blur`. */
  readonly id: string;
  /** Semantic version. */
  readonly version: string;
  /** @defaultValue the first interface that the component exports */
  readonly interface?: string;
  /** @defaultValue 0 */
  readonly interfaceVersion?: number;
  /** @defaultValue none */
  readonly capabilities?: readonly WrittenCapability[];
  readonly metadata?: ManifestMetadata;
}

/** Everything that packing starts from. */
export interface PackInput {
  /** A component, or what a bridge runs. */
  readonly code: ComponentInput | BridgeInput;
  readonly description: PluginDescription;
  readonly warnings: readonly string[];
}

export interface ComponentInput {
  readonly runtime: "wasm";
  readonly component: Uint8Array;
}

/** The file in a plugin's directory that describes it. */
export const PACKAGE_TOML = "package.toml";

const MAXIMUM_TOML_BYTES = 1024 * 1024;

/**
 * Reads a plugin's directory, or a bare component that `identity` describes.
 *
 * @throws {PluginError} `source-unreachable`, `package-invalid`, `package-too-large`, `manifest-invalid`,
 * `capability-unknown`, or `usage-invalid` for WIT that cannot be read, a directory with an identity and a
 * component without
 */
export async function readPackInput(path: string, identity: ComponentDescription | undefined, limits: PluginLimits): Promise<PackInput> {
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, "pack", cause);
  });
  if (found.isDirectory()) {
    if (identity === undefined) return readDirectory(path, limits);
    throw usage(`${path} is a directory, whose ${PACKAGE_TOML} says what it is; an id or version cannot be given besides`);
  }
  if (identity === undefined) {
    throw usage(`${path} is a bare component, which does not say what it is; give an id and a version, or the directory of a ${PACKAGE_TOML}`);
  }
  return {
    code: { runtime: "wasm", component: await readBoundedFile(path, limits.packageBytes, "pack") },
    description: describeBareComponent(identity),
    warnings: [],
  };
}

async function readDirectory(directory: string, limits: PluginLimits): Promise<PackInput> {
  const toml = await readBoundedFile(join(directory, PACKAGE_TOML), MAXIMUM_TOML_BYTES, "pack");
  const { code: table, description: written, warnings } = parsePackageToml(toml);
  const description = { ...written, config: await readConfig(directory, written.config) };
  if (table.runtime === "wasm") {
    const component = await readBoundedFile(await confinedPath(directory, table.component), limits.packageBytes, "pack");
    return { code: { runtime: "wasm", component }, description, warnings };
  }
  const code = await readBridgeInput(directory, table, description.capabilities, limits);
  return { code, description: { ...description, capabilities: code.capabilities }, warnings };
}

/** The configuration schema itself, where its place in a file was given. */
export async function readConfig(directory: string, config: JsonValue | undefined): Promise<JsonValue | undefined> {
  if (typeof config !== "string") return config;
  const bytes = await readBoundedFile(await confinedPath(directory, config, "Write it"), MAXIMUM_TOML_BYTES, "pack");
  return parseBoundedJson(bytes, MAXIMUM_TOML_BYTES, (reason) => {
    const message = `Cannot read the configuration schema ${quotedText(config)}: ${reason}`;
    return new PluginError({ code: "manifest-invalid", stage: "pack", message });
  }) as JsonValue;
}

function describeBareComponent(identity: ComponentDescription): PluginDescription {
  const { id, version, interfaceVersion = 0 } = identity;
  if (!isPluginId(id)) throw usage(`the id ${quotedText(id)} is not dotted lower-case words such as acme.blur`);
  if (!isSemanticVersion(version)) throw usage(`the version ${quotedText(version)} is not a semantic version such as 1.2.3`);
  return {
    id,
    version,
    interface: identity.interface === undefined ? undefined : { name: identity.interface, version: interfaceVersion },
    minimumHost: undefined,
    metadata: identity.metadata ?? {},
    capabilities: completeRequests(identity.capabilities ?? []),
    limits: {},
    config: undefined,
    contributes: undefined,
  };
}

function usage(reason: string): PluginError {
  return new PluginError({ code: "usage-invalid", stage: "pack", message: `Cannot pack: ${reason}` });
}
