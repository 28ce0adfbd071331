import type { World } from "../component/world.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { RunningPlugin } from "./running-plugin.js";
import type { LoadReport } from "./load-report.js";
import type { PluginInfo } from "./plugin-info.js";
import type { ResourceOwner, Resources } from "./plugin-resource.js";

/** One version of a plugin that was loaded and runs: what a handle stands for, until it is replaced by another. */
export interface LoadedPlugin extends RunningPlugin {
  readonly info: PluginInfo;
  readonly report: LoadReport;
  /** The app's own world, by which calls are checked. */
  readonly world: World;
  /** The names that the plugin has for the interfaces of the app's world. */
  readonly exportNames: ReadonlyMap<string, string>;
  readonly limits: PluginLimits;
  readonly createResources: (owner: ResourceOwner) => Resources;
  /** Ends what was opened for it beside its instances. */
  dispose(): void;
}
