import { type CallableFunction, type CallableFunctions, callableFunctions } from "../component/callable-functions.js";
import { PluginError, PluginResultError } from "../errors/plugin-error.js";
import type { Outcome } from "../rpc/messages.js";
import { outcomeError } from "../runtime/outcome-error.js";
import type { CallOptions } from "./call-options.js";
import { repeatWhenDisconnected } from "./repeat-call.js";
import { describePayload } from "./describe-payload.js";
import { compileFunctionCodec, type FunctionCodec } from "./function-codec.js";
import { CallHome } from "./instances/call-home.js";
import { resourceGone } from "./instances/call-refusals.js";
import type { InstanceSlot } from "./instances/instance-slot.js";
import type { PluginInstance } from "../runtime/plugin-instance.js";
import type { LoadedPlugin } from "./loaded-plugin.js";
import type { Resources, ResourceState } from "./plugin-resource.js";

/** A method's resource. */
interface Receiver {
  readonly self: object;
  readonly resource: number;
}

/** Makes the calls of one handle: checks and lowers what is given, finds the instance, and lifts what is answered. */
export class PluginCalls {
  readonly #first: LoadedPlugin;
  readonly #running: () => readonly LoadedPlugin[];
  readonly #callables: CallableFunctions;
  readonly #codecs = new Map<CallableFunction, FunctionCodec>();
  readonly #resources: Resources;

