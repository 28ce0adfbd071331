import { asSourceError, type ReportSource } from "./open-package.js";
import type { PluginListing, PluginSource, SourceContext } from "./plugin-source.js";

/** Lists every plugin of every source. What cannot be read is reported, and never hides the rest. */
export async function* listPlugins(
  sources: readonly PluginSource[],
  context: SourceContext,
  report: ReportSource,
): AsyncGenerator<PluginListing, void, void> {
  for (const source of sources) {
    try {
      for await (const item of source.list(context)) {
        if ("listing" in item) yield item.listing;
        else report(source.name, item.problem);
      }
    } catch (error) {
      context.signal?.throwIfAborted();
      report(source.name, asSourceError(error, source));
    }
  }
}
