import type { CallOptions } from "../call-options.js";
import type { FunctionTable, PluginResource } from "../plugin-resource.js";

/**
 * A stream that a plugin produces: a resource with a `next` method. It is read once, item by item, and nothing is
 * read ahead: the plugin makes an item when the app asks for it. Leaving the loop early, in whatever way, drops the
 * resource, which runs the plugin's destructor; so do its end and an error.
 *
 * An error of the plugin comes after the items before it, as a `PluginResultError` with its payload. Whatever ends the
 * instance ends the stream with the same error.
 *
 * @example
 * ```ts
 * for await (const tick of await clock.call("ticks", [10n])) {
 *   if (tick === 3n) break;
 * }
 * ```
 */
export interface PluginStream<Item, Methods extends FunctionTable<Methods>> extends PluginResource<Methods>, ItemReader<Item> {}

/**
 * A `stream` of WASI 0.3 that a plugin answered with. It is read like a {@link PluginStream}; one of `u8` gives chunks.
 *
 * @experimental
 */
export interface PluginItems<Item> extends ItemReader<Item>, AsyncDisposable {
  /** Leaves it without reading it. */
  dispose(): Promise<void>;
}

/** Items of a plugin, to be read once. */
export interface ItemReader<Item> extends AsyncIterable<Item> {
  /**
   * Iterates with bounds: `timeoutMs` is the time that each step may take (default: the limit `callMilliseconds`), and
   * `signal` ends the iteration with `aborted`. Aborting while the plugin works on an item ends its instance, as for any
   * call; between two items it only drops the stream.
   *
   * @throws {PluginError} `resource-invalid` if the stream was iterated before. A stream is read once.
   */
  items(options?: StepOptions): AsyncIterableIterator<Item> & AsyncDisposable;
  /**
   * The same as a stream of the platform, to be piped: of bytes, where the items are `Uint8Array`. It reads nothing ahead;
   * cancelling it drops the resource.
   *
   * @throws {PluginError} `resource-invalid` if the stream was iterated before.
   * @example
   * ```ts
   * const response = new Response((await archive.call("pack", [files])).readable());
   * ```
   */
  readable(options?: StepOptions): ReadableStream<Item>;
}

/** What an app may say about the steps of one stream. */
export type StepOptions = Pick<CallOptions, "timeoutMs" | "signal">;
