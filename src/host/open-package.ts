import { PluginError } from "../errors/plugin-error.js";
import type { PluginPackage } from "../package/plugin-package.js";
import type { PluginSource, SourceContext } from "./plugin-source.js";

/** Tells the app what is wrong with a source, by its name. */
export type ReportSource = (source: string, error: PluginError) => void;

/**
 * Opens a plugin's package from the first source that has it. A source that fails is passed over, since another
 * may have the plugin; if none has, the first failure is the reason.
 *
 * @throws {PluginError} `plugin-not-found`, or a source's own failure.
 */
export async function openPackage(
  sources: readonly PluginSource[],
  { id, version }: { readonly id: string; readonly version: string | undefined },
  context: SourceContext,
  report: ReportSource,
): Promise<PluginPackage> {
  const failures: (readonly [source: string, error: PluginError])[] = [];
  for (const source of sources) {
    try {
      const found = await source.open(id, version, context);
      if (found === undefined) continue;
      for (const failure of failures) report(...failure);
      return found;
    } catch (error) {
      context.signal?.throwIfAborted();
      failures.push([source.name, asSourceError(error, source)]);
    }
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure[1];
  const names = sources.map(({ name }) => name).join(", ") || "no source";
  const message = `Cannot load ${id}${version === undefined ? "" : ` ${version}`}: ${names} does not have it`;
  throw new PluginError({ code: "plugin-not-found", stage: "resolve", pluginId: id, message });
}

/** What a source threw, as an error of this package. */
export function asSourceError(error: unknown, source: PluginSource): PluginError {
  if (error instanceof PluginError) return error;
  const message = `Cannot read ${source.name}: ${error instanceof Error ? error.message : String(error)}`;
  return new PluginError({ code: "source-unreachable", stage: "resolve", message, cause: error });
}