  /** @param running - the versions that run, the present one first. Throws if the handle was disposed. */
  constructor(first: LoadedPlugin, running: () => readonly LoadedPlugin[]) {
    this.#first = first;
    this.#running = running;
    this.#callables = callableFunctions(first.world);
    this.#resources = first.createResources({
      pluginId: this.#pluginId,
      world: first.world,
      callMethod: (self, resource, name, values, options) => this.#callMethod(self, resource, name, values, options),
      drop: (state) => this.#drop(state),
      enter: (home, name, options, work) => this.#enter(home, name, options, work),
      messageBytes: first.limits.messageBytes,
      hold: (home) => this.#versionIfRunning(home)?.pool.slotOf(home)?.hold(home),
      release: (home) => this.#versionIfRunning(home)?.pool.release(home),
      isRunning: (home) => this.#versionIfRunning(home) !== undefined,
    });
  }

  /** Calls an exported function, a constructor or a static function. */
  async callFunction(name: string, values: readonly unknown[], options: CallOptions | undefined): Promise<unknown> {
    const callable = this.#callables.functions.get(name);
    if (callable === undefined) throw this.#unknown(name, this.#callables.functions.keys());
    if (options?.idempotent === true) return repeatWhenDisconnected((remaining) => this.#invoke(callable, undefined, values, remaining), options, this.#first.limits.callMilliseconds);
    return this.#invoke(callable, undefined, values, options);
  }

  get #pluginId(): string {
    return this.#first.info.id;
  }

  async #callMethod(self: object, resource: number, name: string, values: readonly unknown[], options: CallOptions | undefined): Promise<unknown> {
    const methods = this.#callables.methods.get(resource) ?? new Map<string, CallableFunction>();
    const callable = methods.get(name);
    if (callable === undefined) throw this.#unknown(name, methods.keys());
    return this.#invoke(callable, { self, resource }, values, options);
  }

  async #invoke(callable: CallableFunction, receiver: Receiver | undefined, values: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    const [present] = this.#running();
    const { limits } = present ?? this.#first;
    const codec = this.#codec(callable);
    const given: ResourceState[] = [];
    const callHome = new CallHome((home) => this.#versionOf(home) !== undefined);
    const use = (value: unknown, resource: number, mode: "own" | "borrow", path: string): number =>
      this.#resources.use(value, resource, callHome, path, mode, given).id;
    const transfer: ArrayBuffer[] = [];
    const context = { transfer, transferable: new Set(options.transfer), budget: { remaining: limits.messageBytes }, resource: use, carrier: (value: unknown, type: number, path: string) => this.#resources.give(value, type, callHome, path, given) };
    const self = receiver === undefined ? [] : [use(receiver.self, receiver.resource, "borrow", "self")];
    const lowered = [...self, ...codec.lower(values, context)];
    const { home } = callHome;
    const version = (home === undefined ? present : this.#versionOf(home)) ?? this.#first;
    const request = { target: targetOf(callable, version), arguments: lowered };
    const name = `${callable.key} of ${this.#pluginId}`;
    // In a box: a future among the results takes its turn in the queue, and must not be waited for in it.
    const milliseconds = options.timeoutMs ?? limits.callMilliseconds;
    const answer = await version.pool.run({ name, home, milliseconds, signal: options.signal }, async (slot) => {
      const instance = await slot.keeper.current();
      const inside = slot.keeper.generation;
      // What the app gives away is the plugin's now: nothing of it keeps the instance for the app.
      for (const { lent, source } of given) if (lent === undefined && source === undefined) slot.release();
      const outcome = await this.#resources.during(instance, inside, given, () => instance.call(request, transfer, milliseconds));
      return { value: this.#settle(outcome, codec, { name, slot, home: inside, messageBytes: limits.messageBytes }) };
    });
    return answer.value;
  }

  /** The version, of those that run, that has the instance `home`. */
  #versionOf(home: object): LoadedPlugin | undefined {
    return this.#running().find(({ pool }) => pool.slotOf(home) !== undefined);
  }

  #settle(outcome: Outcome, codec: FunctionCodec, { name, slot, home, messageBytes }: CallPlace): unknown {
    const context = {
      budget: { remaining: messageBytes },
      resource: (id: number, resource: number) => {
        slot.hold(home);
        return this.#resources.adopt(id, resource, home);
      },
      carrier: (id: number, type: number) => this.#resources.receive(id, type, home),
    };
    const pluginId = this.#pluginId;
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
      if (!isSound && error instanceof PluginError) slot.keeper.end(error);
      throw error;
    }
  }

  async #drop({ id, home }: ResourceState): Promise<void> {
    // The instance it lived in is gone, and it with it.
    if (this.#versionIfRunning(home) === undefined) return;
    try {
      await this.#enter(home, "drop of a resource", {}, (instance) => instance.drop(id));
    } finally {
      this.#versionIfRunning(home)?.pool.release(home);
    }
  }

  /** Enters an instance for something that is no call of the app's. Whatever fails in there leaves the instance unusable. */
  async #enter(home: object, what: string, options: CallOptions, work: (instance: PluginInstance) => Promise<Outcome>): Promise<Outcome> {
    const version = this.#versionOf(home);
    const name = `${what} of ${this.#pluginId}`;
    if (version === undefined) throw resourceGone(name, this.#pluginId);
    return version.pool.run({ name, home, milliseconds: options.timeoutMs ?? version.limits.callMilliseconds, signal: options.signal }, async (slot) => {
      const outcome = await work(await slot.keeper.current());
      if (outcome.kind === "ok") return outcome;
      const error = outcomeError(outcome, { pluginId: this.#pluginId, stage: "call", doing: `The ${name} failed` });
      slot.keeper.end(error);
      throw error;
    });
  }

  /** As {@link PluginCalls.#versionOf}; of a handle that was disposed nothing runs. */
  #versionIfRunning(home: object): LoadedPlugin | undefined {
    try {
      return this.#versionOf(home);
    } catch {
      return undefined;
    }
  }

  #codec(callable: CallableFunction): FunctionCodec {
    const known = this.#codecs.get(callable) ?? compileFunctionCodec(this.#first.world, callable, this.#pluginId);
    this.#codecs.set(callable, known);
    return known;
  }

  #unknown(name: string, known: Iterable<string>): PluginError {
    const message = `Cannot call ${JSON.stringify(name)} of ${this.#pluginId}: it is not a function of its interface, which has ${[...known].join(", ") || "none"}`;
    return new PluginError({ code: "function-unknown", stage: "call", pluginId: this.#pluginId, message });
  }
}

/** Where a call runs. */
interface CallPlace {
  readonly name: string;
  readonly slot: InstanceSlot;
  readonly home: object;
  readonly messageBytes: number;
}

function targetOf({ interfaceName, functionName }: CallableFunction, { exportNames }: LoadedPlugin): string {
  return interfaceName === null ? `#${functionName}` : `${exportNames.get(interfaceName) ?? interfaceName}#${functionName}`;
}
