import { type AdmittedPlugin, admitPlugin } from "../admission/admit-plugin.js";
import { canonicalJson, type JsonValue } from "../bytes/canonical-json.js";
import type { InterfaceDescriptor } from "../component/interface-descriptor.js";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { PluginRuntimeKind } from "../package/manifest.js";
import type { PluginPackage } from "../package/plugin-package.js";
import type { Deadline } from "../runtime/deadline.js";
import type { LoadProgress } from "../runtime/progress.js";
import type { PluginRuntime } from "../runtime/plugin-runtime.js";
import { verifyPackage } from "../trust/verify-package.js";
import type { Audit } from "./audit.js";
import { lowerLimits } from "./check-limits.js";
import type { PluginGrants } from "./grants/plugin-grants.js";
import type { Configuration } from "./configuration.js";
import { checkInstancePolicy, checkRestartPolicy } from "./instances/instance-policy.js";
import type { InstancePool } from "./instances/instance-pool.js";
import { LoadClock } from "./load-report.js";
import type { LoadedPlugin } from "./loaded-plugin.js";
import { loadResourceSupport } from "./load-resource-support.js";
import { notify } from "./plugin-event.js";
import type { PluginContract } from "./plugin-contract.js";
import type { LoadOptions, PluginHostOptions } from "./plugin-host-options.js";
import { pluginInfo } from "./plugin-info.js";
import type { RequestedAuthority } from "./requested-authority.js";
import { runPlugin, type RunningPluginParts } from "./running-plugin.js";

export { PluginHandle } from "./plugin-handle.js";

/** What a load needs of its host. */
export interface LoadSurroundings {
  readonly options: PluginHostOptions;
  readonly limits: PluginLimits;
  /** What runs here, by what a manifest says that it needs. */
  readonly runtimes: ReadonlyMap<PluginRuntimeKind, PluginRuntime>;
  readonly audit: Audit;
  readonly grants: PluginGrants;
  readonly open: (id: string, version: string | undefined, signal: AbortSignal, onProgress: (progress: LoadProgress) => void) => Promise<PluginPackage>;
}

/** What an app wants loaded. */
export interface WantedPlugin {
  readonly id: string;
  readonly expected: InterfaceDescriptor<unknown>;
  readonly options: LoadOptions;
}

/** Finds, verifies, admits, compiles and instantiates a plugin. What it leaves behind when it fails is nothing. */
export async function loadPlugin(wanted: WantedPlugin, surroundings: LoadSurroundings, deadline: Deadline): Promise<LoadedPlugin> {
  const { id, expected, options } = wanted;
  const { signal } = deadline;
  const clock = new LoadClock();
  const onProgress = (progress: LoadProgress) => {
    clock.observe(progress);
    notify(options.onProgress, progress);
  };
  onProgress({ phase: "resolve" });
  const found = await surroundings.open(id, options.version, signal, onProgress);
  onProgress({ phase: "verify" });
  const { admitted, requested, configuration } = await admit(found, wanted, surroundings, deadline);
  try {
    const given = { requested, contract: options.contract, config: configuration?.value, configText: await configText(admitted, configuration, options.contract) };
    const running = await start(admitted, given, wanted, surroundings, { signal, onProgress });
    const createResources = await loadResourceSupport(expected.world, id, surroundings.options.onEvent);
    await running.started;
    const report = await running.ready.report();
    // Nothing is awaited after this: a load that ended would leave its plugin to nobody.
    if (signal.aborted) running.pool.close(signal.reason as PluginError);
    signal.throwIfAborted();
    onProgress({ phase: "ready" });
    const { pool, grants, limits } = running;
    return {
      pool, grants, limits, createResources,
      info: pluginInfo(admitted.manifest, admitted.verified.trust),
      exportNames: admitted.exportNames,
      world: expected.world,
      report: clock.report(report),
      dispose: () => requested?.dispose(),
    };
  } catch (error) {
    requested?.dispose();
    throw error;
  }
}

