import { type AdmittedPlugin, admitPlugin } from "../admission/admit-plugin.js";
import type { Compatibility } from "../admission/expected-interface.js";
import type { GrantPolicy } from "../admission/decide-grants.js";
import { type CompileCache } from "../compile/compile-cache.js";
import { indexedDbCache } from "../compile/indexeddb-cache.js";
import { type InterfaceDescriptor, parseDescriptor } from "../component/interface-descriptor.js";
import { PluginError } from "../errors/plugin-error.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../limits/plugin-limits.js";
import type { PluginPackage } from "../package/plugin-package.js";
import { Deadline } from "../runtime/deadline.js";
import type { LoadProgress } from "../runtime/progress.js";
import { createWorkerRuntime, type SandboxPreference, type WorkerRuntime } from "../runtime/worker/worker-runtime.js";
import type { TrustPolicy } from "../trust/trust-policy.js";
import { verifyPackage } from "../trust/verify-package.js";
import { checkLimits } from "./check-limits.js";
import { InstanceKeeper } from "./instance-keeper.js";
import { LoadClock } from "./load-report.js";
import { openPackage } from "./open-package.js";
import { notify, type PluginEventListener } from "./plugin-event.js";
import { PluginHandle } from "./plugin-handle.js";
import { pluginInfo } from "./plugin-info.js";
import { loadResourceSupport } from "./load-resource-support.js";
import type { FunctionTable } from "./plugin-resource.js";
import type { PluginListing, PluginSource, SourceContext } from "./plugin-source.js";

export interface PluginHostOptions {
  /** Where plugins come from, asked in this order. */
  readonly sources: readonly PluginSource[];
  /** Whose plugins may run. There is no default: see `trustKeys` and `dangerouslyTrustUnsigned`. */
  readonly trust: TrustPolicy;
  /** What plugins are granted of what they ask for. Default: nothing. */
  readonly grant?: GrantPolicy;
  /** How close interfaces must match. Default: `strict`. */
  readonly compatibility?: Compatibility;
  /** Where transpiled code is kept. Default: IndexedDB. `null` keeps none. */
  readonly cache?: CompileCache | null;
  /** Bounds that differ from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<PluginLimits>;
  /** Folder of the transpiler's files, where the app's bundler does not copy them. */
  readonly transpilerUrl?: URL | string;
  /** Which sandbox to use. Default: the best that starts and proves to be sealed. */
  readonly sandbox?: SandboxPreference;
  readonly onEvent?: PluginEventListener;
}

