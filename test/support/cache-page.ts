/** Spec side of `test/browser/pages/cache-database.js`. */
import { expect } from "@playwright/test";
import type { PluginPage } from "./plugin-page.js";

export interface StoredFile {
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
  /** What the stored bytes are, whatever the record says of them. */
  readonly really: { readonly size: number; readonly sha256: string };
}

export interface StoredEntry {
  readonly key: string;
  readonly record: {
    readonly schema: number;
    readonly key: { readonly wasmSha256: string; readonly target: string };
    readonly worldDigest: string;
    readonly files: readonly StoredFile[];
  };
}

/** The compile cache's database in a page. */
export class CachePage {
  readonly #plugins: PluginPage;

  constructor(plugins: PluginPage) {
    this.#plugins = plugins;
  }

  entries(): Promise<readonly StoredEntry[]> {
    return this.#run("entries", []) as Promise<readonly StoredEntry[]>;
  }

  /** The entries, once there are `count`: a load does not wait until its code is stored. */
  async stored(count = 1): Promise<readonly StoredEntry[]> {
    await expect.poll(async () => (await this.entries()).length, "entries in the cache").toBe(count);
    return this.entries();
  }

  /** Waits until the cache holds exactly `wanted`. */
  async becomes(wanted: readonly StoredEntry[]): Promise<void> {
    await expect.poll(() => this.entries(), "what the cache holds").toEqual(wanted);
  }

  alter(alteration: string, part = "", position = 0): Promise<unknown> {
    return this.#run("alter", [alteration, part, position]);
  }

  transplant(from: string, to: string): Promise<unknown> {
    return this.#run("transplant", [from, to]);
  }

  forget(): Promise<unknown> {
    return this.#run("forget", []);
  }

  makeForeign(version: number, storeName?: string, storeOptions?: IDBObjectStoreParameters, keepOpen = false): Promise<unknown> {
    return this.#run("makeForeign", [version, storeName, storeOptions, keepOpen]);
  }

  #run(name: string, values: readonly unknown[]): Promise<unknown> {
    const url = this.#plugins.server.url("pages/cache-database.js");
    return this.#plugins.page.evaluate(
      async ([module, called, given]) => ((await import(module)) as Record<string, (...all: readonly unknown[]) => unknown>)[called]?.(...given),
      [url, name, values] as const,
    );
  }
}
