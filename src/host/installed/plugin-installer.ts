import { isPluginError } from "../../errors/plugin-error.js";
import { DEFAULT_LIMITS } from "../../limits/plugin-limits.js";
import type { PluginPackage } from "../../package/plugin-package.js";
import { Deadline } from "../../runtime/deadline.js";
import { verifyPackage } from "../../trust/verify-package.js";
import { checkLimits } from "../check-limits.js";
import { fileSource, type FileSourceOptions } from "../file-source.js";
import { openPackage } from "../open-package.js";
import { notify } from "../plugin-event.js";
import type { PluginSource, SourceContext } from "../plugin-source.js";
import { createCandidate } from "./candidate.js";
import { requireStore } from "./checked-store.js";
import { collectLeftovers } from "./collect-leftovers.js";
import { findUpdates, type UpdateCheck } from "./find-updates.js";
import type { InstallContext, InstallProgress } from "./install-context.js";
import { installError, storeError } from "./install-error.js";
import { withPluginLock } from "./install-locks.js";
import { pluginIdOf, pluginRecordName, readPluginRecord } from "./install-record.js";
import { installVersion } from "./install-version.js";
import type { InstallOptions, OperationOptions, PluginInstallerOptions, UpdateOptions } from "./installer-options.js";
import { type InstalledPlugin, listInstalled } from "./installed-plugin.js";
import { checkHostVersion, compare, notInstalled } from "./replacement-rules.js";
import { rollBackPlugin } from "./roll-back.js";
import { finishDeletion, type UninstalledData, uninstallPlugin } from "./uninstall-plugin.js";
import { type InstalledChange, type InstalledWatcher, watcherOf } from "./watch-installed.js";

const DEFAULT_MILLISECONDS = 5 * 60_000;

/**
 * Installs plugins, keeps them up to date, and removes them. Each operation leaves exactly the old or exactly the new
 * state, whole, whenever the page ends; several tabs may work at once.
 *
 * @example
 * ```ts
 * const installer = new PluginInstaller({ sources: [urlSource("/plugins/index.json")], trust, store });
 * await installer.install("acme.blur");
 * ```
 */
export class PluginInstaller {
  readonly #options: PluginInstallerOptions;
  readonly #context: InstallContext;
  readonly #watcher: InstalledWatcher;
  #recovery: Promise<void> | undefined;

