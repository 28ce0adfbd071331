import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import type { JsonValue } from "../bytes/canonical-json.js";
import { fromUtf8 } from "../bytes/utf8.js";
import type { PluginErrorCode } from "../errors/error-codes.js";
import { PluginError } from "../errors/plugin-error.js";
import type { CapabilityRequest, ManifestInterface, ManifestLimits, ManifestMetadata } from "../package/manifest.js";
import { describeIssue } from "../package/schema-parts.js";
import { completeRequests } from "./capability-requests.js";
import { packageTomlSchema, type PackageToml } from "./package-toml-schema.js";

/** What an author says about a plugin. Everything else is read from the component. */
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

/** {@link PluginDescription} as a package.toml gives it. */
export interface PackageTomlContent extends PluginDescription {
  /** Path of the component, as written. */
  readonly component: string;
  /** What was understood and not used. */
  readonly warnings: readonly string[];
}

/**
 * Parses a package.toml.
 *
 * @throws {PluginError} `manifest-invalid`, `capability-unknown`, or `runtime-unsupported` for a plugin
 * that is not a WebAssembly component
 */
export function parsePackageToml(bytes: Uint8Array): PackageTomlContent {
  const result = v.safeParse(packageTomlSchema, parseToml(bytes), { abortEarly: true });
  if (!result.success) throw refuse("manifest-invalid", describeIssue(result.issues[0]));
  const { package: identity, wasm, metadata, limits, config, contributes } = result.output;
  if (identity.runtime !== "wasm") {
    throw refuse("runtime-unsupported", `its runtime is ${identity.runtime}, and this version packs WebAssembly components only: set runtime = "wasm" if it is one`);
  }
  if (wasm === undefined) throw refuse("manifest-invalid", 'it has no [wasm] table; add one with component = "<file>.wasm"');
  return {
    id: identity.name,
    version: identity.version,
    interface: { name: identity.interface, version: identity.interface_version },
    minimumHost: identity.minimum_host,
    metadata: metadata ?? {},
    capabilities: completeRequests(wasm.capabilities ?? [], wasm.reasons),
    limits: manifestLimits(limits),
    config: config === undefined ? undefined : toJson(config, "config"),
    contributes: contributes === undefined ? undefined : toJson(contributes, "contributes"),
    component: wasm.component,
    warnings: unusedMembers(result.output),
  };
}

/** The content of a TOML file. Throws `manifest-invalid`. */
export function parseToml(bytes: Uint8Array): unknown {
  const text = fromUtf8(bytes);
  if (text === undefined) throw refuse("manifest-invalid", "it is not well-formed UTF-8");
  try {
    return parse(text.replace(/^\ufeff/, ""), { maxDepth: MAXIMUM_DEPTH });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [reason] = cause.message.split("\n", 1);
    throw refuse("manifest-invalid", `line ${cause.line}, column ${cause.column}: ${reason}`, cause);
  }
}

function manifestLimits(limits: PackageToml["limits"]): ManifestLimits {
  return {
    ...(limits?.memory_bytes === undefined ? {} : { memoryBytes: limits.memory_bytes }),
    ...(limits?.call_milliseconds === undefined ? {} : { callMilliseconds: limits.call_milliseconds }),
  };
}

function unusedMembers({ package: identity, wasm, python }: PackageToml): string[] {
  const unused = [
    ...(identity.extension === undefined ? [] : ["package.extension"]),
    ...(wasm?.precompiled === undefined ? [] : ["wasm.precompiled"]),
    ...(python === undefined ? [] : ["[python]"]),
  ];
  return unused.map((name) => `package.toml has ${name}, which is not used here`);
}

// Well below the depth that manifests may have, since this is put into one.
const MAXIMUM_DEPTH = 32;

/** `value` itself, if JSON can carry it: TOML also has dates and numbers without end. */
export function toJson(value: unknown, path: string, depth = 0): JsonValue {
  if (depth > MAXIMUM_DEPTH) throw refuse("manifest-invalid", `${path} is nested more than ${MAXIMUM_DEPTH} deep`);
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "object" || value === null || value instanceof Date) {
    throw refuse("manifest-invalid", `${path} has a value that JSON does not: ${String(value)}. Write it as a text`);
  }
  for (const [name, member] of Object.entries(value)) toJson(member, `${path}.${name}`, depth + 1);
  // Checked just now, member by member; kept as it is, so that a member named `__proto__` stays data.
  return value as JsonValue;
}

function refuse(code: PluginErrorCode, reason: string, cause?: unknown): PluginError {
  return new PluginError({ code, stage: "pack", message: `Cannot read package.toml: ${reason}`, cause });
}
