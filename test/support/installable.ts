/** Versions of one small plugin with some weight, in a registry of the test's own. */
import { sha256Hex } from "../../src/bytes/sha256.js";
import type { FixtureName } from "../fixtures/index.js";
import type { Page } from "@playwright/test";
import type { TestServer } from "./browser-test.js";
import type { PlainError } from "./plugin-page.js";
import { seededRandom } from "./random.js";
import { changedPackage, type PackageChanges, putRegistry, type RegistryChanges, type TestPackage } from "./test-registry.js";

export const ID = "fixture.small-c";

export interface VersionOptions extends Pick<PackageChanges, "seeds" | "manifest"> {
  readonly fixture?: FixtureName;
  /** What tells its content from that of another package of its version. Default: the version. */
  readonly content?: string;
  /** How many files it has besides that no other version has, and the bytes of each. */
  readonly assets?: readonly [count: number, bytes: number];
}

/** A version of the plugin, with content of its own. */
export async function versionOf(version: string, { fixture = "small-c", content = version, assets: [count, bytes] = [4, 20_000], manifest = (same) => same, ...changes }: VersionOptions = {}): Promise<TestPackage> {
  const added = new Map<string, Uint8Array>();
  const random = seededRandom(new TextEncoder().encode(`${fixture} ${content}`).reduce((sum, byte) => Math.imul(sum, 31) + byte, 7));
  for (let index = 0; index < count; index += 1) {
    added.set(`assets/${index}.bin`, Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256)));
  }
  const listed = await Promise.all([...added].map(async ([path, asset]) => ({ path, size: asset.length, sha256: await sha256Hex(asset) })));
  const made = await changedPackage(fixture, {
    ...changes,
    manifest: (packed) => manifest({ ...packed, version, files: [...packed.files, ...listed].sort((left, right) => (left.path < right.path ? -1 : 1)) }),
  });
  return { ...made, files: new Map([...made.files, ...added]) };
}

/** Puts versions into a registry. Gives its address, for `InstalledPage`. */
export function putVersions(server: TestServer, versions: readonly TestPackage[], name = "versions", changes: RegistryChanges = {}): Promise<string> {
  return putRegistry(server, name, versions, changes);
}

export interface OpenRequest {
  readonly index?: readonly string[];
  readonly keys?: readonly string[];
  readonly unsigned?: string;
  readonly database?: string;
  /** Capabilities, or `always` for a person who allows everything for ever. */
  readonly grant?: readonly string[] | "always";
  readonly grantsOfHost?: boolean;
}

export interface Inspection {
  readonly records: readonly string[];
  readonly active: readonly (string | null)[];
  readonly previous: readonly (string | null)[];
  readonly files: number;
  readonly bytes: number;
  readonly wrong: readonly string[];
}

export interface Operated {
  readonly value?: { readonly version: string; readonly previousVersion?: string; readonly publisher: string | null };
  readonly error?: PlainError;
}

/** Spec side of `test/browser/pages/installed.js`. */
export class InstalledPage {
  readonly page: Page;
  readonly #server: TestServer;

  constructor(page: Page, server: TestServer) {
    this.page = page;
    this.#server = server;
  }

  /** On the page's own origin, which need not be the server's usual one. */
  get #module(): string {
    const { origin, pathname } = new URL(this.#server.url("pages/installed.js"));
    const page = new URL(this.page.url());
    return `${page.protocol === "http:" ? page.origin : origin}${pathname}`;
  }

  open(request: OpenRequest): Promise<unknown> {
    return this.#run("open", [request]);
  }

  operate(name: string, ...values: readonly unknown[]): Promise<Operated> {
    return this.#run("operate", [name, ...values]) as Promise<Operated>;
  }

  installAddress(address: string, options: Readonly<Record<string, unknown>> = {}): Promise<Operated> {
    return this.#run("installAddress", [address, options]) as Promise<Operated>;
  }

  async load(fixture: FixtureName = "small-c", id = ID, more: Readonly<Record<string, unknown>> = {}): Promise<{ readonly version?: string; readonly value?: unknown; readonly grants?: readonly string[]; readonly error?: PlainError }> {
    const { packagedDescriptor } = await import("./plugin-page.js");
    return (await this.#run("load", [id, await packagedDescriptor(fixture), more])) as Awaited<ReturnType<InstalledPage["load"]>>;
  }

  inspect(database?: string): Promise<Inspection> {
    return this.#run("inspect", database === undefined ? [] : [database]) as Promise<Inspection>;
  }

  call(id: string, name: string, values: readonly unknown[]): Promise<{ readonly value?: unknown; readonly error?: PlainError }> {
    return this.#run("call", [id, name, values]) as Promise<{ readonly value?: unknown; readonly error?: PlainError }>;
  }

  /** Entries in each of the databases that plugins' data is in by default. */
  dataLeft(): Promise<Readonly<Record<string, number>>> {
    return this.#run("dataLeft", []) as Promise<Readonly<Record<string, number>>>;
  }

  disposeAll(): Promise<unknown> {
    return this.#run("disposeAll", []);
  }

  changes(): Promise<readonly { readonly id: string; readonly version?: string; readonly previousVersion?: string }[]> {
    return this.evaluate((installed) => installed.changes, undefined) as Promise<never>;
  }

  problems(): Promise<readonly PlainError[]> {
    return this.evaluate((installed) => installed.problems, undefined) as Promise<readonly PlainError[]>;
  }

  /** Runs code in the page with the page-side module. */
  async evaluate<Argument>(work: (installed: any, argument: Argument) => unknown, argument: Argument): Promise<unknown> {
    const module = await this.page.evaluateHandle((url) => import(url), this.#module);
    return module.evaluate(work as never, argument as never);
  }

  /** The same with a text, in which `installed` is the module: for functions that cannot cross to the page. */
  evaluateText(expression: string): Promise<unknown> {
    return this.page.evaluate(`import(${JSON.stringify(this.#module)}).then((installed) => (${expression}))`);
  }

  #run(name: string, values: readonly unknown[]): Promise<unknown> {
    return this.page.evaluate(
      async ([module, called, given]) => ((await import(module)) as Record<string, (...all: readonly unknown[]) => unknown>)[called]?.(...given),
      [this.#module, name, values] as const,
    );
  }
}
