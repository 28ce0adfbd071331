import * as v from "valibot";
import type { JsonValue } from "../../bytes/canonical-json.js";
import { PluginError, type PluginErrorDetails } from "../../errors/plugin-error.js";
import type { ManifestMetadata } from "../../package/manifest.js";
import { describeIssue, plainText, webAddress } from "../../package/schema-parts.js";
import { parseToml, toJson } from "../plugin-description.js";

const text = v.string("must be a text");
const version = v.pipe(v.number("must be a number"), v.integer("must be a whole number"), v.minValue(0, "must be from 0"), v.maxValue(0xffff_ffff, "must be a u32"));

/** fidius's own schema: unknown members are allowed everywhere, as serde allows them, and `[metadata]` is required. */
const schema = v.object({
  package: v.object({ name: text, version: text, interface: text, interface_version: version, extension: v.exactOptional(text), runtime: v.exactOptional(text) }),
  metadata: v.record(v.string(), v.unknown(), "must be a table"),
  python: v.exactOptional(v.looseObject({ entry_module: text, requirements: v.exactOptional(text) })),
  wasm: v.exactOptional(v.object({ component: text, precompiled: v.exactOptional(text), capabilities: v.exactOptional(v.array(text, "must be a list of texts"), []) })),
});

/** What a fidius package says of itself. */
export interface FidiusPackageToml {
  readonly name: string;
  readonly version: string;
  readonly interface: string;
  readonly interfaceVersion: number;
  readonly component: string;
  readonly precompiled: string | undefined;
  readonly capabilities: readonly string[];
  /** The host's own table, whatever it has. */
  readonly metadata: JsonValue;
}

/**
 * Reads the package.toml of a fidius package for WebAssembly.
 *
 * @throws {PluginError} `manifest-invalid`; `runtime-unsupported` for native and Python plugins
 */
export function parseFidiusPackageToml(bytes: Uint8Array): FidiusPackageToml {
  const result = v.safeParse(schema, parseToml(bytes), { abortEarly: true });
  if (!result.success) throw refuse("manifest-invalid", describeIssue(result.issues[0]));
  const { package: header, metadata, python, wasm } = result.output;
  const runtime = header.runtime ?? "rust";
  if (runtime !== "rust" && runtime !== "python" && runtime !== "wasm") {
    throw refuse("manifest-invalid", `unknown runtime ${JSON.stringify(runtime)}: allowed values are "rust", "python", "wasm"`);
  }
  if (runtime !== "wasm") {
    if (wasm !== undefined) throw refuse("manifest-invalid", '[wasm] is only valid when runtime = "wasm"');
    throw refuse("runtime-unsupported", `its runtime is ${runtime}, and only packages of WebAssembly components are imported. Build it for wasm32-wasip2; or add what portcullis needs to its package.toml, and pack its directory for a bridge: portcullis pack says what is missing`);
  }
  if (python !== undefined) throw refuse("manifest-invalid", '[python] is only valid when runtime = "python"');
  if (wasm === undefined) throw refuse("manifest-invalid", 'runtime = "wasm" requires a [wasm] table with `component`');
  const { name, version: own, interface: offered, interface_version: interfaceVersion } = header;
  return {
    name, version: own, interface: offered, interfaceVersion,
    component: wasm.component, precompiled: wasm.precompiled, capabilities: wasm.capabilities, metadata: toJson(metadata, "metadata"),
  };
}

const KNOWN = [["title", plainText(256)], ["description", plainText(4096)], ["author", plainText(256)], ["license", plainText(256)], ["homepage", webAddress]] as const;

/** Members of fidius's free table that have the names and forms of ours. The whole table is kept besides. */
export function knownMetadata(metadata: JsonValue): ManifestMetadata {
  const members = new Map<string, unknown>(typeof metadata === "object" && metadata !== null ? Object.entries(metadata) : []);
  return Object.fromEntries(KNOWN.flatMap(([name, form]) => {
    const parsed = v.safeParse(form, members.get(name));
    return parsed.success ? [[name, parsed.output]] : [];
  }));
}

function refuse(code: PluginErrorDetails["code"], reason: string): PluginError {
  return new PluginError({ code, stage: "pack", message: `Cannot read the fidius package.toml: ${reason}` });
}
