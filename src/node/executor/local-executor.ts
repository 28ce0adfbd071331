import { tmpdir } from "node:os";
import { PluginError } from "../../errors/plugin-error.js";
import { ExecutorEnvironment } from "./executor-environment.js";
import type { Executor, ExecutorInstance, InstanceListeners, InstanceOrder } from "./executor.js";
import { type ExecutorLog, SILENT_LOG } from "./executor-log.js";
import { ExecutorCounters, type ExecutorReport, reportFigures } from "./executor-report.js";
import { InstanceProcess } from "./instance-process.js";
import type { UserRange } from "./instance-users.js";
import type { IsolationPolicy } from "./isolation.js";
import { LocalInstance } from "./local-instance.js";
import type { PluginCatalogue, RunnablePlugin } from "./plugin-catalogue.js";
import { limitsOf, type ProcessLimits, processLimits } from "./process-limits.js";
import { ProcessSandbox } from "./process-sandbox.js";
import { ProcessWatch } from "./process-watch.js";
import { packagedRuntimes, type RuntimePaths } from "./runtime-programs.js";
import { startRefusal, stoppedStart, untilAborted } from "./start-failures.js";
import { instanceTerms, startMessage } from "./start-message.js";
import { WarmProcesses } from "./warm-processes.js";

export interface LocalExecutorOptions {
  /** What may be started. */
  readonly catalogue: PluginCatalogue;
  /** @defaultValue `preferred` */
  readonly isolation?: IsolationPolicy;
  /**
   * Users that instances run as, one each; `own` for that of this process. Only root can have others.
   * @defaultValue as root 60706 to 61183, otherwise `own`
   */
  readonly users?: UserRange | "own";
  /** Changes to the defaults. Orders and manifests only lower them. */
  readonly limits?: Partial<ProcessLimits>;
  /** Instances that run or are being started. @defaultValue 64 */
  readonly instances?: number;
  readonly warm?: {
    /** Processes that are kept ready for each package after its first use. @defaultValue 1 */
    readonly perPlugin?: number;
    /** @defaultValue 8 */
    readonly total?: number;
    /** How long one is kept that nobody wants. @defaultValue five minutes */
    readonly idleMilliseconds?: number;
  };
  /** Where the programs are. @defaultValue this package's own beside this file, and what the system has of Node and Python */
  readonly runtimes?: Partial<RuntimePaths>;
  /** For everything that is written: files of packages, working directories. It must allow libraries to be loaded, and no service may clean it up. @defaultValue the system's folder for temporary files */
  readonly folder?: string;
  readonly log?: ExecutorLog;
}

/** An executor that runs each instance in a process of this machine. */
export interface LocalExecutor extends Executor {
  figures(): ReadonlyMap<string, number>;
  report(): ExecutorReport;
  /**
   * Finds out now what would otherwise be found out with the first instance.
   *
   * @throws {PluginError} why no instance could be started.
   */
  prepare(): Promise<void>;
}

/** Makes an executor. Nothing is started before its first instance. @throws {PluginError} `usage-invalid` */
export function createLocalExecutor(options: LocalExecutorOptions): LocalExecutor {
  return new ProcessExecutor(options);
}

const FIVE_MINUTES = 5 * 60_000;