/** What is started behind a bridge is configured by what it is started with: nothing that it imports could give it. */
async function configText({ manifest, grants }: AdmittedPlugin, given: Configuration | undefined, contract: PluginContract | undefined): Promise<string | undefined> {
  const { id, runtime, config: schema } = manifest;
  if (runtime === "wasm") return undefined;
  if (contract !== undefined) return given === undefined ? undefined : contract.configText?.(given.value, id);
  const hasDefaults = given === undefined && schema !== undefined && grants.some(({ kind }) => kind === "config");
  const { configure, configInvalid } = await import("./configuration.js");
  const configuration = hasDefaults ? configure(manifest, {}, false) : given;
  if (configuration === undefined) return undefined;
  if (runtime === "rust") throw configInvalid(id, "native plugins take their configuration as bincode of a Rust type, which is not in the manifest. Load it with `loadFidius` and its `configType`");
  return canonicalJson(configuration.value as JsonValue);
}

async function admit(found: PluginPackage, { id, expected, options }: WantedPlugin, { options: host, grants, runtimes }: LoadSurroundings, deadline: Deadline) {
  const { trust, provide = {}, imports = [] } = host;
  const { config, contract, compatibility = host.compatibility ?? "strict" } = options;
  const verifiedPackage = await verifyPackage(found, trust);
  const configuration = config === undefined ? undefined : (await import("./configuration.js")).configure(found.manifest, config, contract?.takesConfig === true);
  let requested: RequestedAuthority | undefined;
  const admitted = await admitPlugin(verifiedPackage, {
    expectedId: id, expected, compatibility,
    runtimes: new Set(runtimes.keys()),
    hostInterfaces: [...imports, ...(contract?.imports ?? [])],
    openGrants: async (verified, checked) => {
      const { requestedAuthority } = await import("./requested-authority.js");
      requested = requestedAuthority(id, grants, provide, deadline, { configuration, grantedByUse: contract?.grantedByUse ?? new Set() });
      return requested.openGrants(verified, checked);
    },
  }).catch((error: unknown) => {
    requested?.dispose();
    throw error;
  });
  return { admitted, requested, configuration };
}

interface Following {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: LoadProgress) => void;
}

async function start(
  admitted: AdmittedPlugin,
  given: Pick<RunningPluginParts, "requested" | "contract" | "config" | "configText">,
  { id, options }: WantedPlugin,
  surroundings: LoadSurroundings,
  { signal, onProgress }: Following,
) {
  const { runtimes, audit, options: { onEvent } } = surroundings;
  const limits = lowerLimits(surroundings.limits, admitted.manifest);
  const [policy, restart] = [checkInstancePolicy(options.instances ?? {}, id), checkRestartPolicy(options.restart ?? {}, id)];
  const ready = await runtimeOf(runtimes, admitted).prepare(admitted, {
    signal,
    bounds: limits,
    onProgress,
    onNotStored: (reason) => notify(onEvent, { kind: "cache-not-stored", pluginId: id, reason }),
  });
  const running = runPlugin({ admitted, ready, limits, policy, restart, ...given, audit, onEvent });
  // Its worker starts while the modules are compiled: that waits for other threads, and this is on the page's own.
  const started = startFirst(running.pool, signal);
  // It fails as well when the modules do, and then nobody waits for it any more.
  started.catch(() => undefined);
  await Promise.race([ready.complete, started]);
  onProgress({ phase: "instantiate" });
  return { ...running, limits, ready, started };
}

function runtimeOf(runtimes: LoadSurroundings["runtimes"], { manifest: { id, runtime } }: AdmittedPlugin): PluginRuntime {
  const found = runtimes.get(runtime);
  // Admission has refused it: this is for the types.
  if (found === undefined) throw new PluginError({ code: "runtime-unsupported", stage: "admit", pluginId: id, message: `Cannot load ${id}: there is no ${runtime} runtime here` });
  return found;
}

/** Starts the first instance. If the load ends before it stands, its worker must not stay behind. */
async function startFirst(pool: InstancePool, signal: AbortSignal): Promise<void> {
  const abort = () => pool.close(signal.reason as PluginError);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    await pool.startFirst();
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
