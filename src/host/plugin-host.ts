import { indexedDbCache } from "../compile/indexeddb-cache.js";
import { type InterfaceDescriptor, parseDescriptor } from "../component/interface-descriptor.js";
import { PluginError } from "../errors/plugin-error.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../limits/plugin-limits.js";
import type { PluginPackage } from "../package/plugin-package.js";
import { Deadline } from "../runtime/deadline.js";
import type { LoadProgress } from "../runtime/progress.js";
import { createWorkerRuntime, type WorkerRuntime } from "../runtime/worker/worker-runtime.js";
import { Audit, type AuditEntry } from "./audit.js";
import { checkLimits } from "./check-limits.js";
import { createGrants } from "./create-grants.js";
import type { PluginGrants } from "./grants/plugin-grants.js";
import type { LoadSurroundings, WantedPlugin } from "./load-plugin.js";
import type { LoadedPlugin } from "./loaded-plugin.js";
import { openPackage } from "./open-package.js";
import { notify } from "./plugin-event.js";
import type { PluginHandle } from "./plugin-handle.js";
import type { LoadOptions, PluginHostOptions } from "./plugin-host-options.js";
import type { FunctionTable } from "./plugin-resource.js";
import type { PluginListing, SourceContext } from "./plugin-source.js";

/** What loads and runs plugins: a page that has nothing to load does not wait for it. */
const importLoading = () => import("./load-plugin.js");

/**
 * Loads plugins for one app. Nothing of a plugin runs before its signature, digests, interface, imports and
 * grants are settled; it then runs in a sandboxed worker of its own.
 *
 * @example
 * ```ts
 * const host = new PluginHost({ sources: [urlSource("/plugins/index.json")], trust: trustKeys([publisherKey]) });
 * const blur = await host.load("acme.blur", filter);
 * const image = await blur.call("apply", [picture, []]);
 * ```
 */
export class PluginHost implements AsyncDisposable {
  /** What was decided about plugins' requests: to list it, and to take it back from what runs. */
  readonly grants: PluginGrants;
  readonly #options: PluginHostOptions;
  readonly #limits: PluginLimits;
  readonly #runtime: WorkerRuntime;
  readonly #runtimes: LoadSurroundings["runtimes"];
  readonly #audit: Audit;
  readonly #handles = new Set<{ dispose(): Promise<void> }>();
  #isClosed = false;