export interface LoadOptions {
  /** An exact version. Default: the newest that the first source with the plugin has. */
  readonly version?: string;
  /** Overrides the host's. */
  readonly compatibility?: Compatibility;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
}

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
  readonly #options: PluginHostOptions;
  readonly #limits: PluginLimits;
  readonly #runtime: WorkerRuntime;
  readonly #handles = new Set<{ dispose(): Promise<void> }>();
  #isClosed = false;

  /** @throws {PluginError} `usage-invalid` for limits that are not positive numbers. */
  constructor(options: PluginHostOptions) {
    this.#options = options;
    this.#limits = checkLimits({ ...DEFAULT_LIMITS, ...options.limits });
    this.#runtime = createWorkerRuntime({
      cache: options.cache === undefined ? indexedDbCache() : options.cache,
      transpilerUrl: options.transpilerUrl,
      sandbox: options.sandbox ?? "auto",
    });
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
    const deadline = new Deadline({
      milliseconds: this.#limits.loadMilliseconds, signal: options.signal, pluginId: id, stage: "resolve", doing: `Loading ${id}`,
    });
    const release = this.#runtime.hold();
    try {
      const handle = await deadline.race(this.#load(id, descriptor, options, deadline.signal));
      if (!this.#isClosed) return handle;
      // The host was disposed meanwhile, and nobody would ever dispose what comes after that.
      await handle.dispose();
      throw disposed(id);
    } finally {
      deadline.dispose();
      release();
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
    signal: AbortSignal,
  ): Promise<PluginHandle<Functions>> {
    const clock = new LoadClock();
    const onProgress = (progress: LoadProgress) => {
      clock.observe(progress);
      notify(options.onProgress, progress);
    };
    const expected = parseDescriptor(descriptor);
    onProgress({ phase: "resolve" });
    const found = await this.#open(id, options.version, signal, onProgress);
    onProgress({ phase: "verify" });
    const admitted = await admitPlugin(await verifyPackage(found, this.#options.trust), {
      expectedId: id,
      expected,
      compatibility: options.compatibility ?? this.#options.compatibility ?? "strict",
      grant: this.#options.grant ?? [],
    });
    const limits = lowerLimits(this.#limits, admitted);
    const prepared = await this.#runtime.prepare(admitted, {
      signal,
      memoryBytes: limits.memoryBytes,
      onProgress,
      onNotStored: (reason) => notify(this.#options.onEvent, { kind: "cache-not-stored", pluginId: id, reason }),
    });
    const { keeper, onEnded } = this.#keep(id, (listeners, startSignal) => this.#runtime.start(prepared, limits, listeners, startSignal));
    // Its worker starts while the modules are compiled: that waits for other threads, and this is on the page's own.
    const started = startFirst(keeper, signal);
    // It fails as well when the modules do, and then nobody waits for it any more.
    started.catch(() => undefined);
    await Promise.race([prepared.coreModules, started]);
    onProgress({ phase: "instantiate" });
    const createResources = await loadResourceSupport(expected.world);
    await started;
    // Nothing is awaited after this: a load that ended would leave its handle to nobody.
    if (signal.aborted) keeper.close(signal.reason as PluginError);
    signal.throwIfAborted();
    onProgress({ phase: "ready" });
    const { cache, code, target } = prepared;
    const handle = new PluginHandle<Functions>({
      info: pluginInfo(admitted.manifest, admitted.verified.trust),
      grants: admitted.grants,
      report: clock.report({ cache, code, target, sandbox: this.#runtime.sandbox }),
      world: expected.world,
      exportNames: admitted.exportNames,
      limits,
      keeper,
      createResources,
      onClosed: () => this.#handles.delete(handle),
    });
    onEnded((error) => handle.failWaiting(error));
    this.#handles.add(handle);
    return handle;
  }

  #keep(id: string, start: (listeners: Parameters<WorkerRuntime["start"]>[2], signal: AbortSignal) => ReturnType<WorkerRuntime["start"]>) {
    let failWaiting: (error: PluginError) => void = () => undefined;
    const keeper = new InstanceKeeper(
      ({ onBroken, signal }) => start({ onBroken, onEvent: (event) => notify(this.#options.onEvent, { kind: "guest", pluginId: id, event }) }, signal),
      (error) => {
        failWaiting(error);
        notify(this.#options.onEvent, { kind: "instance-ended", pluginId: id, error });
      },
    );
    return { keeper, onEnded: (listener: (error: PluginError) => void) => (failWaiting = listener) };
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

function disposed(pluginId: string): PluginError {
  return new PluginError({ code: "closed", stage: "resolve", pluginId, message: `Cannot load ${pluginId}: the host was disposed` });
}

/** Starts the first instance. If the load ends before it stands, its worker must not stay behind. */
async function startFirst(keeper: InstanceKeeper, signal: AbortSignal): Promise<void> {
  const abort = () => keeper.close(signal.reason as PluginError);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    await keeper.current();
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The host's limits, lowered where the manifest asks for less. A manifest can never raise one. */
function lowerLimits(limits: PluginLimits, { manifest }: AdmittedPlugin): PluginLimits {
  return {
    ...limits,
    memoryBytes: Math.min(limits.memoryBytes, manifest.limits.memoryBytes ?? limits.memoryBytes),
    callMilliseconds: Math.min(limits.callMilliseconds, manifest.limits.callMilliseconds ?? limits.callMilliseconds),
  };
}
