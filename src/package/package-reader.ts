import { sha256Hex } from "../bytes/sha256.js";
import { fromUtf8 } from "../bytes/utf8.js";
import type { PluginErrorCode } from "../errors/error-codes.js";
import { isPluginError, type PluginError } from "../errors/plugin-error.js";
import type { CoreModuleReference, Manifest, ManifestFile, TranspiledOutput } from "./manifest.js";
import { packageError, type PackageContent, type PackagedCode, type PackagedCoreModule } from "./package-content.js";
import { quotedText } from "./quoted-text.js";

/**
 * Reads a package's files and checks each against the manifest. Apart from the package itself, because a
 * load that finds its code in the cache reads no file.
 */
export class PackageReader {
  readonly manifest: Manifest;
  readonly #content: PackageContent;
  readonly #files: ReadonlyMap<string, ManifestFile>;
  #component: Promise<Uint8Array> | undefined;

  constructor(content: PackageContent, manifest: Manifest) {
    this.#content = content;
    this.manifest = manifest;
    this.#files = new Map(manifest.files.map((file) => [file.path, file]));
  }

  async readFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
    const file = this.#files.get(path);
    if (file === undefined) {
      throw this.#error("package-invalid", `the file ${quotedText(path)} is not in its manifest`);
    }
    return path === this.manifest.component ? this.readComponent(signal) : this.#readChecked(file, signal);
  }

  async readComponent(signal?: AbortSignal): Promise<Uint8Array> {
    const { component, runtime } = this.manifest;
    if (component === undefined) throw this.#error("runtime-unsupported", `it has no component: its runtime is ${runtime}, and its code runs only on a bridge`);
    const file = this.#files.get(component);
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

  async readTranspiled(output: TranspiledOutput, signal?: AbortSignal): Promise<PackagedCode> {
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
    return packageError(code, this.manifest.id, this.#content.origin, reason, cause);
  }
}
