import type { PluginLimits } from "../limits/plugin-limits.js";
import type { ComponentIdentity } from "./describe-component.js";
import type { Manifest, TranspiledOutput } from "./manifest.js";
import type { PackageContent, PackagedCode } from "./package-content.js";
import type { PackageReader } from "./package-reader.js";
import { parseManifest } from "./parse-manifest.js";

export type { PackageContent, PackagedCoreModule } from "./package-content.js";

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
  #reader: PackageReader | undefined;

  private constructor(token: symbol, content: PackageContent, limits: PluginLimits) {
    if (token !== CONSTRUCT) throw new TypeError("Cannot construct a PluginPackage: use one of its factories");
    // Copies: what is parsed now and verified later must stay the same bytes.
    const signature = content.signatureBytes;
    this.#content = {
      origin: content.origin,
      manifestBytes: new Uint8Array(content.manifestBytes),
      signatureBytes: signature === null ? null : new Uint8Array(signature),
      readFile: (path, signal) => content.readFile(path, signal),
    };
    this.origin = content.origin;
    this.manifest = parseManifest(this.#content.manifestBytes, limits);
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
    return (await this.#read()).readFile(path, signal);
  }

  /** Reads the component. It is fetched once and kept for as long as this object. */
  async readComponent(signal?: AbortSignal): Promise<Uint8Array> {
    return (await this.#read()).readComponent(signal);
  }

  /**
   * Reads a transpiled output that this package's manifest lists: glue and core modules, each
   * checked against its digest. Modules that are parts of the component are cut out of it.
   *
   * @throws {PluginError} what {@link readFile} throws; `package-invalid` if the glue is not text
   */
  async readTranspiled(output: TranspiledOutput, signal?: AbortSignal): Promise<PackagedCode> {
    return (await this.#read()).readTranspiled(output, signal);
  }

  /** The one reader of this package, since it keeps the component. Its code is loaded with the first file. */
  async #read(): Promise<PackageReader> {
    const { PackageReader: Reader } = await import("./package-reader.js");
    return (this.#reader ??= new Reader(this.#content, this.manifest));
  }
}
