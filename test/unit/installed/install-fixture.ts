/** Plugins in memory, signed by whom a test wants, and a store whose page can end after any of its operations. */
import { sha256Hex } from "../../../src/bytes/sha256.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import type { PluginSource } from "../../../src/host/plugin-source.js";
import { memoryInstallStore } from "../../../src/host/installed/memory-install-store.js";
import type { PluginInstallerOptions } from "../../../src/host/installed/installer-options.js";
import { PluginInstaller } from "../../../src/host/installed/plugin-installer.js";
import { installedPlugins } from "../../../src/host/installed/installed-plugins.js";
import type { InstallStore } from "../../../src/host/installed/install-store.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import type { Manifest } from "../../../src/package/manifest.js";
import { encodeManifest } from "../../../src/package/parse-manifest.js";
import { PluginPackage } from "../../../src/package/plugin-package.js";
import { publicKeyOf } from "../../../src/trust/ed25519.js";
import { signManifest } from "../../../src/trust/signature-envelope.js";
import { dangerouslyTrustUnsigned, trustKeys, type TrustPolicy } from "../../../src/trust/trust-policy.js";
import { verifyPackage } from "../../../src/trust/verify-package.js";
import { buildPackage } from "../package/package-fixture.js";

export const ID = "acme.sample";

export type Signer = 1 | 2 | 3;
const seed = (signer: Signer): Uint8Array => new Uint8Array(32).fill(signer);
export const keyOf = (signer: Signer) => publicKeyOf(seed(signer));
export const keyIdOf = async (signer: Signer): Promise<string> => (await keyOf(signer)).id();

/** Trusts three publishers, in this order. */
export const trustThree = async (order: readonly Signer[] = [1, 2, 3]): Promise<TrustPolicy> => trustKeys(await Promise.all(order.map(keyOf)));
/** Trusts them, and everybody else. */
export const trustAnybody = async (): Promise<TrustPolicy> => dangerouslyTrustUnsigned("a test's own", { alsoTrust: await Promise.all(([1, 2, 3] as const).map(keyOf)) });

export interface PluginOptions {
  readonly id?: string;
  readonly version: string;
  /** Default: the first publisher. None leaves it unsigned. */
  readonly signers?: readonly Signer[];
  /** What tells its content from that of another package of its version. */
  readonly content?: string;
  readonly manifest?: Partial<Manifest>;
  /** Given in place of the right bytes of this path. */
  readonly alter?: (path: string, bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}

let built: ReturnType<typeof buildPackage> | undefined;

/** A package whose glue is its own and whose component all share. */
export async function pluginPackage({ id = ID, version, signers = [1], content = version, manifest: changed = {}, alter = (_path, bytes) => bytes }: PluginOptions): Promise<PluginPackage> {
  const { manifest, files } = await (built ??= buildPackage());
  const own = new Map([...files, ["transpiled/browser-sync/glue.js", toUtf8(`function instantiate() { return ${JSON.stringify(content)}; }`)]]);
  own.delete("manifest.json");
  const listed = await Promise.all(manifest.files.map(async ({ path }) => {
    const bytes = own.get(path) ?? new Uint8Array();
    return { path, size: bytes.length, sha256: await sha256Hex(bytes) };
  }));
  const manifestBytes = encodeManifest({ ...manifest, id, version, files: listed, ...changed });
  const signatureBytes = signers.length === 0 ? null : await signManifest(manifestBytes, signers.map(seed));
  const readFile = async (path: string): Promise<Uint8Array> => alter(path, own.get(path) ?? new Uint8Array());
  return PluginPackage.open({ origin: `a test's ${id} ${version}`, manifestBytes, signatureBytes, readFile }, DEFAULT_LIMITS);
}

/** A source that has these packages. What is put into `offered` later, it has later. */
export function sourceOf(offered: PluginPackage[], name = "a test's source"): PluginSource {
  return {
    name,
    async *list() {
      for (const { manifest: { id, version } } of offered) yield { listing: { id, version, title: undefined, description: undefined, source: name } };
    },
    async open(id, version) {
      // The last one is the newest: tests put them in this order.
      return offered.findLast(({ manifest }) => manifest.id === id && (version === undefined || manifest.version === version));
    },
  };
}

export interface Installation {
  readonly installer: PluginInstaller;
  readonly store: InstallStore;
  readonly problems: string[];
}

/** An installer over `store`, as a page makes it. */
export async function installerOf(sources: readonly PluginSource[], options: Partial<PluginInstallerOptions> = {}): Promise<Installation> {
  const store = options.store ?? memoryInstallStore();
  const problems: string[] = [];
  const data = { grants: null, keyvalue: null, cache: null };
  const installer = new PluginInstaller({ sources, trust: await trustThree(), data, onProblem: ({ code }) => problems.push(code), ...options, store });
  return { installer, store, problems };
}

/**
 * What a host would load now: the version, after every file of it was read and verified; `undefined` if nothing is installed.
 *
 * @throws {PluginError} if what is there is not whole
 */
export async function loadable(store: InstallStore, id = ID, version?: string): Promise<string | undefined> {
  const trust = await trustAnybody();
  const opened = await installedPlugins({ store }).open(id, version, { trust, limits: DEFAULT_LIMITS, signal: undefined, onDownload: () => undefined });
  if (opened === undefined) return undefined;
  await verifyPackage(opened, trust);
  for (const { path } of opened.manifest.files) await opened.readFile(path);
  return opened.manifest.version;
}

/** How a page ends: before an operation was done, or after it, before it heard of that. Or the operation just fails. */
export type Ending = "before" | "after" | "fails";

/**
 * A page's view of `store` that ends at its `last`-th operation. After an end nothing answers any more, and nothing is
 * done: what waits there waits for ever, as the code of a closed page does.
 */
export function endingStore(store: InstallStore, last: number, ending: Ending): InstallStore & { readonly ended: Promise<void>; readonly operations: () => number } {
  let count = 0;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const never = <Value>(): Promise<Value> => new Promise(() => undefined);
  const step = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    count += 1;
    if (ending === "fails") {
      if (count === last) throw new Error("the disk is broken");
      return work();
    }
    if (count < last) return work();
    if (count === last && ending === "after") await work();
    end();
    return never();
  };
  return {
    name: store.name,
    readRecord: (name) => step(() => store.readRecord(name)),
    state: () => step(() => store.state()),
    update: (change) => step(() => store.update(change)),
    readFile: (sha256) => step(() => store.readFile(sha256)),
    writeFile: (sha256, bytes) => step(() => store.writeFile(sha256, bytes)),
    ended,
    operations: () => count,
  };
}
