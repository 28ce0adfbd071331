import { sha256Hex } from "../bytes/sha256.js";
import { fromUtf8 } from "../bytes/utf8.js";
import type { CoreModuleReference, Manifest, ManifestFile, TranspiledOutput } from "./manifest.js";
import { type PluginError, isPluginError } from "../errors/plugin-error.js";
import type { PluginErrorCode } from "../errors/error-codes.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { ComponentIdentity } from "./describe-component.js";
import { packageError, type PackageContent } from "./package-content.js";
import { parseManifest } from "./parse-manifest.js";
import { quotedText } from "./quoted-text.js";

export type { PackageContent } from "./package-content.js";

/** A core module of a transpiled output. */
export interface PackagedCoreModule {
  readonly name: string;
  readonly bytes: Uint8Array;
}

// Only this module has it, so only the factories below can construct, from JavaScript too.
const CONSTRUCT = Symbol("PluginPackage");

/**
 * A package whose manifest is well formed and whose files are what the manifest says. Nothing is
 * known yet about who made it: the first stage of the way to a running plugin.
 */
export class PluginPackage {
  readonly manifest: Manifest;
  /** Where it comes from, for messages. */
  readonly origin: string;
  readonly #content: PackageContent;
  readonly #files: ReadonlyMap<string, ManifestFile>;
  #component: Promise<Uint8Array> | undefined;

  private constructor(token: symbol, content: PackageContent, limits: PluginLimits) {
    if (token !== CONSTRUCT) throw new TypeError("Cannot construct a PluginPackage: use one of its factories");
    // Copies: what is parsed now and verified later must stay the same bytes.
    const signature = content.signatureBytes;
    this.#content = {
      origin: content.origin,
      manifestBytes: content.manifestBytes.slice(),
      signatureBytes: signature === null ? null : signature.slice(),
      readFile: (path, signal) => content.readFile(path, signal),
    };
    this.origin = content.origin;
    this.manifest = parseManifest(this.#content.manifestBytes, limits);
    this.#files = new Map(this.manifest.files.map((file) => [file.path, file]));
  }

  /**
   * Opens a package whose files are fetched one by one, each checked when it is read.
   *
   * @throws {PluginError} what {@link parseManifest} throws
   */
  static open(content: PackageContent, limits: PluginLimits): PluginPackage {
    return new PluginPackage(CONSTRUCT, content, limits);
  }

  /**
   * Opens a package that is wholly in memory, and checks every file now. Files that the manifest
   * does not list, and listed ones that are absent, are refused.
   *
   * @throws {PluginError} `package-invalid`, `digest-mismatch`, or what {@link parseManifest} throws
   */
  static async fromArchive(
    files: ReadonlyMap<string, Uint8Array>,
    origin: string,
    limits: PluginLimits,
  ): Promise<PluginPackage> {
    // Apart, because an app that only loads from registries never needs it.
    const { openFiles } = await import("./package-in-memory.js");
    return openFiles(files, origin, (content) => PluginPackage.open(content, limits));
  }

  /**
   * Makes an unsigned package of a bare component, with a manifest read from the component itself.
   * It asks for no capabilities and brings no transpiled output.
   *
   * @throws {PluginError} `component-invalid` or `component-unsupported` from the decoder, or what
   * {@link parseManifest} throws
   */
  static async fromComponent(
    bytes: Uint8Array,
    identity: ComponentIdentity & { readonly origin: string },
    limits: PluginLimits,
  ): Promise<PluginPackage> {
    const { componentContent } = await import("./package-in-memory.js");
    return PluginPackage.open(await componentContent(bytes, identity, limits), limits);
  }

  /** The bytes that are signed. */
  get manifestBytes(): Uint8Array {
    return this.#content.manifestBytes;
  }

  /** The signatures over the manifest, not yet checked; `null` if there are none. */
  get signatureBytes(): Uint8Array | null {
    return this.#content.signatureBytes;
  }