  /** @throws {PluginError} `usage-invalid` for limits that are not positive numbers, or a store that is none. */
  constructor(options: PluginInstallerOptions) {
    this.#options = options;
    this.#context = {
      store: requireStore(options.store),
      trust: options.trust,
      limits: checkLimits({ ...DEFAULT_LIMITS, ...options.limits }),
      data: options.data ?? {},
      report: (error) => notify(options.onProblem, isPluginError(error) ? error : storeError(error, "Tidying the installed plugins")),
    };
    this.#watcher = watcherOf(options.store);
  }

  /**
   * Installs a plugin from a source, in place of the version that is installed. Installing the same again mends what is stored.
   *
   * @throws {PluginError} `plugin-not-found`; codes of sources, packages and trust; `host-too-old`, `publisher-changed`,
   *   `downgrade-refused`, `version-conflict`, `installation-damaged`, `storage-full`, `storage-failed`, `timeout`, `aborted`
   */
  async install(id: string, options: InstallOptions = {}): Promise<InstalledPlugin> {
    return this.#during(`Installing ${id}`, id, options, async (signal) => {
      const found = await this.#open(this.#options.sources, id, options.version, signal, options);
      return this.#install(found, id, signal, options);
    });
  }

  /**
   * Installs a plugin from a file that a person chose: a packed `.tar.gz`, or a bare component. By the same rules: its
   * signature counts, and not where it came from.
   *
   * @throws {PluginError} as {@link install}
   */
  async installFile(file: Blob | Uint8Array, options: UpdateOptions & FileSourceOptions = {}): Promise<InstalledPlugin> {
    const source = fileSource(file, options);
    return this.#during(`Installing ${source.name}`, undefined, options, async (signal) => {
      let id: string | undefined;
      for await (const item of source.list(this.#sourceContext(signal, options))) if ("listing" in item) id = item.listing.id;
      if (id === undefined) throw installError("plugin-not-found", undefined, `Cannot install ${source.name}: there is no plugin in it`);
      return this.#install(await this.#open([source], id, undefined, signal, options), id, signal, options);
    });
  }

  /**
   * Installs the newest version that the sources have. Where that is not newer than what is installed, nothing happens.
   *
   * @throws {PluginError} `not-installed`, or as {@link install}
   */
  async update(id: string, options: UpdateOptions = {}): Promise<InstalledPlugin> {
    return this.#during(`Updating ${id}`, id, options, async (signal) => {
      const active = (await this.#record(id))?.active ?? undefined;
      if (active === undefined) throw notInstalled(id, "update");
      const found = await this.#open(this.#options.sources, id, undefined, signal, options);
      const isOlder = compare(found.manifest.version, active.version) < 0;
      if (isOlder && options.allowDowngrade !== true) return this.#installed(id);
      return this.#install(found, id, signal, options);
    });
  }

  /**
   * Goes back to the version before, without network. What was active is kept, so that a second roll-back undoes the first.
   *
   * @throws {PluginError} `not-installed` if there is none; `installation-damaged`, `digest-mismatch` or codes of trust if it
   *   is not whole; `storage-failed`, `timeout`, `aborted`
   */
  async rollBack(id: string, options: OperationOptions = {}): Promise<InstalledPlugin> {
    return this.#during(`Rolling back ${id}`, id, options, async (signal) => {
      await this.#locked(id, signal, () => rollBackPlugin(this.#context, id, signal));
      return this.#installed(id);
    });
  }

  /**
   * Uninstalls a plugin. With `data: "delete"` its stored values, remembered grants, compiled code, and everything that is
   * known of it go as well (see {@link PluginDataPlaces}); with `"keep"` they stay, and with them the pinned key and the
   * highest version, for the data is only safe with them. What runs goes on until the app disposes it.
   *
   * @throws {PluginError} `not-installed`, `storage-failed`, `installation-damaged`, `timeout`, `aborted`
   */
  async uninstall(id: string, options: OperationOptions & { readonly data: UninstalledData }): Promise<void> {
    const given: unknown = options?.data;
    if (given !== "keep" && given !== "delete") {
      throw installError("usage-invalid", id, `Cannot uninstall ${id}: say with \`data\` whether what it stored is to "keep" or "delete"`);
    }
    await this.#during(`Uninstalling ${id}`, id, options, (signal) => this.#locked(id, signal, () => uninstallPlugin(this.#context, id, given, signal)));
  }

  /** What is installed, in the order of the ids. What cannot be read is told to `onProblem`. */
  async list(): Promise<readonly InstalledPlugin[]> {
    void this.recover();
    return listInstalled(await this.#context.store.state(), this.#context.report);
  }

  /** Asks the sources for newer versions of what is installed. Nothing is downloaded but their indexes. */
  async checkForUpdates(options: OperationOptions = {}): Promise<UpdateCheck> {
    return this.#during("Looking for updates", undefined, options, async (signal) =>
      findUpdates(await this.#context.store.state(), this.#options.sources, this.#sourceContext(signal, {})),
    );
  }

  /** Tells when another version of a plugin becomes active, here or in another tab. See `watchInstalled`. @returns ends that. */
  onChange(listener: (change: InstalledChange) => void): () => void {
    return this.#watcher.add(listener);
  }

  /** Removes what interrupted operations left. Done by itself, once, with the first use of the installer. */
  recover(): Promise<void> {
    this.#recovery ??= this.#recover();
    return this.#recovery;
  }

  async #recover(): Promise<void> {
    const { store, report } = this.#context;
    try {
      for (const name of (await store.state()).records.keys()) {
        const id = pluginIdOf(name);
        const record = id === undefined ? undefined : await this.#record(id).catch(report);
        if (id !== undefined && record?.isDeleting === true) {
          await this.#locked(id, new AbortController().signal, () => finishDeletion(this.#context, id)).catch((error: unknown) => {
            // Another tab may be at it.
            if (!isPluginError(error, "busy")) report(error);
          });
        }
      }
      await collectLeftovers(store);
    } catch (error) {
      report(error);
    }
  }

  async #install(found: PluginPackage, id: string, signal: AbortSignal, options: UpdateOptions): Promise<InstalledPlugin> {
    const { manifest } = found;
    if (manifest.id !== id) throw installError("manifest-mismatch", id, `Cannot install ${id}: its source gave a package whose manifest says that it is ${manifest.id}`);
    checkHostVersion(manifest);
    const candidate = await createCandidate(await verifyPackage(found, this.#context.trust));
    const onProgress = (progress: InstallProgress): void => notify(options.onProgress, progress);
    await this.#locked(id, signal, () => installVersion(this.#context, candidate, { allowed: options, signal, onProgress }));
    return this.#installed(id);
  }

  /** Does `work` alone with this plugin, and then tells what changed and removes what is not needed any more. */
  async #locked(id: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { store, report } = this.#context;
    try {
      await withPluginLock(store, id, signal, async () => {
        await this.#watcher.check();
        try {
          await work();
        } finally {
          await this.#watcher.check();
          store.announce?.();
        }
      });
    } finally {
      // After a failure above all: where space was short, what was stored of the new version takes it.
      await collectLeftovers(store).catch(report);
    }
  }

  async #during<Value>(doing: string, pluginId: string | undefined, { signal, timeoutMs }: OperationOptions, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    void this.recover();
    const deadline = new Deadline({ milliseconds: timeoutMs ?? DEFAULT_MILLISECONDS, signal, pluginId, stage: "install", doing });
    try {
      return await deadline.race(work(deadline.signal));
    } finally {
      deadline.dispose();
    }
  }

  async #open(sources: readonly PluginSource[], id: string, version: string | undefined, signal: AbortSignal, options: UpdateOptions): Promise<PluginPackage> {
    notify(options.onProgress, { phase: "resolve" });
    return openPackage(sources, { id, version }, this.#sourceContext(signal, options), (_source, error) => this.#context.report(error));
  }

  #sourceContext(signal: AbortSignal, { onProgress }: UpdateOptions): SourceContext {
    const { trust, limits } = this.#context;
    return { trust, limits, signal, onDownload: (file, loadedBytes, totalBytes) => notify(onProgress, { phase: "download", file, loadedBytes, totalBytes }) };
  }

  async #record(id: string) {
    return readPluginRecord(await this.#context.store.readRecord(pluginRecordName(id)), id);
  }

  async #installed(id: string): Promise<InstalledPlugin> {
    const found = listInstalled(await this.#context.store.state(), () => undefined).find((plugin) => plugin.id === id);
    // Another tab uninstalled it at once.
    if (found === undefined) throw notInstalled(id, "find");
    return found;
  }
}
