import type { AdmittedPlugin } from "../../admission/admit-plugin.js";
import { worldDigest } from "../../admission/world-digest.js";
import { sha256Hex } from "../../bytes/sha256.js";
import type { Capability } from "../../capability/capability.js";
import { countMemories } from "../../component/count-memories.js";
import type { CachedComponent, CompileCache } from "../../compile/compile-cache.js";
import type { CompileKey, CompileTarget } from "../../compile/compile-key.js";
import { compareKeys, liveCompileKey, type StalenessReason } from "../../compile/live-compile-key.js";
import { supportedTargets, targetRefusal } from "../../compile/supported-targets.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { Manifest, TranspiledOutput } from "../../package/manifest.js";
import type { HostCallTransport } from "../../rpc/messages.js";
import type { PrepareOptions } from "../plugin-runtime.js";
import type { CacheResult, CodeOrigin } from "../progress.js";
import type * as CompileModules from "./compile-modules.js";
import type { PreparedModule } from "./compile-modules.js";
import { hasPromiseIntegration } from "./host-call-transport.js";
import type { PrepareSurroundings } from "./preparation.js";
import type * as ProduceCode from "./produce-code.js";

/** Everything that an instance is started from. Instances of one plugin share it. */
export interface PreparedPlugin {
  readonly admitted: AdmittedPlugin;
  readonly glue: string;
  /** Being compiled, off this thread, while a worker starts. Rejects with `compile-failed`. */
  readonly coreModules: Promise<readonly PreparedModule[]>;
  /** How many linear memories an instance has. */
  readonly memories: number;
  readonly target: CompileTarget;
  /** How host calls are made; `null` if nothing that was granted lives on the page. */
  readonly transport: HostCallTransport["kind"] | null;
  readonly cache: CacheResult;
  readonly code: CodeOrigin;
}

/**
 * Gets a plugin's code, cheapest first: the cache, the package's own output (only under a trusted signature),
 * or a fresh transpilation of the component. All under the same key. A bad cache only costs the work.
 *
 * @throws {PluginError} `target-unsupported`, `digest-mismatch`, `manifest-mismatch`, `transpile-failed`.
 */
export async function preparePlugin(admitted: AdmittedPlugin, surroundings: PrepareSurroundings, options: PrepareOptions): Promise<PreparedPlugin> {
  const { manifest } = admitted;
  // Fetched beside the code that it compiles. What fails here is met below.
  importCompiling().catch(() => undefined);
  const transport = livesOnPage(admitted.grants) ? await surroundings.hostCallTransport(manifest) : null;
  const target = chooseTarget(manifest, transport);
  const key = await liveCompileKey(componentDigest(manifest), manifest.world, target);
  const packaged = admitted.gluePermitted ? manifest.transpiled.find((output) => compareKeys(output.key, key) === undefined) : undefined;
  // Code that came in a package is kept apart, under that package's own manifest: whoever trusts another key,
  // or none, must never be handed it because the component happens to be the same.
  const provenance = packaged === undefined ? "transpiled" : await sha256Hex(admitted.verified.package.manifestBytes);
  const found = await readCache(surroundings.cache, key, provenance, manifest, packaged);
  const cache: CacheResult = found.reason === undefined ? { hit: true } : { hit: false, reason: found.reason };
  options.onProgress({ phase: "cache", result: cache });
  const component = found.component ?? (await produceCode(admitted, { key, target, packaged }, surroundings, options));
  if (found.component === undefined) store(surroundings.cache, provenance, component, options);
  options.onProgress({ phase: "compile" });
  const coreModules = compileModules(component, surroundings, manifest.id, options.bounds);
  // Who starts an instance meets the failure.
  coreModules.catch(() => undefined);
  const code = cache.hit ? "cache" : packaged === undefined ? "transpiled" : "package";
  const memories = component.coreModules.reduce((sum, { bytes }) => sum + countMemories(bytes, manifest.id), 0);
  return { admitted, glue: component.glue, coreModules, memories, target, transport, cache, code };
}