  /** @throws {PluginError} `usage-invalid` for limits that are not positive numbers. */
  constructor(options: PluginHostOptions) {
    this.#options = options;
    this.#limits = checkLimits({ ...DEFAULT_LIMITS, ...options.limits });
    this.#runtime = createWorkerRuntime({
      cache: options.cache === undefined ? indexedDbCache() : options.cache,
      moduleCache: options.moduleCache,
      transpilerUrl: options.transpilerUrl,
      sandbox: options.sandbox ?? "auto",
      sandboxWorkerUrl: options.sandboxWorkerUrl,
    });
    const { bridge } = options;
    this.#runtimes = new Map([["wasm", this.#runtime], ...(bridge === undefined ? [] : [["rust", bridge], ["python", bridge]] as const)]);
    this.#audit = new Audit(options.audit ?? {}, (entry) => notify(options.onEvent, { kind: "audit", entry }));
    this.grants = createGrants(options, this.#limits, this.#audit);
    // Whoever makes a host mostly loads a plugin: fetched beside what the app does until then. A failure is met by the load.
    importLoading().catch(() => undefined);
  }

  /** The last decisions, denials and, if wanted, host calls, in their order. */
  audit(): readonly AuditEntry[] {
    return this.#audit.list();
  }

  /**
   * Lists every plugin of every source. A source or an entry that cannot be read never hides the others;
   * it is reported as a `source-problem` event.
   */
  async *discover(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<PluginListing, void, void> {
    // Not every page lists plugins; what it needs is loaded when one does.
    const { listPlugins } = await import("./list-plugins.js");
    yield* listPlugins(this.#options.sources, this.#sourceContext(options.signal, () => undefined), this.#reportSource);
  }

  /**
   * Loads a plugin: finds, verifies, admits, compiles (or takes from the cache) and instantiates it.
   *
   * @param id - the plugin's id, as its manifest has it.
   * @param descriptor - the interface that the app was built against, made by `portcullis types`.
   * @throws {PluginError} any code of the stages before `call`; `closed` after the host was disposed.
   */
  async load<Functions extends FunctionTable<Functions>>(
    id: string,
    descriptor: InterfaceDescriptor<Functions>,
    options: LoadOptions = {},
  ): Promise<PluginHandle<Functions>> {
    if (this.#isClosed) throw disposed(id);
    const deadline = this.#deadline(id, options.signal);
    try {
      const handle = await deadline.race(this.#load(id, descriptor, options, deadline));
      if (!this.#isClosed) return handle;
      // The host was disposed meanwhile, and nobody would ever dispose what comes after that.
      await handle.dispose();
      throw disposed(id);
    } finally {
      deadline.dispose();
    }
  }

  /** Disposes every plugin that this host loaded. */
  async dispose(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#handles].map((handle) => handle.dispose()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #load<Functions extends FunctionTable<Functions>>(
    id: string,
    descriptor: InterfaceDescriptor<Functions>,
    options: LoadOptions,
    deadline: Deadline,
  ): Promise<PluginHandle<Functions>> {
    const expected = parseDescriptor(descriptor);
    const { PluginHandle: Handle } = await importLoading();
    const loaded = await this.#loadVersion({ id, expected, options }, deadline);
    if (deadline.expired !== undefined) {
      // Nobody waits for it any more, and nobody would ever dispose it.
      loaded.pool.close(deadline.expired);
      loaded.dispose();
      throw deadline.expired;
    }
    const handle = new Handle<Functions>(loaded, {
      onClosed: () => this.#handles.delete(handle),
      onReplaced: (from, to) => notify(this.#options.onEvent, { kind: "replaced", pluginId: id, from, to }),
      loadAgain: (changed) => this.#loadAgain({ id, expected, options: { ...lasting(options), ...changed } }),
    });
    this.#handles.add(handle);
    return handle;
  }

  async #loadVersion(wanted: WantedPlugin, deadline: Deadline): Promise<LoadedPlugin> {
    const { bridge } = this.#options;
    // Behind a bridge no sandbox is needed, nor the code for it: then the package says first which of the two it is for.
    let release = bridge === undefined ? this.#runtime.hold() : undefined;
    try {
      const { loadPlugin } = await importLoading();
      return await loadPlugin(wanted, {
        options: this.#options, limits: this.#limits, runtimes: this.#runtimes, audit: this.#audit, grants: this.grants,
        open: async (id, version, signal, onProgress) => {
          const found = await this.#open(id, version, signal, onProgress);
          if (found.manifest.runtime === "wasm") release ??= this.#runtime.hold();
          return found;
        },
      }, deadline);
    } finally {
      release?.();
    }
  }

  async #loadAgain(wanted: WantedPlugin): Promise<LoadedPlugin> {
    const deadline = this.#deadline(wanted.id, wanted.options.signal);
    try {
      // Not raced: a load ends by itself when its signal aborts, and leaves nothing behind.
      return await this.#loadVersion(wanted, deadline);
    } finally {
      deadline.dispose();
    }
  }

  #deadline(id: string, signal: AbortSignal | undefined): Deadline {
    return new Deadline({ milliseconds: this.#limits.loadMilliseconds, signal, pluginId: id, stage: "resolve", doing: `Loading ${id}` });
  }

  async #open(id: string, version: string | undefined, signal: AbortSignal, onProgress: (progress: LoadProgress) => void): Promise<PluginPackage> {
    const context = this.#sourceContext(signal, (file, loadedBytes, totalBytes) => onProgress({ phase: "download", file, loadedBytes, totalBytes }));
    return openPackage(this.#options.sources, { id, version }, context, this.#reportSource);
  }

  #sourceContext(signal: AbortSignal | undefined, onDownload: SourceContext["onDownload"]): SourceContext {
    return { trust: this.#options.trust, limits: this.#limits, signal, onDownload };
  }

  readonly #reportSource = (source: string, error: PluginError): void => notify(this.#options.onEvent, { kind: "source-problem", source, error });
}

/** What holds for a plugin's later versions too. Which version it was, and the first load's signal and listener, do not. */
function lasting({ version: _version, signal: _signal, onProgress: _onProgress, ...options }: LoadOptions): LoadOptions {
  return options;
}

function disposed(pluginId: string): PluginError {
  return new PluginError({ code: "closed", stage: "resolve", pluginId, message: `Cannot load ${pluginId}: the host was disposed` });
}
