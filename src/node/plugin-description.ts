import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import type { JsonValue } from "../bytes/canonical-json.js";
import { fromUtf8 } from "../bytes/utf8.js";
import { PluginError } from "../errors/plugin-error.js";
import type { CapabilityRequest, ManifestInterface, ManifestLimits, ManifestMetadata } from "../package/manifest.js";
import { describeIssue } from "../package/schema-parts.js";
import { type BridgeDescription, parseBridgeTable } from "./bridge-description.js";
import { completeRequests } from "./capability-requests.js";
import { packageTomlSchema, type PackageToml } from "./package-toml-schema.js";

/** What an author says about a plugin. Everything else is read from the component, or from the WIT. */
export interface PluginDescription {
  readonly id: string;
  readonly version: string;
  /** Without it, the first interface that the component exports. */
  readonly interface: Omit<ManifestInterface, "hash"> | undefined;
  readonly minimumHost: string | undefined;
  readonly metadata: ManifestMetadata;
  readonly capabilities: readonly CapabilityRequest[];
  readonly limits: ManifestLimits;
  /** JSON Schema of the configuration, or the path of a JSON file with it. */
  readonly config: JsonValue | undefined;
  readonly contributes: JsonValue | undefined;
}

/** What a package.toml says. */
export interface PackageTomlContent {
  readonly description: PluginDescription;
  /** Where its code is. */
  readonly code: ComponentTable | BridgeDescription;
  /** What was understood and not used. */
  readonly warnings: readonly string[];
}

/** What a package.toml says of a component. */
export interface ComponentTable {
  readonly runtime: "wasm";
  /** Path of the component, as written. */
  readonly component: string;
}

/**
 * Parses a package.toml.
 *
 * @throws {PluginError} `manifest-invalid`, `capability-unknown`, `capability-invalid`
 */
export function parsePackageToml(bytes: Uint8Array): PackageTomlContent {
  const result = v.safeParse(packageTomlSchema, parseToml(bytes), { abortEarly: true });
  if (!result.success) throw refuse(describeIssue(result.issues[0]));
  const { package: identity, metadata, limits, config, contributes } = result.output;
  const { capabilities = [], reasons, ...code } = codeTable(result.output);
  return {
    description: {
      id: identity.name,
      version: identity.version,
      interface: { name: identity.interface, version: identity.interface_version },
      minimumHost: identity.minimum_host,
      metadata: metadata ?? {},
      capabilities: completeRequests(capabilities, reasons, code.runtime),
      limits: manifestLimits(limits),
      config: config === undefined ? undefined : toJson(config, "config"),
      contributes: contributes === undefined ? undefined : toJson(contributes, "contributes"),
    },
    code,
    warnings: unusedMembers(result.output),
  };
}

type CodeTable = (ComponentTable | BridgeDescription) & Pick<NonNullable<PackageToml["wasm"]>, "capabilities" | "reasons">;

/** The table of the plugin's own runtime. */
function codeTable({ package: { runtime }, wasm, rust, python }: PackageToml): CodeTable {
  if (runtime !== "wasm") return parseBridgeTable(runtime, runtime === "rust" ? rust : python, refuse);
  if (wasm === undefined) throw refuse('it has no [wasm] table; add one with component = "<file>.wasm"');
  const { component, capabilities, reasons } = wasm;
  return { runtime, component, ...(capabilities === undefined ? {} : { capabilities }), ...(reasons === undefined ? {} : { reasons }) };
}

/** The content of a TOML file. Throws `manifest-invalid`. */
export function parseToml(bytes: Uint8Array): unknown {
  const text = fromUtf8(bytes);
  if (text === undefined) throw refuse("it is not well-formed UTF-8");
  try {
    return parse(text.replace(/^\ufeff/, ""), { maxDepth: MAXIMUM_DEPTH });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [reason] = cause.message.split("\n", 1);
    throw refuse(`line ${cause.line}, column ${cause.column}: ${reason}`, cause);
  }
}

function manifestLimits(limits: PackageToml["limits"]): ManifestLimits {
  return {
    ...(limits?.memory_bytes === undefined ? {} : { memoryBytes: limits.memory_bytes }),
    ...(limits?.call_milliseconds === undefined ? {} : { callMilliseconds: limits.call_milliseconds }),
  };
}

function unusedMembers({ package: identity, wasm, rust, python }: PackageToml): string[] {
  const unused = [
    ...(identity.extension === undefined ? [] : ["package.extension"]),
    ...(identity.runtime !== "wasm" || wasm?.precompiled === undefined ? [] : ["wasm.precompiled"]),
    ...Object.entries({ wasm, rust, python }).flatMap(([name, table]) => (table === undefined || name === identity.runtime ? [] : [`[${name}]`])),
  ];
  return unused.map((name) => `package.toml has ${name}, which is not used here`);
}

// Well below the depth that manifests may have, since this is put into one.
const MAXIMUM_DEPTH = 32;

/** `value` itself, if JSON can carry it: TOML also has dates and numbers without end. */
export function toJson(value: unknown, path: string, depth = 0): JsonValue {
  if (depth > MAXIMUM_DEPTH) throw refuse(`${path} is nested more than ${MAXIMUM_DEPTH} deep`);
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "object" || value === null || value instanceof Date) {
    throw refuse(`${path} has a value that JSON does not: ${String(value)}. Write it as a text`);
  }
  for (const [name, member] of Object.entries(value)) toJson(member, `${path}.${name}`, depth + 1);
  // Checked just now, member by member; kept as it is, so that a member named `__proto__` stays data.
  return value as JsonValue;
}

function refuse(reason: string, cause?: unknown): PluginError {
  return new PluginError({ code: "manifest-invalid", stage: "pack", message: `Cannot read package.toml: ${reason}`, cause });
}