function componentDigest(manifest: Manifest): string {
  const file = manifest.files.find(({ path }) => path === manifest.component);
  if (file !== undefined) return file.sha256;
  const message = `Cannot load ${manifest.id}: its manifest has no component`;
  throw new PluginError({ code: "manifest-invalid", stage: "admit", pluginId: manifest.id, message });
}

/** Whether any of `grants` is for something that only the page has. */
function livesOnPage(grants: readonly Capability[]): boolean {
  return grants.some(({ kind }) => PAGE_KINDS.has(kind));
}

/** What only the page has: it is refused there when it is taken back. The rest is given in the worker. */
export const PAGE_KINDS: ReadonlySet<Capability["kind"]> = new Set(["fs", "http", "keyvalue", "stdin", "secret", "host"] as const);

function chooseTarget({ id, world }: Manifest, transport: HostCallTransport["kind"] | null): CompileTarget {
  const supported = supportedTargets(world);
  const preferred = transport === "suspension" ? supported.find((target) => target === "browser-jspi") : supported[0];
  if (preferred !== undefined && (preferred === "browser-sync" || hasPromiseIntegration())) return preferred;
  const reason = targetRefusal(world, preferred === undefined ? "browser-jspi" : "browser-sync") ?? "it cannot be transpiled for a browser";
  const lacking = preferred === undefined ? "" : ". That needs JavaScript Promise Integration, which this browser does not have";
  throw new PluginError({ code: "target-unsupported", stage: "admit", pluginId: id, message: `Cannot load ${id}: ${reason}${lacking}` });
}

type CacheFinding =
  | { readonly component: CachedComponent; readonly reason?: undefined }
  | { readonly component: undefined; readonly reason: StalenessReason };

async function readCache(
  cache: CompileCache | null,
  key: CompileKey,
  provenance: string,
  manifest: Manifest,
  packaged: TranspiledOutput | undefined,
): Promise<CacheFinding> {
  const read = (await cache?.read(key, provenance)) ?? { miss: "missing" as const };
  if ("miss" in read) return { component: undefined, reason: read.miss };
  // The component itself is not at hand on a hit: what its manifest says of its imports and exports must be
  // what was found in the component when this entry was made. Else the component is fetched and checked.
  const agrees = read.hit.worldDigest === (await worldDigest(manifest.world)) && (packaged === undefined || matchesManifest(read.hit, manifest, packaged));
  return agrees ? { component: read.hit } : { component: undefined, reason: "digest" };
}

/** Cached code of a package must be what the signed manifest says, not only what the entry says of itself. */
function matchesManifest(cached: CachedComponent, manifest: Manifest, packaged: TranspiledOutput): boolean {
  const glue = manifest.files.find(({ path }) => path === packaged.glue);
  const digests = new Map(packaged.coreModules.map(({ name, sha256 }) => [name, sha256]));
  return (
    cached.glueSha256 === glue?.sha256 &&
    cached.coreModules.length === digests.size &&
    cached.coreModules.every(({ name, sha256 }) => digests.get(name) === sha256)
  );
}

/** The component reader and what else a first load needs are a third of this package; a warm load never downloads them. */
async function produceCode(
  admitted: AdmittedPlugin,
  wanted: Omit<ProduceCode.WantedCode, "component">,
  surroundings: PrepareSurroundings,
  options: PrepareOptions,
): Promise<CachedComponent> {
  // Fetched beside what reads it: each is some round trips over a network.
  const component = admitted.verified.package.readComponent(options.signal);
  // Met below, if that is reached.
  component.catch(() => undefined);
  return (await import("./produce-code.js")).produceCode(admitted, { ...wanted, component }, surroundings, options);
}

function store(cache: CompileCache | null, provenance: string, component: CachedComponent, { onNotStored }: PrepareOptions): void {
  // Not awaited: the plugin is ready before its code is stored, and storing must never fail a load.
  cache?.write(component, provenance).catch((error: unknown) => onNotStored(error instanceof Error ? error.message : String(error)));
}

const importCompiling = () => import("./compile-modules.js");

/** Bounds and compiles the modules. On every path, since what a package or cache says of a memory is the guest's word. */
async function compileModules(...parameters: Parameters<typeof CompileModules.compileModules>): Promise<readonly PreparedModule[]> {
  return (await importCompiling()).compileModules(...parameters);
}
