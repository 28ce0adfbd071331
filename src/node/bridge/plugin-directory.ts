import { readdir, realpath } from "node:fs/promises";
import { type AdmittedPlugin, admitPlugin } from "../../admission/admit-plugin.js";
import type { GrantDecider } from "../../admission/decide-grants.js";
import { compareVersions } from "../../admission/host-version.js";
import { isEnforcedByBridge } from "../../capability/bridge-capabilities.js";
import type { Capability } from "../../capability/capability.js";
import type { HostInterface } from "../../capability/host-interface.js";
import { importRule } from "../../capability/import-catalogue.js";
import { PluginError } from "../../errors/plugin-error.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../../limits/plugin-limits.js";
import type { Manifest } from "../../package/manifest.js";
import type { BridgeListing } from "../../runtime/bridge/frames.js";
import type { TrustPolicy } from "../../trust/trust-policy.js";
import { type PluginCatalogue, type RunnablePlugin, runnablePlugin } from "../executor/plugin-catalogue.js";
import { unreadable } from "../read-bounded-file.js";
import type { BridgeLog } from "./bridge-log.js";
import { type CataloguedPlugin, PackageScanner } from "./scan-packages.js";

export interface PluginDirectoryOptions {
  /** Holds `<id>/<version>/`, as `portcullis pack` writes them. */
  readonly directory: string;
  readonly trust: TrustPolicy;
  readonly log: BridgeLog;
  /** Bounds of one package. */
  readonly limits?: PluginLimits;
}

const SCAN_MILLISECONDS = 1_000;

/** The native and Python plugins of a directory. It is looked through again when it is asked, at most once a second. */
export class PluginDirectory implements PluginCatalogue {
  readonly #scanner: PackageScanner;
  #plugins: ReadonlyMap<string, CataloguedPlugin> = new Map();
  /** Those that an executor asked for, of the packages that are still there. */
  readonly #runnable = new WeakMap<CataloguedPlugin, Promise<RunnablePlugin>>();
  #scanning: Promise<void> | undefined;
  #scannedAt = Number.NEGATIVE_INFINITY;

  private constructor(scanner: PackageScanner) {
    this.#scanner = scanner;
  }

  /** @throws {PluginError} `source-unreachable` if the directory cannot be read. */
  static async open({ directory, trust, log, limits = DEFAULT_LIMITS }: PluginDirectoryOptions): Promise<PluginDirectory> {
    const root = await realRoot(directory);
    const opened = new PluginDirectory(new PackageScanner({ root, trust, log, limits }));
    await opened.#refresh();
    return opened;
  }

