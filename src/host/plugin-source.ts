import type { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { PluginPackage } from "../package/plugin-package.js";
import type { TrustPolicy } from "../trust/trust-policy.js";

/** A plugin that a source has. Nothing of it was verified yet beyond the source's own index. */
export interface PluginListing {
  readonly id: string;
  readonly version: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
  /** The source's name. */
  readonly source: string;
}

export type SourceItem = { readonly listing: PluginListing } | { readonly problem: PluginError };

export interface SourceContext {
  readonly trust: TrustPolicy;
  readonly limits: PluginLimits;
  readonly signal: AbortSignal | undefined;
  readonly onDownload: (file: string, loadedBytes: number, totalBytes: number | undefined) => void;
}

/** Where packages come from. An app may bring its own. */
export interface PluginSource {
  /** For messages: an address or a file's name. */
  readonly name: string;
  /** Everything it has. One bad entry is an item of its own and never hides the others. */
  list(context: SourceContext): AsyncIterable<SourceItem>;
  /** Opens a plugin's package, in its newest version or the one asked for; `undefined` if it has none such. */
  open(id: string, version: string | undefined, context: SourceContext): Promise<PluginPackage | undefined>;
}
