import { isPluginError, type LoadProgress, PluginError, type PluginHandle, type PluginHost, type PluginListing } from "portcullis";
import type { Picture } from "../picture/picture.js";
import { type FilterPlace, placeOf } from "./filter-bridge.js";
import { type Description, filterInterface, type FilterFunctions, type Setting } from "./filter-interface.js";

/** A filter that was loaded and said what it is. */
export interface LoadedFilter {
  readonly handle: PluginHandle<FilterFunctions>;
  readonly description: Description;
  /** What it got when it was loaded. What it has now may be less: see {@link FilterPlugin.lostGrants}. */
  readonly grantsAtStart: readonly string[];
}

export type FilterState =
  | { readonly kind: "available" }
  | { readonly kind: "loading"; readonly progress: LoadProgress }
  | { readonly kind: "ready"; readonly loaded: LoadedFilter }
  | { readonly kind: "failed"; readonly error: PluginError };

export interface FilterPluginOptions {
  readonly host: PluginHost;
  readonly listing: PluginListing;
  /** Where it came from: Darkroom's own registry, or a file that the person chose. */
  readonly origin: "registry" | "file";
  readonly onChange: () => void;
}

/** A person may hurry a slow filter with the stop button; this ends one that nobody watches. */
const APPLY_MILLISECONDS = 60_000;

/** One filter of the list: found, loading, ready or failed. */
export class FilterPlugin {
  readonly listing: PluginListing;
  readonly origin: "registry" | "file";
  readonly #options: FilterPluginOptions;
  #state: FilterState = { kind: "available" };
  #loading: Promise<LoadedFilter> | undefined;

  constructor(options: FilterPluginOptions) {
    this.#options = options;
    this.listing = options.listing;
    this.origin = options.origin;
  }

  get state(): FilterState {
    return this.#state;
  }

  /** The listing's, or what the filter calls itself if it has none. */
  get title(): string {
    return this.listing.title ?? (this.#state.kind === "ready" ? this.#state.loaded.description.name : this.listing.id);
  }

  /** Where it runs. Of a file that is not known before it is loaded; one that the bridge runs is the registry's own. */
  get place(): FilterPlace {
    const place = placeOf(this.listing.id);
    if (this.#state.kind !== "ready") return this.origin === "registry" ? place : "page";
    return this.#state.loaded.handle.report.sandbox === "bridge" ? place : "page";
  }

  /** What it may do now, as capability texts. */
  get grants(): readonly string[] {
    return this.#state.kind === "ready" ? this.#state.loaded.handle.grants : [];
  }

  /** What was taken away from it since it was loaded. */
  get lostGrants(): readonly string[] {
    if (this.#state.kind !== "ready") return [];
    const { grantsAtStart, handle } = this.#state.loaded;
    return grantsAtStart.filter((capability) => !handle.grants.includes(capability));
  }

  /** Loads it unless it is loaded. @throws {PluginError} why it could not be. */
  load(): Promise<LoadedFilter> {
    if (this.#state.kind === "ready") return Promise.resolve(this.#state.loaded);
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  /** Ends its instance, so that the next load begins from nothing but the caches. */
  async unload(): Promise<void> {
    if (this.#state.kind !== "ready") return;
    const { handle } = this.#state.loaded;
    this.#enter({ kind: "available" });
    await handle.dispose();
  }

  /** @throws {PluginError} as `PluginHandle.call`, also for an image that does not hold together. */
  async apply(picture: Picture, settings: readonly Setting[], signal: AbortSignal): Promise<Picture> {
    const { handle } = await this.load();
    const { width, height, pixels } = picture;
    const image = { width, height, pixels: new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength) };
    const result = await handle.call("apply", [image, [...settings]], { signal, timeoutMs: APPLY_MILLISECONDS });
    if (result.pixels.length !== result.width * result.height * 4 || result.pixels.length === 0) {
      const message = `${this.title} answered with an image of ${result.width} by ${result.height} pixels in ${result.pixels.length} bytes, which do not belong together`;
      throw new PluginError({ code: "result-invalid", stage: "call", pluginId: this.listing.id, message });
    }
    return { width: result.width, height: result.height, pixels: new Uint8ClampedArray(result.pixels) };
  }

  async #load(): Promise<LoadedFilter> {
    const { host, listing } = this.#options;
    this.#enter({ kind: "loading", progress: { phase: "resolve" } });
    try {
      const handle = await host.load(listing.id, filterInterface, {
        version: listing.version,
        onProgress: (progress) => this.#enter({ kind: "loading", progress }),
      });
      const loaded: LoadedFilter = { handle, description: await describe(handle), grantsAtStart: handle.grants };
      this.#enter({ kind: "ready", loaded });
      return loaded;
    } catch (error) {
      if (!isPluginError(error)) throw error;
      this.#enter({ kind: "failed", error });
      throw error;
    }
  }

  #enter(state: FilterState): void {
    this.#state = state;
    this.#options.onChange();
  }
}

/** What the filter says of itself. One that cannot say it is ended. */
async function describe(handle: PluginHandle<FilterFunctions>): Promise<Description> {
  try {
    return await handle.call("describe", []);
  } catch (error) {
    await handle.dispose();
    throw error;
  }
}
