import { join } from "node:path";
import { PluginError } from "../errors/plugin-error.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../limits/plugin-limits.js";
import { describeComponent } from "../package/describe-component.js";
import { parseConfigSchema } from "../package/parse-config-schema.js";
import type { Manifest } from "../package/manifest.js";
import { SIGNATURE_PATH } from "../package/package-path.js";
import { readArchive } from "../package/read-archive.js";
import { PluginPackage } from "../package/plugin-package.js";
import { parseEnvelope } from "../trust/signature-envelope.js";
import type { BridgeInput } from "./bridge-input.js";
import { describeBridgeCode } from "./describe-bridge-code.js";
import { importWarnings, reportImports, type ImportReport } from "./import-report.js";
import { type ComponentDescription, type ComponentInput, type PackInput, readPackInput } from "./pack-input.js";
import { encodeArchive } from "./package-archive.js";
import { assemblePackage } from "./package-files.js";
import type { PluginDescription } from "./plugin-description.js";
import { type TargetReport, transpileTargets } from "./transpile-targets.js";
import { writePackageDirectory, writeWholeFile } from "./write-package.js";

/** In which forms a package is written. */
export type PackageFormat = "directory" | "archive";

export interface PackOptions {
  /** A directory with a `package.toml`, or a bare component. */
  readonly input: string;
  /** What a bare component is; for a directory, its `package.toml` says so. */
  readonly identity?: ComponentDescription;
  /** Directory to write to: packages go to `<out>/<id>/<version>/` and `<out>/<id>-<version>.tar.gz`. */
  readonly out: string;
  /** @defaultValue `["directory"]` */
  readonly formats?: readonly PackageFormat[];
  /** 32-byte secret seeds, as `parseSecretKey` reads them. @defaultValue none: the package is not signed */
  readonly signingKeys?: readonly Uint8Array[];
  /** Bounds on the package. A host with lower ones refuses it. @defaultValue those of every host */
  readonly limits?: PluginLimits;
  /** Called as each part of the work begins. */
  readonly onProgress?: (progress: PackProgress) => void;
}

/** What packing is about to do. */
export interface PackProgress {
  readonly step: "read" | "transpile" | "check" | "write";
  /** With what: a file, a target. */
  readonly detail: string;
}

/** What was packed, and what its author should know. */
export interface PackResult {
  readonly manifest: Manifest;
  /** The package's directory, if one was written. */
  readonly directory: string | undefined;
  /** The archive, if one was written. */
  readonly archive: string | undefined;
  /** Size in bytes of every file in the package. */
  readonly files: ReadonlyMap<string, number>;
  readonly targets: readonly TargetReport[];
  readonly imports: readonly ImportReport[];
  /** Ids of the keys that signed it. */
  readonly signedBy: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Turns a component, or the native or Python code of a plugin that runs on a bridge, into a package that hosts load: reads what it
 * is and wants from the binary or the WIT and its `package.toml`, transpiles a component for every target, lists the digest of
 * everything in a manifest, signs that, and opens the result again before it is written. Nothing of the plugin is run.
 *
 * The same input gives the same bytes, signatures included. An interrupted run leaves no half package.
 *
 * @throws {PluginError} `usage-invalid`, `source-unreachable`, `package-invalid`, `package-too-large`,
 * `manifest-invalid`, `capability-unknown`, `capability-invalid`, `component-invalid`,
 * `component-unsupported`, `transpile-failed`
 * @example
 * ```ts
 * const { manifest, targets } = await packPlugin({ input: "plugins/blur", out: "public/plugins", signingKeys: [seed] });
 * ```
 */
export async function packPlugin(options: PackOptions): Promise<PackResult> {
  options.onProgress?.({ step: "read", detail: options.input });
  return packInput(await readPackInput(options.input, options.identity, options.limits ?? DEFAULT_LIMITS), options);
}

/** What {@link packPlugin} does with what it has read. */
export async function packInput({ code, description, warnings }: PackInput, options: Omit<PackOptions, "input" | "identity">): Promise<PackResult> {
  const { limits = DEFAULT_LIMITS, signingKeys = [], onProgress = () => undefined } = options;
  const formats = new Set(options.formats ?? ["directory"]);
  if (formats.size === 0) throw new PluginError({ code: "usage-invalid", stage: "pack", message: "Cannot pack into no format: give directory, archive or both" });
  if (description.config !== undefined) parseConfigSchema(description.config, { stage: "pack", pluginId: description.id });
  const { targets, ...prepared } = code.runtime === "wasm" ? await prepareComponent(code, description, limits, onProgress) : await prepareBridgeCode(code, description);
  onProgress({ step: "check", detail: `${description.id} ${description.version}` });
  const { manifest, files } = await assemblePackage({ ...prepared, description, signingKeys, limits });
  const imports = reportImports(manifest.world, manifest.capabilities);
  return {
    manifest,
    directory: formats.has("directory") ? await writeDirectory(options, manifest, files) : undefined,
    archive: formats.has("archive") ? await writeArchive(options, manifest, files, limits) : undefined,
    files: new Map([...files].map(([path, bytes]) => [path, bytes.length])),
    targets,
    imports,
    signedBy: signingKeyIds(files),
    warnings: [...warnings, ...importWarnings(imports, manifest.capabilities, code.runtime === "wasm" ? "component" : "plugin"), ...configWarnings(manifest)],
  };
}

interface PreparedCode {
  readonly described: Manifest;
  /** By path in the package. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly targets: readonly TargetReport[];
}

async function prepareComponent({ component }: ComponentInput, description: PluginDescription, limits: PluginLimits, onProgress: NonNullable<PackOptions["onProgress"]>): Promise<PreparedCode> {
  const described = await describeComponent(component, description, limits);
  const { outputs, files, targets } = await transpileTargets(component, described.world, (target) => onProgress({ step: "transpile", detail: target }));
  return { described: { ...described, transpiled: outputs }, files: new Map([[described.component, component], ...files]), targets };
}

async function prepareBridgeCode(code: BridgeInput, description: PluginDescription): Promise<PreparedCode> {
  return { described: await describeBridgeCode(code, description), files: code.files, targets: [] };
}

function configWarnings({ config, capabilities, world }: Manifest): string[] {
  const isSeen = capabilities.some(({ capability }) => capability === "config") || world.exports.interfaces.some(({ functions }) => functions.some(({ name }) => name === "fidius-configure"));
  return config === undefined || isSeen ? [] : ['it has a configuration schema and does not ask for the capability "config", so it never sees a configuration'];
}

type WriteOptions = Pick<PackOptions, "out" | "onProgress">;

async function writeDirectory({ out, onProgress }: WriteOptions, { id, version }: Manifest, files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const path = join(out, id, version);
  onProgress?.({ step: "write", detail: path });
  await writePackageDirectory(path, files);
  return path;
}

async function writeArchive({ out, onProgress }: WriteOptions, { id, version }: Manifest, files: ReadonlyMap<string, Uint8Array>, limits: PluginLimits): Promise<string> {
  const path = join(out, `${id}-${version}.tar.gz`);
  onProgress?.({ step: "write", detail: path });
  const archive = await encodeArchive(files);
  await PluginPackage.fromArchive(await readArchive(archive, limits), path, limits);
  await writeWholeFile(path, archive);
  return path;
}

function signingKeyIds(files: ReadonlyMap<string, Uint8Array>): string[] {
  const signature = files.get(SIGNATURE_PATH);
  return signature === undefined ? [] : parseEnvelope(signature).signatures.map(({ keyId }) => keyId);
}