class ProcessExecutor implements LocalExecutor {
  readonly #options: LocalExecutorOptions;
  readonly #limits: ProcessLimits;
  readonly #log: ExecutorLog;
  readonly #watch = new ProcessWatch();
  readonly #counters = new ExecutorCounters();
  readonly #warm: WarmProcesses;
  readonly #closing = new AbortController();
  /** All that are not gone, also those that wait or are being ended. */
  readonly #processes = new Set<InstanceProcess>();
  /** Of those, the ones that have a plugin. */
  readonly #instances = new Set<InstanceProcess>();
  /** Starts and launches that are under way. */
  readonly #pending = new Set<Promise<unknown>>();
  #starting = 0;
  #isClean = true;
  #environment: Promise<ExecutorEnvironment> | undefined;
  #opened: ExecutorEnvironment | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: LocalExecutorOptions) {
    this.#options = options;
    this.#limits = processLimits(options.limits ?? {});
    this.#log = options.log ?? SILENT_LOG;
    const { perPlugin = 1, total = 8, idleMilliseconds = FIVE_MINUTES } = options.warm ?? {};
    this.#warm = new WarmProcesses({
      perPlugin, total, idleMilliseconds,
      launch: (plugin) => this.#track(this.#launch(plugin)),
      onFailed: (plugin, error) => {
        if (!this.#closing.signal.aborted) this.#log.warn("warm-process-failed", { plugin: plugin.manifest.id, reason: String(error) });
      },
    });
  }

  get running(): number {
    return this.#instances.size + this.#starting;
  }

  report(): ExecutorReport {
    const { started, startedWarm, restarts, ended } = this.#counters;
    const opened = this.#opened;
    const isolation = opened === undefined ? undefined : opened.isolation.bubblewrap !== undefined ? "bubblewrap" : opened.separatesUsers ? "users" : "none";
    return { isolation, running: this.#instances.size, starting: this.#starting, warm: this.#warm.size, started, startedWarm, restarts, ended: new Map(ended) };
  }

  figures(): ReadonlyMap<string, number> {
    return reportFigures(this.report());
  }

  async prepare(): Promise<void> {
    await this.#track(this.#open());
  }

  async start(order: InstanceOrder, listeners: InstanceListeners, signal: AbortSignal): Promise<ExecutorInstance> {
    const most = this.#options.instances ?? 64;
    if (this.running >= most) throw startRefusal(order.id, "busy", `this executor runs ${most} instances already, which is the most it may. End some, or try again later`);
    this.#starting += 1;
    try {
      return await this.#track(this.#start(order, listeners, signal));
    } finally {
      this.#starting -= 1;
    }
  }

  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #start(order: InstanceOrder, listeners: InstanceListeners, signal: AbortSignal): Promise<ExecutorInstance> {
    const milliseconds = limitsOf(this.#limits, order.limits, {}).instantiateMilliseconds;
    const deadline = AbortSignal.timeout(milliseconds);
    const stop = AbortSignal.any([signal, deadline, this.#closing.signal]);
    let process: InstanceProcess | undefined;
    try {
      const plugin = await untilAborted(stop, this.#find(order));
      const limits = limitsOf(this.#limits, order.limits, plugin.manifest.limits);
      const terms = instanceTerms(plugin, order);
      const ready = this.#warm.take(plugin);
      process = ready ?? await this.#launch(plugin, stop);
      const message = startMessage(plugin, terms, { directory: process.sandbox.pluginFolder, messageBytes: limits.messageBytes, memoryBytes: limits.memoryBytes });
      const instance = new LocalInstance(process, { message, terms, limits, listeners: this.#counting(plugin, listeners) });
      const { runtime } = await untilAborted(stop, instance.begin());
      this.#instances.add(process);
      this.#counters.countStart(plugin.manifestSha256, ready !== undefined);
      this.#log.info("instance-started", { plugin: order.id, version: order.version, runtime, warm: ready !== undefined });
      this.#warm.refill(plugin);
      return instance;
    } catch (error) {
      await process?.end();
      const reason = stop.aborted ? stoppedStart(order.id, { signal, deadline, milliseconds }) : error;
      if (reason instanceof PluginError) this.#counters.countEnd(order.manifestSha256, reason.code, false);
      throw reason;
    }
  }

  async #find({ id, version, manifestSha256 }: InstanceOrder): Promise<RunnablePlugin> {
    const found = await this.#options.catalogue.find(id, version, manifestSha256);
    // A catalogue may be wrong; what was admitted where the order comes from is what must run.
    if (found !== undefined && found.manifestSha256 === manifestSha256 && found.manifest.id === id && found.manifest.version === version) return found;
    throw startRefusal(id, "plugin-not-found", `this executor has no version ${version} whose manifest has the digest ${manifestSha256}. Give it the same packages that the bridge has`);
  }

  /** Starts a process that waits for its plugin. What was begun is finished before it gives up. */
  async #launch(plugin: RunnablePlugin, stop: AbortSignal = this.#closing.signal): Promise<InstanceProcess> {
    const { id, runtime } = plugin.manifest;
    const environment = await untilAborted(stop, this.#open());
    const program = await untilAborted(stop, environment.program(runtime === "rust" ? "rust" : "python"));
    const folder = await untilAborted(stop, environment.files.folderOf(plugin));
    const user = await environment.takeUser();
    const limits = this.#limits;
    const sandbox = await ProcessSandbox.open({ root: environment.folder, isolation: environment.isolation, user, limits, program, plugin: folder }).catch((cause: unknown) => {
      throw startRefusal(id, "storage-failed", `its working directory cannot be made (${String(cause)})`, cause);
    });
    try {
      const context = { pluginId: id, limits, baseBytes: program.baseBytes, watch: this.#watch, log: this.#log, onGone: (gone: InstanceProcess, isClean: boolean) => this.#forget(gone, isClean) };
      const process = new InstanceProcess(await sandbox.spawn(), sandbox, context);
      this.#processes.add(process);
      return process;
    } catch (cause) {
      await sandbox.close();
      throw startRefusal(id, "instantiate-failed", `its process cannot be started (${String(cause)})`, cause);
    }
  }

  async #open(): Promise<ExecutorEnvironment> {
    if (this.#closing.signal.aborted) throw new PluginError({ code: "closed", stage: "instantiate", message: "Cannot start plugins: the executor is closed" });
    const { isolation = "preferred", users, folder = tmpdir(), runtimes } = this.#options;
    this.#environment ??= ExecutorEnvironment.open({ isolation, users, folder, runtimes: { ...packagedRuntimes(), ...runtimes }, log: this.#log });
    try {
      this.#opened = await this.#environment;
      return this.#opened;
    } catch (error) {
      // It may be mended, and is tried again with the next instance.
      this.#environment = undefined;
      throw error;
    }
  }

  #counting(plugin: RunnablePlugin, listeners: InstanceListeners): InstanceListeners {
    return {
      ...listeners,
      onEnded: (end) => {
        this.#counters.countEnd(plugin.manifestSha256, end.code, true);
        this.#log.warn("instance-ended", { plugin: plugin.manifest.id, code: end.code, reason: end.message });
        listeners.onEnded(end);
      },
    };
  }

  #forget(process: InstanceProcess, isClean: boolean): void {
    this.#isClean &&= isClean;
    this.#processes.delete(process);
    this.#instances.delete(process);
    this.#warm.remove(process);
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    try {
      return await work;
    } finally {
      this.#pending.delete(work);
    }
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#warm.close();
    await Promise.allSettled(this.#pending);
    for (const process of this.#processes) process.fail({ code: "closed", stage: "close", message: "its executor closes" });
    await Promise.allSettled([...this.#processes].map((process) => process.gone));
    // It may have been opened for a start that was given up meanwhile. What still runs could lead a removal elsewhere.
    const environment = await this.#environment?.catch(() => undefined);
    if (this.#isClean) await environment?.close();
  }
}
