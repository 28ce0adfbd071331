import type { InterfaceDescriptor } from "../component/interface-descriptor.js";
import { PluginError } from "../errors/plugin-error.js";
import type { CallOptions } from "../host/call-options.js";
import type { PluginHandle } from "../host/plugin-handle.js";
import type { PluginHost } from "../host/plugin-host.js";
import type { LoadOptions } from "../host/plugin-host-options.js";
import type { FunctionTable, PluginResource } from "../host/plugin-resource.js";
import { fidiusContract, type FidiusOptions } from "./fidius-contract.js";
import type { FidiusInput, OpenInput, StreamPullCarrier } from "./stream-pull.js";

/** How a component of fidius is loaded. */
export interface LoadFidiusOptions extends FidiusOptions, Omit<LoadOptions, "contract"> {}

/** What is given to a call of a method that takes a stream. */
export interface InputOptions extends CallOptions {
  readonly input: FidiusInput;
}

/** What may be given to a call of a method that gives a stream. Times are for each of its steps. */
export interface StreamOptions extends CallOptions {
  /** For a method that takes a stream as well. */
  readonly input?: FidiusInput;
}

type Item<Result> = Awaited<Result> extends PluginResource<infer Methods> ? (Methods extends { next: (...values: never[]) => infer Next } ? Exclude<Awaited<Next>, undefined> : never) : never;

/**
 * Loads a component that was built for fidius: an ordinary load, with fidius's interface hash compared and its configuration given
 * to each instance before its first call.
 *
 * @throws {PluginError} what `host.load` throws; `interface-mismatch` for another interface hash, `config-invalid`.
 * @example
 * ```ts
 * const greeter = await loadFidius(host, "acme.greeter", greeterInterface, { interfaceHash: 0xd66a33343f4b2077n });
 * await greeter.handle.call("greet", ["Ada"]);
 * for await (const tick of greeter.stream("tick", [1])) if (tick > 3) break;
 * ```
 */
export async function loadFidius<Functions extends FunctionTable<Functions>>(
  host: PluginHost,
  id: string,
  descriptor: InterfaceDescriptor<Functions>,
  options: LoadFidiusOptions,
): Promise<FidiusPlugin<Functions>> {
  const contract = fidiusContract(options);
  const { version, compatibility, config, instances, restart, signal, onProgress } = options;
  const handle = await host.load(id, descriptor, {
    contract,
    ...(version === undefined ? {} : { version }),
    ...(compatibility === undefined ? {} : { compatibility }),
    ...(config === undefined ? {} : { config }),
    ...(instances === undefined ? {} : { instances }),
    ...(restart === undefined ? {} : { restart }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  return new FidiusPlugin(handle, contract.pull);
}

/** A loaded component of fidius: its handle, and the calls that fidius makes with streams. */
export class FidiusPlugin<Functions extends FunctionTable<Functions>> implements AsyncDisposable {
  /** For everything without streams: raw methods take and give bytes as any function of `list<u8>` does. */
  readonly handle: PluginHandle<Functions>;
  readonly #pull: StreamPullCarrier;

  /** @internal */
  constructor(handle: PluginHandle<Functions>, pull: StreamPullCarrier) {
    this.handle = handle;
    this.#pull = pull;
  }

  /**
   * Calls a method that takes a stream. Items are pulled as the plugin wants them; what it leaves is not read, and the iterable's
   * `return` is called.
   *
   * @throws {PluginError} what `handle.call` throws; `busy` while another input is open; `host-function-failed` with the cause if
   *   the app's own iterable threw, or gave an item that is not of its type.
   */
  async callWithInput<Name extends keyof Functions & string>(
    name: Name,
    values: Readonly<Parameters<Functions[Name]>>,
    { input, ...options }: InputOptions,
  ): Promise<Awaited<ReturnType<Functions[Name]>>> {
    const opened = this.#pull.open(input, this.handle.info.id);
    try {
      return await this.handle.call(name, values, options);
    } catch (error) {
      throw this.#blame(error, opened);
    } finally {
      await opened.close();
    }
  }

  /**
   * The items of a method that gives a stream. Nothing is asked of the plugin before the first item is; leaving the loop drops the
   * stream, which runs the plugin's destructor.
   *
   * @throws {PluginError} what `handle.call` and a resource's `call` throw; `PluginResultError` for the stream's own error, after the
   *   items before it; for an `input`, what {@link callWithInput} throws.
   */
  async *stream<Name extends keyof Functions & string>(
    name: Name,
    values: Readonly<Parameters<Functions[Name]>>,
    { input, ...options }: StreamOptions = {},
  ): AsyncGenerator<Item<ReturnType<Functions[Name]>>, void, void> {
    const opened = input === undefined ? undefined : this.#pull.open(input, this.handle.info.id);
    try {
      const stream: unknown = await this.handle.call(name, values, options);
      if (!isResource(stream)) throw this.#noStream(name);
      try {
        for (;;) {
          const item = await stream.call("next", [], options);
          if (item === undefined) return;
          yield item as Item<ReturnType<Functions[Name]>>;
        }
      } finally {
        await stream.dispose();
      }
    } catch (error) {
      throw this.#blame(error, opened);
    } finally {
      await opened?.close();
    }
  }

  dispose(): Promise<void> {
    return this.handle.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** A call that failed because the app's own input did says so, with the app's error as its cause. */
  #blame(error: unknown, opened: OpenInput | undefined): unknown {
    if (opened?.failure === undefined || !(error instanceof PluginError) || error.code !== "host-function-failed") return error;
    const { code, stage, pluginId, message } = error;
    return new PluginError({ code, stage, pluginId, message: `${message}. The app's input failed; its error is the cause of this one`, cause: opened.failure.cause });
  }

  #noStream(name: string): PluginError {
    const { id } = this.handle.info;
    const message = `Cannot read ${name} of ${id} as a stream: it answered with something that has no \`next\`. Call it on the handle`;
    return new PluginError({ code: "result-invalid", stage: "call", pluginId: id, message });
  }
}

interface StreamResource {
  call(name: "next", values: readonly [], options: CallOptions): Promise<unknown>;
  dispose(): Promise<void>;
}

function isResource(value: unknown): value is StreamResource {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "call") === "function" && typeof Reflect.get(value, "dispose") === "function";
}
