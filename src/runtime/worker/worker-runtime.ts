import type { AdmittedPlugin } from "../../admission/admit-plugin.js";
import { type PageSide, type PageSideOptions, plainPageSide } from "../../broker/plain-page-side.js";
import type { CompileCache } from "../../compile/compile-cache.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { ModuleCache } from "../module-cache/module-cache.js";
import { chooseTransport } from "./host-call-transport.js";
import { ModuleTable } from "./module-table.js";
import type { PrepareOptions, PrepareSurroundings } from "./preparation.js";
import { type PreparedPlugin, preparePlugin } from "./prepare-plugin.js";
import type { SandboxKind } from "./sandbox-realm.js";
import type { SandboxOptions, Sandboxes } from "./sandboxes.js";
import type { InstanceOptions, WorkerInstance } from "./worker-instance.js";

export interface WorkerRuntimeOptions extends SandboxOptions {
  readonly cache: CompileCache | null;
  readonly moduleCache: ModuleCache | undefined;
  /** Folder of the transpiler's files, if it is not beside this package's own. */
  readonly transpilerUrl: URL | string | undefined;
}

/** What an instance is started with, before its page side is opened. */
export interface InstanceRequest extends Omit<InstanceOptions, "page"> {
  readonly page: Pick<PageSideOptions, "grants" | "provisions" | "listeners">;
}

/** Prepares and runs components in sandboxed workers of this page. */
export interface WorkerRuntime {
  prepare(admitted: AdmittedPlugin, options: PrepareOptions): Promise<PreparedPlugin>;
  start(prepared: PreparedPlugin, options: InstanceRequest): Promise<WorkerInstance>;
  /**
   * Puts up the sandbox's frame while a load still waits for the network, and keeps it standing between the load's
   * steps. No worker starts before a plugin is admitted. The result gives it up.
   */
  hold(): () => void;
  /** The sandbox in use. Known once an instance was started. */
  readonly sandbox: SandboxKind;
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
    get sandbox() {
      return sandboxes?.choice.proven?.kind ?? "policy-frame";
    },
    prepare: (admitted, prepareOptions) => {
      load().then(({ beginProof, choice }) => beginProof(choice), () => undefined);
      return preparePlugin(admitted, { cache, modules, moduleCache: options.sandbox === "sandboxed-frame" ? undefined : moduleCache, ...preparationIn(load, transpilerUrl) }, prepareOptions);
    },
    start: async (prepared, options) => {
      const [{ WorkerInstance, choice }, open] = await Promise.all([load(), pageOpener(prepared)]);
      // Opened last: what is opened here is freed by the instance, and by nobody if a download beside it fails.
      return WorkerInstance.start(prepared, choice, { ...options, page: open(options) });
    },
  };
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
