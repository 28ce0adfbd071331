import { type AdmittedPlugin, admitPlugin } from "../admission/admit-plugin.js";
import type { InterfaceDescriptor } from "../component/interface-descriptor.js";
import type { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { PluginPackage } from "../package/plugin-package.js";
import type { Deadline } from "../runtime/deadline.js";
import type { LoadProgress } from "../runtime/progress.js";
import type { PreparedModule } from "../runtime/worker/compile-modules.js";
import type { WorkerRuntime } from "../runtime/worker/worker-runtime.js";
import { verifyPackage } from "../trust/verify-package.js";
import type { Audit } from "./audit.js";
import { lowerLimits } from "./check-limits.js";
import type { PluginGrants } from "./grants/plugin-grants.js";
import { checkInstancePolicy, checkRestartPolicy } from "./instances/instance-policy.js";
import type { InstancePool } from "./instances/instance-pool.js";
import { LoadClock, type LoadReport } from "./load-report.js";
import type { LoadedPlugin } from "./loaded-plugin.js";
import { loadResourceSupport } from "./load-resource-support.js";
import { notify } from "./plugin-event.js";
import type { LoadOptions, PluginHostOptions } from "./plugin-host-options.js";
import { pluginInfo } from "./plugin-info.js";
import type { RequestedAuthority } from "./requested-authority.js";
import { runPlugin, type RunningPluginParts } from "./running-plugin.js";

export { PluginHandle } from "./plugin-handle.js";

/** What a load needs of its host. */
export interface LoadSurroundings {
  readonly options: PluginHostOptions;
  readonly limits: PluginLimits;
  readonly runtime: WorkerRuntime;
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
  const { admitted, requested, config } = await admit(found, wanted, surroundings, deadline);
  try {
    const running = await start(admitted, { requested, config, contract: options.contract }, wanted, surroundings, { signal, onProgress });
    const createResources = await loadResourceSupport(expected.world, id, surroundings.options.onEvent);
    await running.started;
    const coreModules = await running.prepared.coreModules;
    // Nothing is awaited after this: a load that ended would leave its plugin to nobody.
    if (signal.aborted) running.pool.close(signal.reason as PluginError);
    signal.throwIfAborted();
    onProgress({ phase: "ready" });
    const { pool, grants, limits, prepared: { cache, code, target } } = running;
    return {
      pool, grants, limits, createResources,
      info: pluginInfo(admitted.manifest, admitted.verified.trust),
      exportNames: admitted.exportNames,
      world: expected.world,
      report: clock.report({ cache, code, target, sandbox: surroundings.runtime.sandbox, ...engineCache(coreModules, surroundings) }),
      dispose: () => requested?.dispose(),
    };
  } catch (error) {
    requested?.dispose();
    throw error;
  }
}

function engineCache(modules: readonly PreparedModule[], { options, runtime }: LoadSurroundings): Pick<LoadReport, "engineCache"> {
  if (options.moduleCache === undefined) return {};
  const isApart = runtime.sandbox === "sandboxed-frame";
  return { engineCache: modules.map(({ name, from, miss }) => (isApart ? { name, from: "bytes", miss: "sandbox" } : { name, from, ...(miss && { miss }) })) };
}

async function admit(found: PluginPackage, { id, expected, options }: WantedPlugin, { options: host, grants }: LoadSurroundings, deadline: Deadline) {
  const { trust, provide = {}, imports = [] } = host;
  const { config, contract, compatibility = host.compatibility ?? "strict" } = options;
  const verifiedPackage = await verifyPackage(found, trust);
  const configuration = config === undefined ? undefined : (await import("./configuration.js")).configure(found.manifest, config, contract?.takesConfig === true);
  let requested: RequestedAuthority | undefined;
  const admitted = await admitPlugin(verifiedPackage, {
    expectedId: id, expected, compatibility,
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
  return { admitted, requested, config: configuration?.value };
}

interface Following {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: LoadProgress) => void;
}

async function start(
  admitted: AdmittedPlugin,
  given: Pick<RunningPluginParts, "requested" | "contract" | "config">,
  { id, options }: WantedPlugin,
  surroundings: LoadSurroundings,
  { signal, onProgress }: Following,
) {
  const { runtime, audit, options: { onEvent } } = surroundings;
  const limits = lowerLimits(surroundings.limits, admitted.manifest);
  const [policy, restart] = [checkInstancePolicy(options.instances ?? {}, id), checkRestartPolicy(options.restart ?? {}, id)];
  const prepared = await runtime.prepare(admitted, {
    signal,
    bounds: limits,
    onProgress,
    onNotStored: (reason) => notify(onEvent, { kind: "cache-not-stored", pluginId: id, reason }),
  });
  const running = runPlugin({ admitted, prepared, limits, policy, restart, runtime, ...given, audit, onEvent });
  // Its worker starts while the modules are compiled: that waits for other threads, and this is on the page's own.
  const started = startFirst(running.pool, signal);
  // It fails as well when the modules do, and then nobody waits for it any more.
  started.catch(() => undefined);
  await Promise.race([prepared.coreModules, started]);
  onProgress({ phase: "instantiate" });
  return { ...running, limits, prepared, started };
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
