import {
  dangerouslyTrustUnsigned, fileSource, indexedDbCache, PluginError, type PluginEvent, PluginHost, type PluginListing, type PluginSource,
  trustKeys, type TrustPolicy, urlSource,
} from "portcullis";
import { askWithDialog } from "portcullis/prompt";
import { publisherKey, registryPath } from "virtual:darkroom/registry";
import { filterBridge } from "./filter-bridge.js";
import { FilterPlugin } from "./filter-plugin.js";
import { letteringInterface } from "./lettering.js";
import { Permissions } from "./permissions.js";

const LIMITS = {
  /** Enough for the largest picture in Python, which keeps each of its bytes in eight, and for a moment twice. */
  memoryBytes: 768 * 1024 * 1024,
  /** A process on a busy machine takes longer to start than a worker. */
  instantiateMilliseconds: 20_000,
};

export interface FilterLibraryOptions {
  readonly onEvent: (event: PluginEvent) => void;
  /** Some filter's state or permission changed. */
  readonly onChange: () => void;
}

/** Who may have made a dropped file: Darkroom's publisher, or anyone, since the person said so for this file. */
export type FileTrust = "publisher" | "anyone";

/** Finds filters, in Darkroom's registry and in files. */
export class FilterLibrary {
  readonly #options: FilterLibraryOptions;
  readonly permissions: Permissions;
  readonly #cache = indexedDbCache();
  readonly #imports = [letteringInterface()];
  readonly #bridge = filterBridge();
  readonly #registry: PluginHost;

  constructor(options: FilterLibraryOptions) {
    this.#options = options;
    // Only this one key is trusted, so every signature that counts is the publisher's.
    const ask = askWithDialog({ publisherName: () => "Darkroom’s publisher" });
    this.permissions = new Permissions(ask, options.onChange);
    this.#registry = this.#createHost(urlSource(registryPath), trustKeys([publisherKey]), options.onEvent);
  }

  /** The registry's filters. What cannot be listed is reported as an event. */
  async discover(): Promise<FilterPlugin[]> {
    const filters: FilterPlugin[] = [];
    for await (const listing of this.#registry.discover()) filters.push(this.#plugin(this.#registry, listing, "registry"));
    return filters;
  }

  /**
   * Opens a packed filter or a bare component and loads it. Each file gets a host of its own, so that trusting one
   * file trusts nothing else.
   *
   * @throws {PluginError} why it was refused.
   */
  async open(file: File, trust: FileTrust): Promise<FilterPlugin> {
    const problems: PluginError[] = [];
    const onEvent = (event: PluginEvent) => {
      if (event.kind === "source-problem") problems.push(event.error);
      else this.#options.onEvent(event);
    };
    const policy = trust === "publisher"
      ? trustKeys([publisherKey])
      : dangerouslyTrustUnsigned(`The person trusted the file ${file.name} for this session`, { alsoTrust: [publisherKey] });
    const host = this.#createHost(fileSource(file), policy, onEvent);
    try {
      for await (const listing of host.discover()) {
        const filter = this.#plugin(host, listing, "file");
        await filter.load();
        return filter;
      }
      throw problems[0] ?? new PluginError({ code: "plugin-not-found", stage: "discover", message: `${file.name} has no plugin in it` });
    } catch (error) {
      await host.dispose();
      this.permissions.removeHost(host);
      throw error;
    }
  }

  /** Forgets all compiled code, so that the next load of each filter compiles or unpacks it again. */
  forgetCompiledCode(): Promise<void> {
    return this.#cache.clear();
  }

  #createHost(source: PluginSource, trust: TrustPolicy, onEvent: (event: PluginEvent) => void): PluginHost {
    const host = new PluginHost({
      sources: [source],
      trust,
      cache: this.#cache,
      grant: this.permissions.policy,
      imports: this.#imports,
      ...(this.#bridge === undefined ? {} : { bridge: this.#bridge }),
      // The palettes are beside the page; `config` tells a filter that may know it.
      provide: { config: { palettes: new URL("palettes/", document.baseURI).href } },
      limits: LIMITS,
      audit: { hostCalls: true },
      onEvent: (event) => {
        if (event.kind === "audit") this.permissions.observe(event.entry);
        onEvent(event);
      },
    });
    this.permissions.addHost(host);
    return host;
  }

  #plugin(host: PluginHost, listing: PluginListing, origin: "registry" | "file"): FilterPlugin {
    return new FilterPlugin({ host, listing, origin, onChange: this.#options.onChange });
  }
}
