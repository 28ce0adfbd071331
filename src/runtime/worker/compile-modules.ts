import { type CoreModuleBounds, limitCoreModules } from "../../component/core-module-limits.js";
import type { CachedComponent } from "../../compile/compile-cache.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { ModuleCache, ModuleOrigin } from "../module-cache/module-cache.js";
import type { ModuleTable } from "./module-table.js";

export interface PreparedModule extends ModuleOrigin {
  readonly name: string;
  readonly module: WebAssembly.Module;
  readonly bytes: Uint8Array;
  /** It has memories or tables of its own: to be instantiated once. */
  readonly hasStorage: boolean;
}

export interface CompileSurroundings {
  readonly modules: ModuleTable;
  readonly moduleCache: ModuleCache | undefined;
}

/**
 * Bounds the memories and tables of a component's core modules, and compiles them. Nothing else compiles a plugin's
 * modules, wherever they came from.
 *
 * @throws {PluginError} `component-unsupported` if they cannot be bounded; `compile-failed`.
 */
export async function compileModules(
  component: CachedComponent,
  { modules, moduleCache }: CompileSurroundings,
  pluginId: string,
  bounds: CoreModuleBounds,
): Promise<readonly PreparedModule[]> {
  const limited = limitCoreModules(component.coreModules, bounds, pluginId);
  try {
    return await Promise.all(limited.map(async ({ name, sha256, bytes, limits, hasStorage }) => ({
      name, bytes, hasStorage, ...(await modules.compile(`${sha256}/${limits}`, bytes, moduleCache)),
    })));
  } catch (cause) {
    const message =
      `Cannot compile ${pluginId}: ${cause instanceof Error ? cause.message : String(cause)}. If the page has a content security policy, ` +
      "it must allow script-src 'wasm-unsafe-eval'; else the component uses a WebAssembly feature that this browser lacks";
    throw new PluginError({ code: "compile-failed", stage: "compile", pluginId, message, cause });
  }
}
