import { type CallableFunction, type CallableFunctions, callableFunctions } from "../component/callable-functions.js";
import type { World } from "../component/world.js";
import { PluginError, PluginResultError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { Outcome } from "../rpc/messages.js";
import { outcomeError } from "../runtime/outcome-error.js";
import type { CallOptions } from "./call-options.js";
import { CallQueue } from "./call-queue.js";
import { compileFunctionCodec, type FunctionCodec } from "./function-codec.js";
import type { InstanceKeeper } from "./instance-keeper.js";
import type { LoadReport } from "./load-report.js";
import type { PluginInfo } from "./plugin-info.js";
import type { PluginInstance } from "./plugin-instance.js";
import type { FunctionTable, ResourceOwner, Resources, ResourceState } from "./plugin-resource.js";

/** What a handle is made of; {@link PluginHost.load} makes them. */
export interface HandleParts {
  readonly info: PluginInfo;
  /** What it has now, as texts. */
  readonly grants: () => readonly string[];
  readonly report: LoadReport;
  readonly world: World;
  readonly exportNames: ReadonlyMap<string, string>;
  readonly limits: PluginLimits;
  readonly keeper: InstanceKeeper;
  readonly createResources: (owner: ResourceOwner) => Resources;
  readonly onClosed: () => void;
}

/**
 * A loaded plugin. Calls are checked, queued, bounded in time, and always end.
 *
 * @typeParam Functions - generated from WIT by `portcullis types`.
 */
export class PluginHandle<Functions extends FunctionTable<Functions>> implements AsyncDisposable {
  readonly info: PluginInfo;
  /** What loading it did. */
  readonly report: LoadReport;
  /** Settles when the handle was disposed. */
  readonly closed: Promise<void>;
  readonly #parts: HandleParts;
  readonly #callables: CallableFunctions;
  readonly #codecs = new Map<CallableFunction, FunctionCodec>();
  readonly #queue: CallQueue;
  readonly #resources: Resources;
  #settleClosed: () => void = () => undefined;
  #isClosed = false;

  /** @internal */
  constructor(parts: HandleParts) {
    this.#parts = parts;
    this.info = parts.info;
    this.report = parts.report;
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
    this.#callables = callableFunctions(parts.world);
    this.#queue = new CallQueue(parts.info.id, parts.limits.pendingCalls);
    this.#resources = parts.createResources({
      pluginId: parts.info.id,
      world: parts.world,
      callMethod: (self, resource, name, values, options) => this.#callMethod(self, resource, name, values, options),
      drop: (state) => this.#drop(state),
      enter: (home, name, options, work) => this.#enter(home, name, options, work),
      messageBytes: parts.limits.messageBytes,
      isRunning: (home) => !this.#isClosed && home === parts.keeper.generation,
    });
  }

  /** What it has now, as capability texts: what was granted, less what was revoked. */
  get grants(): readonly string[] {
    return this.#parts.grants();
  }

  /**
   * Calls an exported function.
   *
   * @param name - its name in camelCase; `new Blob` for a constructor, `Blob.merge` for a static function.
   * @throws {PluginResultError} the plugin's own `err`, with its typed payload.
   * @throws {PluginError} `function-unknown`, `argument-invalid`, `resource-invalid`, `busy`, `timeout`, `aborted`,
   *   `trap`, `capability-denied`, `exited`, `result-invalid`, `crashed`, `sandbox-violation`, `closed`.
   * @example
   * ```ts
   * const image = await blur.call("apply", [picture, settings], { timeoutMs: 500 });
   * ```
   */
  async call<Name extends keyof Functions & string>(
    name: Name,
    values: Readonly<Parameters<Functions[Name]>>,
    options?: CallOptions,
  ): Promise<Awaited<ReturnType<Functions[Name]>>> {
    const callable = this.#callables.functions.get(name);
    if (callable === undefined) throw this.#unknown(name, this.#callables.functions.keys());
    return (await this.#invoke(callable, undefined, values, options)) as Awaited<ReturnType<Functions[Name]>>;
  }

  /** Ends the plugin: its worker, its sandbox and every pending call. Disposing again does nothing. */
  async dispose(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const error = this.#closedError();
    this.#parts.keeper.close(error);
    this.#queue.failWaiting(error);
    this.#parts.onClosed();
    this.#settleClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** @internal Fails what waits: the instance that the calls were made for has ended. */
  failWaiting(error: PluginError): void {
    this.#queue.failWaiting(error);
  }

  async #callMethod(self: object, resource: number, name: string, values: readonly unknown[], options: CallOptions | undefined): Promise<unknown> {
    const methods = this.#callables.methods.get(resource) ?? new Map<string, CallableFunction>();
    const callable = methods.get(name);
    if (callable === undefined) throw this.#unknown(name, methods.keys());
    return this.#invoke(callable, { self, resource }, values, options);
  }

  async #invoke(
    callable: CallableFunction,
    receiver: { readonly self: object; readonly resource: number } | undefined,
    values: readonly unknown[],
    options: CallOptions = {},
  ): Promise<unknown> {
    if (this.#isClosed) throw this.#closedError();
    const { keeper, limits } = this.#parts;
    const codec = this.#codec(callable);
    const given: ResourceState[] = [];
    const home = keeper.generation;
    const use = (value: unknown, resource: number, mode: "own" | "borrow", path: string): number =>
      this.#resources.use(value, resource, home, path, mode, given).id;
    const transfer: ArrayBuffer[] = [];
    const context = { transfer, transferable: new Set(options.transfer), budget: { remaining: limits.messageBytes }, resource: use, carrier: (value: unknown, type: number, path: string) => this.#resources.give(value, type, home, path, given) };
    const self = receiver === undefined ? [] : [use(receiver.self, receiver.resource, "borrow", "self")];
    const request = { target: this.#target(callable), arguments: [...self, ...codec.lower(values, context)] };
    const bounds = {
      name: `${callable.key} of ${this.info.id}`,
      milliseconds: options.timeoutMs ?? limits.callMilliseconds,
      signal: options.signal,
      onStopped: (error: PluginError) => keeper.end(error),
    };
    // In a box: a future among the results takes its turn in the queue, and must not be waited for in it.
    const answer = await this.#queue.run(bounds, async () => {
      const instance = await keeper.current();
      const outcome = await this.#resources.during(instance, keeper.generation, given, () => instance.call(request, transfer));
      return { value: this.#settle(outcome, codec, bounds.name) };
    });
    return answer.value;
  }

  #settle(outcome: Outcome, codec: FunctionCodec, name: string): unknown {
    const home = this.#parts.keeper.generation;
    const context = {
      budget: { remaining: this.#parts.limits.messageBytes },
      resource: (id: number, resource: number) => this.#resources.adopt(id, resource, home),
      carrier: (id: number, type: number) => this.#resources.receive(id, type, home),
    };
    const pluginId = this.info.id;
    try {
      if (outcome.kind === "ok") return codec.liftOk(outcome.value, context);
      if (outcome.kind === "err") {
        const payload = codec.liftErr(outcome.value, context);
        throw new PluginResultError({ pluginId, payload, message: `The call ${name} answered with an error: ${describePayload(payload)}` });
      }
      throw outcomeError(outcome, { pluginId, stage: "call", doing: `Calling ${name} failed` });
    } catch (error) {
      // Only a typed `err`, and a resource that was refused before the guest was entered, leave the instance sound.
      const isSound = outcome.kind === "resource-invalid" || error instanceof PluginResultError;
      if (!isSound && error instanceof PluginError) this.#parts.keeper.end(error);
      throw error;
    }
  }

  async #drop(state: ResourceState): Promise<void> {
    // The instance it lived in is gone, and it with it.
    if (this.#isClosed || state.home !== this.#parts.keeper.generation) return;
    await this.#enter(state.home, "drop of a resource", {}, (instance) => instance.drop(state.id));
  }

  /** Whatever fails in there leaves the instance unusable. */
  async #enter(home: object, what: string, options: CallOptions, work: (instance: PluginInstance) => Promise<Outcome>): Promise<Outcome> {
    const { keeper, limits } = this.#parts;
    const pluginId = this.info.id;
    if (this.#isClosed) throw this.#closedError();
    if (home !== keeper.generation) {
      throw new PluginError({ code: "resource-invalid", stage: "call", pluginId, message: `The ${what} of ${pluginId} failed: its instance has ended. Call the plugin again` });
    }
    const name = `${what} of ${pluginId}`;
    const bounds = {
      name, milliseconds: options.timeoutMs ?? limits.callMilliseconds, signal: options.signal,
      onStopped: (error: PluginError) => keeper.end(error),
    };
    return this.#queue.run(bounds, async () => {
      const outcome = await work(await keeper.current());
      if (outcome.kind === "ok") return outcome;
      const error = outcomeError(outcome, { pluginId, stage: "call", doing: `The ${name} failed` });
      keeper.end(error);
      throw error;
    });
  }

  #codec(callable: CallableFunction): FunctionCodec {
    const known = this.#codecs.get(callable) ?? compileFunctionCodec(this.#parts.world, callable, this.info.id);
    this.#codecs.set(callable, known);
    return known;
  }

  #target({ interfaceName, functionName }: CallableFunction): string {
    if (interfaceName === null) return `#${functionName}`;
    return `${this.#parts.exportNames.get(interfaceName) ?? interfaceName}#${functionName}`;
  }

  #unknown(name: string, known: Iterable<string>): PluginError {
    const message = `Cannot call ${JSON.stringify(name)} of ${this.info.id}: it is not a function of its interface, which has ${[...known].join(", ") || "none"}`;
    return new PluginError({ code: "function-unknown", stage: "call", pluginId: this.info.id, message });
  }

  #closedError(): PluginError {
    return new PluginError({ code: "closed", stage: "close", pluginId: this.info.id, message: `${this.info.id} was disposed. Load it again to call it` });
  }
}

// Enough to recognise the error in a log; the whole value is in `payload`.
const DESCRIPTION_LENGTH = 200;

function describePayload(payload: unknown): string {
  if (payload === undefined) return "without a value";
  const text = typeof payload === "string" ? payload : JSON.stringify(payload, (_name, value: unknown) => (typeof value === "bigint" ? `${value}` : value));
  return text.length > DESCRIPTION_LENGTH ? `${text.slice(0, DESCRIPTION_LENGTH)}…` : text;
}
