import { type PageSide, plainPageSide } from "../../broker/plain-page-side.js";
import type { CompileCache } from "../../compile/compile-cache.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { ModuleCache } from "../module-cache/module-cache.js";
import { chooseTransport } from "./host-call-transport.js";
import { ModuleTable } from "./module-table.js";
import type { InstanceRequest, PluginRuntime, ReadyPlugin, RuntimeReport } from "../plugin-runtime.js";
import type { PreparedModule } from "./compile-modules.js";
import type { PrepareSurroundings } from "./preparation.js";
import { type PreparedPlugin, preparePlugin } from "./prepare-plugin.js";
import type { SandboxKind } from "./sandbox-realm.js";
import type { SandboxOptions, Sandboxes } from "./sandboxes.js";

export interface WorkerRuntimeOptions extends SandboxOptions {
  readonly cache: CompileCache | null;
  readonly moduleCache: ModuleCache | undefined;
  /** Folder of the transpiler's files, if it is not beside this package's own. */
  readonly transpilerUrl: URL | string | undefined;
}

/** Prepares and runs components in sandboxed workers of this page. */
export interface WorkerRuntime extends PluginRuntime {
  /**
   * Puts up the sandbox's frame while a load still waits for the network, and keeps it standing between the load's
   * steps. No worker starts before a plugin is admitted. The result gives it up.
   */
  hold(): () => void;
}

// One for the page, whatever number of hosts an app makes: compiled modules are immutable and hold no state.
const modules = new ModuleTable();

/** What starts workers comes with the first plugin: a page that only lists plugins never downloads it. */
const loadCode = () => import("./sandboxes.js");

type LoadedSandboxes = Awaited<ReturnType<typeof loadCode>> & Sandboxes;

export function createWorkerRuntime({ cache, moduleCache, transpilerUrl, ...options }: WorkerRuntimeOptions): WorkerRuntime {
  let sandboxes: Sandboxes | undefined;
  const load = async () => {
    const code = await loadCode().catch((cause: unknown) => {
      const message = `Cannot run plugins: the code that starts sandboxes could not be loaded (${String(cause)}). Reload the page, or serve all files of this package`;
      throw new PluginError({ code: "sandbox-unavailable", stage: "instantiate", message, cause });
    });
    sandboxes ??= code.createSandboxes(options);
    return { ...code, ...sandboxes };
  };
  return {
    hold: () => {
      let release: (() => void) | undefined;
      let held = true;
      // A failure is reported by what needs the code.
      load().then(({ hold }) => held && (release = hold()), () => undefined);
      return () => {
        held = false;
        release?.();
      };
    },
    prepare: async (admitted, prepareOptions) => {
      load().then(({ beginProof, choice }) => beginProof(choice), () => undefined);
      const prepared = await preparePlugin(admitted, { cache, modules, moduleCache: options.sandbox === "sandboxed-frame" ? undefined : moduleCache, ...preparationIn(load, transpilerUrl) }, prepareOptions);
      return readyPlugin(prepared, load, () => sandboxes?.choice.proven?.kind ?? "policy-frame", moduleCache !== undefined);
    },
  };
}

function readyPlugin(prepared: PreparedPlugin, load: () => Promise<LoadedSandboxes>, sandbox: () => SandboxKind, hasModuleCache: boolean): ReadyPlugin {
  return {
    memories: memoriesOf(prepared),
    complete: prepared.coreModules,
    start: async (request) => {
      const [{ WorkerInstance, choice }, open] = await Promise.all([load(), pageOpener(prepared)]);
      // Opened last: what is opened here is freed by the instance, and by nobody if a download beside it fails.
      return WorkerInstance.start(prepared, choice, { ...request, page: open(request) });
    },
    report: async () => {
      const { cache, code, target } = prepared;
      const modulesOf = await prepared.coreModules;
      return { cache, code, target, sandbox: sandbox(), ...(hasModuleCache && { engineCache: engineCache(modulesOf, sandbox()) }) };
    },
  };
}

/** A plugin that may wait for a time needs one memory more, which its waits are made with. */
function memoriesOf({ memories, admitted }: PreparedPlugin): number {
  return Math.max(1, memories) + (admitted.grants.some(({ kind }) => kind === "clocks") ? 1 : 0);
}

/** A frame of a process of its own takes no compiled modules: it compiles from bytes, whatever the page had. */
function engineCache(modulesOf: readonly PreparedModule[], sandbox: SandboxKind): NonNullable<RuntimeReport["engineCache"]> {
  return modulesOf.map(({ name, from, miss }) => (sandbox === "sandboxed-frame" ? { name, from: "bytes", miss: "sandbox" } : { name, from, ...(miss && { miss }) }));
}

/** What getting a plugin's code needs of the sandboxes. */
function preparationIn(load: () => Promise<LoadedSandboxes>, transpilerUrl: URL | string | undefined): Pick<PrepareSurroundings, "hostCallTransport" | "transpile"> {
  return {
    hostCallTransport: async (manifest) => {
      const { provenRealm, choice } = await load();
      return chooseTransport(await provenRealm(choice, manifest.id), manifest);
    },
    transpile: async (component, manifest, target, signal) => {
      const { transpileInWorker, transpilerAssets } = await import("../../compile/transpile-in-worker.js");
      const { provenRealm, choice } = await load();
      return transpileInWorker({
        startWorker: async (script) => (await provenRealm(choice, manifest.id)).start(script),
        assets: transpilerAssets(transpilerUrl), component, world: manifest.world, target, signal,
      });
    },
  };
}

/** What serves host calls is downloaded for the plugins that may make some. */
async function pageOpener({ admitted, transport }: PreparedPlugin): Promise<(request: InstanceRequest) => PageSide> {
  if (transport === null) return ({ page }) => plainPageSide(page);
  const { openPageSide } = await import("../../broker/page-side.js");
  return ({ page, limits }) => openPageSide({ ...page, admitted, limits, transport });
}
