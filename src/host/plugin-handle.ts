import { PluginError } from "../errors/plugin-error.js";
import type { CallOptions } from "./call-options.js";
import type { PluginHealth } from "./instances/circuit-breaker.js";
import type { LoadedPlugin } from "./loaded-plugin.js";
import type { LoadReport } from "./load-report.js";
import { PluginCalls } from "./plugin-calls.js";
import type { LoadOptions } from "./plugin-host-options.js";
import type { PluginInfo } from "./plugin-info.js";
import type { FunctionTable } from "./plugin-resource.js";

/** What may differ when a plugin is replaced while it runs. What is left out stays; of `version`, the newest is taken. */
export type ReplaceOptions = Omit<LoadOptions, "instances" | "restart">;

/** What a plugin is doing now. */
export interface PluginStatus {
  readonly health: PluginHealth;
  /** Calls that run. */
  readonly running: number;
  /** Calls that wait. */
  readonly waiting: number;
  /** Instances that there are, idle ones included. */
  readonly instances: number;
}

/** How a handle is tied to the host that made it. */
export interface HandleTies {
  readonly onClosed: () => void;
  readonly onReplaced: (from: string, to: string) => void;
  /** Loads the plugin once more. */
  readonly loadAgain: (options: ReplaceOptions) => Promise<LoadedPlugin>;
}

/**
 * A loaded plugin. Calls are checked, queued, bounded in time, and always end.
 *
 * @typeParam Functions - generated from WIT by `portcullis types`.
 */
export class PluginHandle<Functions extends FunctionTable<Functions>> implements AsyncDisposable {
  /** Settles when the handle was disposed. */
  readonly closed: Promise<void>;
  readonly #ties: HandleTies;
  readonly #calls: PluginCalls;
  /** Replaced versions whose calls and resources are still in use. */
  readonly #draining = new Set<LoadedPlugin>();
  #loaded: LoadedPlugin;
  #isReplacing = false;
  #settleClosed: () => void = () => undefined;
  #isClosed = false;

  /** @internal */
  constructor(loaded: LoadedPlugin, ties: HandleTies) {
    this.#loaded = loaded;
    this.#ties = ties;
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
    this.#calls = new PluginCalls(loaded, () => {
      if (this.#isClosed) throw this.#closedError();
      return [this.#loaded, ...this.#draining];
    });
  }

  /** Who and what it is. Another version after {@link replace}. */
  get info(): PluginInfo {
    return this.#loaded.info;
  }

  /** What loading it did. */
  get report(): LoadReport {
    return this.#loaded.report;
  }

  /** What it has now, as capability texts: what was granted, less what was revoked. */
  get grants(): readonly string[] {
    return this.#loaded.grants();
  }

  /** What it is doing now, and how it has been doing. */
  get status(): PluginStatus {
    const { breaker, load } = this.#loaded.pool;
    return { health: breaker.health, ...load };
  }

  /**
   * Calls an exported function.
   *
   * @param name - its name in camelCase; `new Blob` for a constructor, `Blob.merge` for a static function.
   * @throws {PluginResultError} the plugin's own `err`, with its typed payload.
   * @throws {PluginError} `function-unknown`, `argument-invalid`, `resource-invalid`, `busy`, `reentrant-call`, `timeout`,
   *   `aborted`, `plugin-stopped`, `instances-exhausted`, `trap`, `capability-denied`, `exited`, `result-invalid`, `crashed`, `sandbox-violation`, `closed`.
   * @example
   * ```ts
   * const image = await blur.call("apply", [picture, settings], { timeoutMs: 500 });
   * ```
   */
  async call<Name extends keyof Functions & string>(
    name: Name,
    values: Readonly<Parameters<Functions[Name]>>,
    options?: CallOptions,
  ): Promise<Awaited<ReturnType<Functions[Name]>>> {
    return (await this.#calls.callFunction(name, values, options)) as Awaited<ReturnType<Functions[Name]>>;
  }

  /**
   * Replaces the plugin while it runs: by the newest version that the sources have, or the one that `options` names. The new
   * version is ready before anything changes; then new calls go to it. Calls that were made before are answered by the old one,
   * which ends when they are done and its resources are dropped, or after the limit `callMilliseconds`. If the new version cannot
   * be loaded, the old one stays.
   *
   * @throws {PluginError} what `PluginHost.load` throws; `busy` while it is being replaced already; `closed`.
   */
  async replace(options: ReplaceOptions = {}): Promise<void> {
    if (this.#isClosed) throw this.#closedError();
    if (this.#isReplacing) throw this.#error("busy", "it is being replaced already. Wait for that");
    this.#isReplacing = true;
    try {
      const next = await this.#ties.loadAgain(options);
      if (this.#isClosed) {
        end(next, this.#closedError());
        throw this.#closedError();
      }
      const before = this.#loaded;
      this.#loaded = next;
      void this.#drain(before);
      this.#ties.onReplaced(before.info.version, next.info.version);
    } finally {
      this.#isReplacing = false;
    }
  }

  /** Ends all its instances and forgets its failures; the next call gets a fresh one, also where it was stopped. */
  restart(): void {
    const { pool, info } = this.#loaded;
    pool.breaker.close();
    pool.end(new PluginError({ code: "aborted", stage: "call", pluginId: info.id, message: `The instances of ${info.id} were ended: the app restarted it` }));
  }

  /** Ends the plugin: its workers, and every pending call. Disposing again does nothing. */
  async dispose(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const loaded of [this.#loaded, ...this.#draining]) end(loaded, this.#closedError());
    this.#ties.onClosed();
    this.#settleClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #drain(before: LoadedPlugin): Promise<void> {
    this.#draining.add(before);
    const { info, pool, limits } = before;
    const replaced = new PluginError({ code: "closed", stage: "close", pluginId: info.id, message: `${info.id} ${info.version} was replaced by ${this.#loaded.info.version}` });
    const timer = setTimeout(() => pool.close(replaced), limits.callMilliseconds);
    await pool.idle();
    clearTimeout(timer);
    end(before, replaced);
    this.#draining.delete(before);
  }

  #error(code: "busy", found: string): PluginError {
    return new PluginError({ code, stage: "resolve", pluginId: this.info.id, message: `Cannot replace ${this.info.id}: ${found}` });
  }

  #closedError(): PluginError {
    return new PluginError({ code: "closed", stage: "close", pluginId: this.info.id, message: `${this.info.id} was disposed. Load it again to call it` });
  }
}

function end(loaded: LoadedPlugin, error: PluginError): void {
  loaded.pool.close(error);
  loaded.dispose();
}
