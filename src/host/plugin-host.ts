import { type AdmittedPlugin, admitPlugin } from "../admission/admit-plugin.js";
import type { Compatibility } from "../admission/expected-interface.js";
import { indexedDbCache } from "../compile/indexeddb-cache.js";
import { type InterfaceDescriptor, parseDescriptor } from "../component/interface-descriptor.js";
import { PluginError } from "../errors/plugin-error.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../limits/plugin-limits.js";
import type { PluginPackage } from "../package/plugin-package.js";
import { Deadline } from "../runtime/deadline.js";
import type { LoadProgress } from "../runtime/progress.js";
import { createWorkerRuntime, type WorkerRuntime } from "../runtime/worker/worker-runtime.js";
import { verifyPackage } from "../trust/verify-package.js";
import { Audit, type AuditEntry } from "./audit.js";
import { checkLimits, lowerLimits } from "./check-limits.js";
import { createGrants } from "./create-grants.js";
import type { PluginGrants } from "./grants/plugin-grants.js";
import type { InstanceKeeper } from "./instance-keeper.js";
import { LoadClock } from "./load-report.js";
import { loadResourceSupport } from "./load-resource-support.js";
import { openPackage } from "./open-package.js";
import { notify } from "./plugin-event.js";
import { type HandleParts, PluginHandle } from "./plugin-handle.js";
import type { LoadOptions, PluginHostOptions } from "./plugin-host-options.js";
import { pluginInfo } from "./plugin-info.js";
import type { FunctionTable } from "./plugin-resource.js";
import type { PluginListing, SourceContext } from "./plugin-source.js";
import type { RequestedAuthority } from "./requested-authority.js";
import { runPlugin } from "./running-plugin.js";

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
  readonly #audit: Audit;
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
      sandboxWorkerUrl: options.sandboxWorkerUrl,
    });
    this.#audit = new Audit(options.audit ?? {}, (entry) => notify(options.onEvent, { kind: "audit", entry }));
    this.grants = createGrants(options, this.#limits, this.#audit);
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
    const deadline = new Deadline({
      milliseconds: this.#limits.loadMilliseconds, signal: options.signal, pluginId: id, stage: "resolve", doing: `Loading ${id}`,
    });
    const release = this.#runtime.hold();
    try {
      const handle = await deadline.race(this.#load(id, descriptor, options, deadline));
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
    deadline: Deadline,
  ): Promise<PluginHandle<Functions>> {
    const { signal } = deadline;
    const clock = new LoadClock();
    const onProgress = (progress: LoadProgress) => {
      clock.observe(progress);
      notify(options.onProgress, progress);
    };
    const expected = parseDescriptor(descriptor);
    onProgress({ phase: "resolve" });
    const found = await this.#open(id, options.version, signal, onProgress);
    onProgress({ phase: "verify" });
    const { admitted, requested } = await this.#admit(found, { id, expected, compatibility: options.compatibility }, deadline);
    try {
      const running = await this.#start(admitted, requested, signal, onProgress);
      const createResources = await loadResourceSupport(expected.world, id, this.#options.onEvent);
      await running.started;
      // Nothing is awaited after this: a load that ended would leave its handle to nobody.
      if (signal.aborted) running.keeper.close(signal.reason as PluginError);
      signal.throwIfAborted();
      onProgress({ phase: "ready" });
      const { keeper, limits, prepared: { cache, code, target } } = running;
      const handle = this.#createHandle<Functions>(admitted, requested, {
        grants: running.grants,
        report: clock.report({ cache, code, target, sandbox: this.#runtime.sandbox }),
        world: expected.world,
        limits, keeper, createResources,
      });
      running.onEnded((error) => handle.failWaiting(error));
      return handle;
    } catch (error) {
      requested?.dispose();
      throw error;
    }
  }

  #createHandle<Functions extends FunctionTable<Functions>>(
    { manifest, verified, exportNames }: AdmittedPlugin,
    requested: RequestedAuthority | undefined,
    parts: Omit<HandleParts, "info" | "exportNames" | "onClosed">,
  ): PluginHandle<Functions> {
    const handle = new PluginHandle<Functions>({
      ...parts,
      info: pluginInfo(manifest, verified.trust),
      exportNames,
      onClosed: () => {
        requested?.dispose();
        this.#handles.delete(handle);
      },
    });
    this.#handles.add(handle);
    return handle;
  }

  async #admit(found: PluginPackage, { id, expected, compatibility }: Wanted, deadline: Deadline) {
    const { trust, provide = {}, imports = [] } = this.#options;
    let requested: RequestedAuthority | undefined;
    const admitted = await admitPlugin(await verifyPackage(found, trust), {
      expectedId: id,
      expected,
      compatibility: compatibility ?? this.#options.compatibility ?? "strict",
      hostInterfaces: imports,
      openGrants: async (verified, checked) => {
        const { requestedAuthority } = await import("./requested-authority.js");
        requested = requestedAuthority(id, this.grants, provide, deadline);
        return requested.openGrants(verified, checked);
      },
    }).catch((error: unknown) => {
      requested?.dispose();
      throw error;
    });
    return { admitted, requested };
  }

  async #start(admitted: AdmittedPlugin, requested: RequestedAuthority | undefined, signal: AbortSignal, onProgress: (progress: LoadProgress) => void) {
    const { onEvent } = this.#options;
    const { id } = admitted.manifest;
    const limits = lowerLimits(this.#limits, admitted.manifest);
    const prepared = await this.#runtime.prepare(admitted, {
      signal,
      memoryBytes: limits.memoryBytes,
      onProgress,
      onNotStored: (reason) => notify(onEvent, { kind: "cache-not-stored", pluginId: id, reason }),
    });
    const running = runPlugin({ admitted, prepared, limits, runtime: this.#runtime, requested, audit: this.#audit, onEvent });
    // Its worker starts while the modules are compiled: that waits for other threads, and this is on the page's own.
    const started = startFirst(running.keeper, signal);
    // It fails as well when the modules do, and then nobody waits for it any more.
    started.catch(() => undefined);
    await Promise.race([prepared.coreModules, started]);
    onProgress({ phase: "instantiate" });
    return { ...running, limits, prepared, started };
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

/** What an app wants loaded. */
interface Wanted {
  readonly id: string;
  readonly expected: InterfaceDescriptor<unknown>;
  readonly compatibility: Compatibility | undefined;
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
