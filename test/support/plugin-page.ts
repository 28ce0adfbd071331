/** Spec side of `test/browser/pages/plugins.js`: loads plugins in the page and calls them. */
import { readFile } from "node:fs/promises";
import { expect, type Page } from "@playwright/test";
import type { CallOptions, LoadOptions, LoadProgress, LoadReport, PluginHostOptions, PluginInfo } from "../../src/index.js";
import type { InterfaceDescriptorData } from "../../src/component/interface-descriptor.js";
import { fixture, type FixtureName, fixturePath } from "../fixtures/index.js";
import type { TestServer } from "./browser-test.js";
import { descriptorOf } from "./descriptor.js";

export interface PlainError {
  readonly name: string;
  readonly code: string;
  readonly stage: string;
  readonly pluginId: string | undefined;
  readonly message: string;
  readonly payload: unknown;
  /** What the plugin wrote to its standard error before. */
  readonly stderr: string | undefined;
}

export type CallResult = { readonly value: unknown; readonly error?: undefined } | { readonly error: PlainError; readonly value?: undefined };

export interface LoadRequest {
  readonly name: string;
  readonly id: string;
  readonly source: { readonly index: string } | { readonly file: string; readonly as?: "bytes" | "file"; readonly options?: { readonly id?: string } };
  readonly descriptor: InterfaceDescriptorData;
  readonly trust: { readonly keys: readonly string[] } | { readonly unsigned: string; readonly keys?: readonly string[] };
  readonly host?: Partial<Pick<PluginHostOptions, "limits" | "compatibility" | "sandbox" | "cache">> & {
    readonly grant?: readonly string[];
    readonly sandboxWorkerUrl?: string | undefined;
    readonly audit?: PluginHostOptions["audit"];
    /** Makes host options in the page, by a function of a module beside `plugins.js`. */
    readonly setup?: { readonly module: string; readonly create: string; readonly argument?: unknown };
  };
  readonly load?: Pick<LoadOptions, "compatibility" | "version" | "instances" | "restart" | "config">;
}

export interface LoadResult {
  readonly report?: LoadReport;
  readonly grants?: readonly string[];
  readonly info?: PluginInfo;
  readonly progress: readonly LoadProgress[];
  readonly error?: PlainError;
}

const packages = new URL("../../.cache/packages/", import.meta.url);

/** The public key that signed the registry and everything in it. */
export async function publisherKey(): Promise<string> {
  return (await readFile(new URL("publisher.pub", packages), "utf8")).trim();
}

export async function packagedDescriptor(name: FixtureName): Promise<InterfaceDescriptorData> {
  return JSON.parse(await readFile(new URL(`descriptors/${name}.json`, packages), "utf8")) as InterfaceDescriptorData;
}

/** One page's plugins. */
export class PluginPage {
  readonly page: Page;
  readonly server: TestServer;
  readonly #prefix: string;

  /** @param prefix - a mode of the test server that the page was opened under, such as `strict/`. */
  constructor(page: Page, server: TestServer, prefix = "") {
    this.page = page;
    this.server = server;
    this.#prefix = prefix;
  }

  /** Loads a plugin in the page. */
  load(request: LoadRequest): Promise<LoadResult> {
    return this.run(({ plugins, portcullis }, argument) => plugins.load(portcullis, argument), request) as Promise<LoadResult>;
  }

  /** Loads a fixture's bare component, as `name`. */
  async loadComponent(name: FixtureName, options: Partial<LoadRequest> = {}): Promise<LoadResult> {
    return this.load({
      name,
      id: `local.${name}`,
      source: { file: `../fixtures/${fixture(name).origin === "committed" ? "components/" : ""}${name}.wasm`, options: { id: `local.${name}` } },
      descriptor: await descriptorOf(fixturePath(name)),
      trust: { unsigned: "a test's own fixture" },
      ...options,
    });
  }

  /** Loads a fixture from the signed registry, as `name`. */
  async loadPackaged(name: FixtureName, options: Partial<LoadRequest> = {}): Promise<LoadResult> {
    return this.load({
      name,
      id: `fixture.${name}`,
      source: { index: "../packages/registry/index.json" },
      descriptor: await packagedDescriptor(name),
      trust: { keys: [await publisherKey()] },
      ...options,
    });
  }

  call(name: string, functionName: string, values: readonly unknown[] = [], options: Omit<CallOptions, "signal"> = {}): Promise<CallResult> {
    return this.run(({ plugins }, [plugin, called, given, extra]) => plugins.call(plugin, called, given, extra), [name, functionName, values, options] as const) as Promise<CallResult>;
  }

  /** Everything that was reported to the hosts' `onEvent`. */
  events(): Promise<readonly Record<string, unknown>[]> {
    return this.run(({ plugins }) => plugins.events, undefined) as Promise<readonly Record<string, unknown>[]>;
  }

  /** Runs code in the page with the page-side module and the built package. */
  async run<Argument, Result>(
    work: (modules: { readonly plugins: any; readonly portcullis: any }, argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result> {
    const modules = await this.page.evaluateHandle(
      async (base) => ({ plugins: await import(`${base}pages/plugins.js`), portcullis: await import(`${base}dist/index.js`) }),
      this.server.url(this.#prefix),
    );
    return (await modules.evaluate(work as never, argument as never)) as Result;
  }
}

/** Waits until no frame and no worker of any sandbox is left in the page. */
export async function expectNothingLeft(plugins: PluginPage): Promise<void> {
  await expect.poll(() => plugins.run(({ plugins: modules }) => modules.sandboxFrames(), undefined), "frames left").toBe(0);
  await expect.poll(() => plugins.page.workers().length, "workers left").toBe(0);
}