  /**
   * Reads a listed file and checks its size and SHA-256, every time.
   *
   * @throws {PluginError} `digest-mismatch`; `package-invalid` for a path that is not listed;
   * `aborted`; `source-unreachable` if the source fails
   */
  async readFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
    const file = this.#files.get(path);
    if (file === undefined) {
      throw this.#error("package-invalid", `the file ${quotedText(path)} is not in its manifest`);
    }
    return path === this.manifest.component ? this.readComponent(signal) : this.#readChecked(file, signal);
  }

  /** Reads the component. It is fetched once and kept for as long as this object. */
  async readComponent(signal?: AbortSignal): Promise<Uint8Array> {
    const file = this.#files.get(this.manifest.component);
    if (file === undefined) throw this.#error("manifest-invalid", "its component is not in its list of files");
    for (;;) {
      const waitsForAnother = this.#component !== undefined;
      const pending = (this.#component ??= this.#readChecked(file, signal));
      try {
        const bytes = await pending;
        // A caller that transferred the buffer away left an empty one.
        if (bytes.length === file.size) return bytes;
        if (this.#component === pending) this.#component = undefined;
      } catch (error) {
        if (this.#component === pending) this.#component = undefined;
        // The reader that was aborted was another one: this one still wants the file.
        if (!waitsForAnother || signal?.aborted === true || !isPluginError(error, "aborted")) throw error;
      }
    }
  }

  /**
   * Reads a transpiled output that this package's manifest lists: glue and core modules, each
   * checked against its digest. Modules that are parts of the component are cut out of it.
   *
   * @throws {PluginError} what {@link readFile} throws; `package-invalid` if the glue is not text
   */
  async readTranspiled(
    output: TranspiledOutput,
    signal?: AbortSignal,
  ): Promise<{ glue: string; coreModules: PackagedCoreModule[] }> {
    if (!this.manifest.transpiled.includes(output)) {
      throw this.#error("usage-invalid", "the transpiled output asked for is not from its manifest");
    }
    const glue = fromUtf8(await this.readFile(output.glue, signal));
    if (glue === undefined) throw this.#error("package-invalid", `the glue "${output.glue}" is not UTF-8 text`);
    const coreModules: PackagedCoreModule[] = [];
    for (const module of output.coreModules) {
      coreModules.push({ name: module.name, bytes: await this.#readCoreModule(module, signal) });
    }
    return { glue, coreModules };
  }

  async #readCoreModule(module: CoreModuleReference, signal: AbortSignal | undefined): Promise<Uint8Array> {
    if ("path" in module) return this.readFile(module.path, signal);
    const component = await this.readComponent(signal);
    // A copy: a view would carry the whole component along when it is posted to a worker.
    const bytes = component.slice(module.offset, module.offset + module.size);
    await this.#checkDigest(`core module "${module.name}"`, bytes, module);
    return bytes;
  }

  async #readChecked(file: ManifestFile, signal: AbortSignal | undefined): Promise<Uint8Array> {
    let bytes: Uint8Array;
    try {
      signal?.throwIfAborted();
      bytes = await this.#content.readFile(file.path, signal);
    } catch (cause) {
      if (isPluginError(cause)) throw cause;
      if (signal?.aborted === true) throw this.#error("aborted", `reading "${file.path}" was aborted`, cause);
      throw this.#error("source-unreachable", `its source failed to give "${file.path}"`, cause);
    }
    await this.#checkDigest(`file "${file.path}"`, bytes, file);
    return bytes;
  }

  async #checkDigest(what: string, bytes: Uint8Array, wanted: { size: number; sha256: string }): Promise<void> {
    if (bytes.length !== wanted.size) {
      throw this.#error("digest-mismatch", `its ${what} has ${bytes.length} bytes, its manifest says ${wanted.size}`);
    }
    const found = await sha256Hex(bytes);
    if (found === wanted.sha256) return;
    throw this.#error("digest-mismatch", `its ${what} has SHA-256 ${found}, its manifest says ${wanted.sha256}`);
  }

  #error(code: PluginErrorCode, reason: string, cause?: unknown): PluginError {
    return packageError(code, this.manifest.id, this.origin, reason, cause);
  }
}
