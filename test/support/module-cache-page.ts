/** Spec side of `test/browser/pages/module-cache-app.js`. */
import type { LoadReport } from "../../src/index.js";
import type { ModuleCacheOptions } from "../../src/runtime/module-cache/service-worker-modules.js";
import type { FixtureName } from "../fixtures/index.js";
import type { LoadRequest, LoadResult, PluginPage } from "./plugin-page.js";

export interface KeptModule {
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** One page with a service worker that serves modules. */
export class ModuleCachePage {
  readonly #plugins: PluginPage;

  constructor(plugins: PluginPage) {
    this.#plugins = plugins;
  }

  /** Registers a service worker of `pages/` and waits until it controls the page. */
  control(script = "modules-worker.js", type: WorkerType = "classic"): Promise<unknown> {
    return this.#run("control", script, type);
  }

  /** Loads a fixture of the registry with the cache. Every module counts, however small, unless said otherwise. */
  load(name: FixtureName, options: ModuleCacheOptions = {}, request: Partial<LoadRequest> = {}): Promise<LoadResult> {
    const setup = { module: "module-cache-app.js", create: "withModuleCache", argument: { minBytes: 0, ...options } };
    return this.#plugins.loadPackaged(name, { ...request, host: { ...request.host, setup } });
  }

  kept(): Promise<readonly KeptModule[]> {
    return this.#run("keptModules") as Promise<readonly KeptModule[]>;
  }

  used(): Promise<readonly string[]> {
    return this.#run("usedModules") as Promise<readonly string[]>;
  }

  passedRequests(): Promise<readonly string[]> {
    return this.#run("passedRequests") as Promise<readonly string[]>;
  }

  alter(alteration: string): Promise<unknown> {
    return this.#run("alterModules", alteration);
  }

  swap(): Promise<unknown> {
    return this.#run("swapModules");
  }

  #run(name: string, ...values: readonly unknown[]): Promise<unknown> {
    const url = this.#plugins.server.url("pages/module-cache-app.js");
    return this.#plugins.page.evaluate(
      async ([module, called, given]) => ((await import(module)) as Record<string, (...all: readonly unknown[]) => unknown>)[called]?.(...given),
      [url, name, values] as const,
    );
  }
}

/** Where the modules came from, and why not, each once. */
export function origins({ report }: LoadResult): readonly string[] {
  return [...new Set((report as LoadReport).engineCache?.map(({ from, miss }) => (miss === undefined ? from : `${from}: ${miss}`)))].toSorted();
}
