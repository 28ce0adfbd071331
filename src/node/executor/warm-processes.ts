import type { InstanceProcess } from "./instance-process.js";
import type { RunnablePlugin } from "./plugin-catalogue.js";

export interface WarmOptions {
  /** Kept ready for each package that was used. */
  readonly perPlugin: number;
  readonly total: number;
  /** How long one is kept that nobody wants. */
  readonly idleMilliseconds: number;
  readonly launch: (plugin: RunnablePlugin) => Promise<InstanceProcess>;
  readonly onFailed: (plugin: RunnablePlugin, error: unknown) => void;
}

interface WarmProcess {
  readonly process: InstanceProcess;
  readonly package: string;
  readonly timer: NodeJS.Timeout;
}

/**
 * Processes that have started their runtime and nothing else, each for one package, since its files are bound when the process
 * starts. They wait for their first frame; no code of the plugin has run.
 */
export class WarmProcesses {
  readonly #options: WarmOptions;
  /** From the one that waits longest. */
  readonly #ready = new Set<WarmProcess>();
  /** How many are being started, by package. */
  readonly #launching = new Map<string, number>();
  #isClosed = false;

  constructor(options: WarmOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#ready.size;
  }

  /** One for this package that still runs, if there is one. */
  take({ manifestSha256 }: RunnablePlugin): InstanceProcess | undefined {
    for (const warm of this.#ready) {
      if (warm.package !== manifestSha256) continue;
      this.#forget(warm);
      if (warm.process.isRunning) return warm.process;
    }
    return undefined;
  }

  /** Starts what is missing for a package that is in use, without being waited for. */
  refill(plugin: RunnablePlugin): void {
    const { perPlugin, total } = this.#options;
    const name = plugin.manifestSha256;
    while (!this.#isClosed && this.#count(name) < perPlugin) {
      // Whoever is used now takes the place of whoever was wanted least lately.
      const other = [...this.#ready].find((warm) => warm.package !== name);
      if (this.#total() >= total && other === undefined) return;
      if (this.#total() >= total && other !== undefined) this.#discard(other);
      this.#launch(plugin);
    }
  }

  /** One of them ended by itself. */
  remove(process: InstanceProcess): void {
    for (const warm of this.#ready) if (warm.process === process) this.#forget(warm);
  }

  /** Keeps none from now on. Those that there are must be ended by whoever launched them. */
  close(): void {
    this.#isClosed = true;
    for (const warm of this.#ready) this.#forget(warm);
  }

  #launch(plugin: RunnablePlugin): void {
    const name = plugin.manifestSha256;
    this.#launching.set(name, (this.#launching.get(name) ?? 0) + 1);
    this.#options.launch(plugin)
      .then((process) => this.#keep(process, name), (error: unknown) => this.#options.onFailed(plugin, error))
      .finally(() => this.#launched(name));
  }

  #launched(name: string): void {
    const left = (this.#launching.get(name) ?? 1) - 1;
    if (left === 0) this.#launching.delete(name);
    else this.#launching.set(name, left);
  }

  #keep(process: InstanceProcess, name: string): void {
    if (this.#isClosed) return end(process);
    if (process.ended !== undefined) return;
    const timer = setTimeout(() => this.#discard(warm), this.#options.idleMilliseconds).unref();
    const warm = { process, package: name, timer };
    this.#ready.add(warm);
  }

  #count(name: string): number {
    return [...this.#ready].filter((warm) => warm.package === name).length + (this.#launching.get(name) ?? 0);
  }

  #total(): number {
    return [...this.#launching.values()].reduce((sum, count) => sum + count, this.#ready.size);
  }

  #discard(warm: WarmProcess): void {
    this.#forget(warm);
    end(warm.process);
  }

  #forget(warm: WarmProcess): void {
    clearTimeout(warm.timer);
    this.#ready.delete(warm);
  }
}

/** What cannot be ended is told by the process itself. */
function end(process: InstanceProcess): void {
  process.end().catch(() => {});
}