  async list(): Promise<readonly BridgeListing[]> {
    await this.#refresh();
    return [...this.#plugins.values()].map(({ verified: { package: { manifest: { id, version, runtime, metadata } } } }) => ({
      id, version, runtime, title: metadata.title, description: metadata.description,
    }));
  }

  /** Manifest and signature as they are signed; of the newest version if none is named. */
  async read(id: string, version: string | undefined): Promise<{ readonly manifest: Uint8Array; readonly signature: Uint8Array | undefined } | undefined> {
    await this.#refresh();
    const found = version === undefined ? this.#newest(id) : this.#plugins.get(keyOf(id, version));
    if (found === undefined) return undefined;
    const { manifestBytes, signatureBytes } = found.verified.package;
    return { manifest: manifestBytes, signature: signatureBytes ?? undefined };
  }

  /**
   * Admits a plugin for one instance, from its manifest alone and as if no page had: what a client says of it only narrows what it gets.
   *
   * @throws {PluginError} `plugin-not-found`, `manifest-mismatch` for another package of that name, and what `admitPlugin` throws.
   */
  async admit(id: string, version: string, manifestSha256: string, grants: readonly Capability[]): Promise<AdmittedPlugin> {
    const found = await this.#lookUp(id, version);
    const refuse = (code: "plugin-not-found" | "manifest-mismatch", reason: string): PluginError =>
      new PluginError({ code, stage: "admit", pluginId: id, message: `Cannot start ${id} ${version}: ${reason}` });
    if (found === undefined) throw refuse("plugin-not-found", "the bridge has none such that can be read and is trusted. Put its package into the bridge's directory; its log says what it left out");
    if (found.manifestSha256 === manifestSha256) return admit(found, () => grants);
    throw refuse("manifest-mismatch", "the bridge has another package of that name than the page. Give both the same one");
  }

  async find(id: string, version: string, manifestSha256: string): Promise<RunnablePlugin | undefined> {
    const found = await this.#lookUp(id, version);
    if (found?.manifestSha256 !== manifestSha256) return undefined;
    let runnable = this.#runnable.get(found);
    if (runnable === undefined) {
      // An order has its own grants, which whoever starts it narrows by what the manifest asks for.
      runnable = admit(found, (asked) => [asked]).then(runnablePlugin);
      this.#runnable.set(found, runnable);
    }
    return runnable;
  }

  async #lookUp(id: string, version: string): Promise<CataloguedPlugin | undefined> {
    await this.#refresh();
    return this.#plugins.get(keyOf(id, version));
  }

  #newest(id: string): CataloguedPlugin | undefined {
    let newest: CataloguedPlugin | undefined;
    for (const plugin of this.#plugins.values()) {
      const { manifest } = plugin.verified.package;
      if (manifest.id !== id) continue;
      if (newest === undefined || (compareVersions(manifest.version, newest.verified.package.manifest.version) ?? 0) > 0) newest = plugin;
    }
    return newest;
  }

  /** Looks through the directory, unless that was done just now. All that ask meanwhile wait for one look. */
  async #refresh(): Promise<void> {
    if (performance.now() - this.#scannedAt < SCAN_MILLISECONDS) return;
    this.#scanning ??= this.#scan().finally(() => (this.#scanning = undefined));
    return this.#scanning;
  }

  async #scan(): Promise<void> {
    const plugins = await this.#scanner.scan();
    this.#plugins = new Map(plugins.map((plugin) => [keyOf(plugin.verified.package.manifest.id, plugin.verified.package.manifest.version), plugin]));
    this.#scannedAt = performance.now();
  }
}

async function realRoot(directory: string): Promise<string> {
  try {
    const root = await realpath(directory);
    await readdir(root);
    return root;
  } catch (cause) {
    throw unreadable(directory, "configure", cause);
  }
}

/** No id or version has a blank, so that no two make one key. */
function keyOf(id: string, version: string): string {
  return `${id} ${version}`;
}

/** @param granted - what a request gets, of what it asks for. */
async function admit({ verified }: CataloguedPlugin, granted: (asked: Capability) => readonly Capability[]): Promise<AdmittedPlugin> {
  const { manifest } = verified.package;
  const decider: GrantDecider = {
    offered: (capability) => (isEnforcedByBridge(capability) ? capability : undefined),
    recall: () => Promise.resolve(undefined),
    ask: ({ capability }) => Promise.resolve({ granted: granted(capability), decision: "once", by: "policy" }),
    audit: () => undefined,
  };
  return admitPlugin(verified, {
    expectedId: manifest.id,
    // Which interface is wanted is the page's to say. Here it must be the one that the manifest was signed with.
    expected: { name: manifest.interface.name, hash: manifest.interface.hash, world: manifest.world },
    compatibility: "strict",
    runtimes: new Set(["rust", "python"]),
    hostInterfaces: forwardedInterfaces(manifest),
    openGrants: () => Promise.resolve(decider),
  });
}

/** What the plugin imports of its app: the page implements it, and says there whether it does. Calls go to the page as they are, so that nothing is called here. */
function forwardedInterfaces({ world }: Manifest): readonly HostInterface[] {
  return world.imports.interfaces.filter(({ name }) => importRule(name) === undefined).map((shape) => ({
    name: shape.name, world, shape, documentation: "", functions: new Map(), timeoutMilliseconds: undefined,
  }));
}
