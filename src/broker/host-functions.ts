import { deniedValue, failureValue } from "../capability/denied-value.js";
import type { HostCaller, HostFunction, HostInterface } from "../capability/host-interface.js";
import { permitsArguments } from "../capability/text-pattern.js";
import { parseFunctionName } from "../component/component-names.js";
import { toCamelCase } from "../component/javascript-names.js";
import { isStep } from "../component/stream-resources.js";
import { MessageTooLarge } from "../component/value-codec.js";
import type { InterfaceShape, NamedFunction, World } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";
import type { Broker, BrokerContext, HostActivity, HostCall, HostOperation } from "./broker.js";
import { DeniedCall, InterfaceError, MalformedCall, ReportedFailure } from "./call-errors.js";
import { summarise } from "./describe-call.js";
import { HostFunctionCodec } from "./host-function-codec.js";
import { SourceReader } from "./source-reader.js";

/** An interface that a plugin imports and the app implements. */
export interface OfferedInterface {
  /** The plugin's world, whose types its values have. */
  readonly world: World;
  /** As the plugin imports it: perhaps an older compatible version, perhaps fewer functions. */
  readonly shape: InterfaceShape;
  readonly offered: HostInterface;
}

/** Told what an implementation did wrong, so that the app's author learns of it. The plugin does not. */
export type ReportHostFailure = (functionName: string, error: unknown) => void;

/**
 * The app's own functions, for a plugin to which they were granted. Every call is checked against the grant with its actual
 * arguments, every value against its type, both ways; an implementation that throws, hangs or lies harms nobody but its caller.
 */
export function createHostFunctionBroker(context: BrokerContext, interfaces: readonly OfferedInterface[], report: ReportHostFailure): Broker {
  const functions = new Map(interfaces.flatMap((offered) =>
    offered.shape.functions.map((named) => [`${offered.shape.name}#${named.name}`, new HostFunctionCall(context, offered, named, report)] as const)));
  return {
    operations: new Map<string, HostOperation>([
      [
        "host.call",
        ([interfaceName, functionName, values], call) => {
          const isNamed = typeof interfaceName === "string" && typeof functionName === "string";
          const found = isNamed ? functions.get(`${interfaceName}#${functionName}`) : undefined;
          if (found === undefined || !Array.isArray(values)) throw new MalformedCall("a call of an interface that was not offered");
          return found.perform(values, call);
        },
      ],
    ]),
  };
}

class HostFunctionCall {
  readonly #context: BrokerContext;
  readonly #interface: OfferedInterface;
  readonly #named: NamedFunction;
  readonly #codec: HostFunctionCodec;
  readonly #implementation: HostFunction;
  readonly #report: ReportHostFailure;

  constructor(context: BrokerContext, offered: OfferedInterface, named: NamedFunction, report: ReportHostFailure) {
    this.#context = context;
    this.#interface = offered;
    this.#named = named;
    this.#report = report;
    this.#codec = new HostFunctionCodec(context, offered.world, named.type, isStep(named.name));
    const role = parseFunctionName(named.name);
    this.#implementation = role?.kind === "method" ? methodOf(toCamelCase(role.name)) : offered.offered.functions.get(named.name) ?? missing;
  }

  async perform(values: readonly unknown[], { signal }: HostCall): Promise<unknown> {
    this.#checkGrant(values);
    const given = this.#lifted(values);
    let answer: unknown;
    try {
      answer = await this.#withinTime(signal, given);
    } catch (error) {
      if (error instanceof Error && Object.hasOwn(error, "payload")) throw new InterfaceError(this.#lowered(() => this.#codec.lowerErr(Reflect.get(error, "payload"))));
      return this.#fail(error);
    }
    return this.#lowered(() => this.#codec.lowerOk(answer, this.#named.name));
  }

  #lifted(values: readonly unknown[]): readonly unknown[] {
    try {
      return this.#codec.lift(values);
    } catch (error) {
      if (error instanceof MessageTooLarge) return this.#fail(error, "was given more than the limit messageBytes allows");
      throw error;
    }
  }

  /** The gate in the call: the same capability that made the interface visible, with the arguments that are really given. */
  #checkGrant(values: readonly unknown[]): void {
    const { shape, offered, world } = this.#interface;
    const { name, type } = this.#named;
    // Patterns name parameters; a method's object is not one of the words.
    const named = new Map(type.parameters.map((parameter, position) => [parameter.name, values[position]]));
    const isPermitted = this.#context.grants().some((grant) => grant.kind === "host" && grant.interfaceName === shape.name && permitsArguments(grant, name, named));
    if (isPermitted) return;
    const imported = `${shape.name}#${name}`;
    this.#context.deny({ capability: "host", function: imported, summary: `${offered.name}: ${summarise(named)}` });
    const denied = deniedValue(world, type.result, imported);
    throw denied === undefined ? new DeniedCall("host", imported) : new InterfaceError(denied.payload);
  }

  /** What the implementation answers, or the end of its time, whichever comes first. */
  async #withinTime(instance: AbortSignal, given: readonly unknown[]): Promise<unknown> {
    const { plugin, follow } = this.#context;
    const activity = follow?.(`${this.#interface.shape.name}#${this.#named.name}`);
    const caller = new Caller(plugin, instance, activity);
    try {
      const answer: unknown = activity === undefined ? this.#implementation(...given, caller) : activity.run(() => this.#implementation(...given, caller));
      // Most functions answer at once: those need neither a timer nor a signal.
      return isThenable(answer) ? await this.#settled(answer, caller) : answer;
    } finally {
      activity?.end();
      caller.release();
    }
  }

  async #settled(answer: PromiseLike<unknown>, caller: Caller): Promise<unknown> {
    const milliseconds = this.#interface.offered.timeoutMilliseconds ?? this.#context.limits.hostCallMilliseconds;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const error = new Error(`it did not answer within ${milliseconds} ms`);
        caller.end(error);
        reject(error);
      }, milliseconds);
    });
    try {
      return await Promise.race([answer, over]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A value that is not of its type is the app's mistake, and is treated like one that it threw. */
  #lowered(lower: () => unknown): unknown {
    try {
      return lower();
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** The plugin learns that it failed, never how: the app's own messages may tell of what is not the plugin's. */
  #fail(error: unknown, what = "failed in the app"): never {
    const { shape, world } = this.#interface;
    const imported = `${shape.name}#${this.#named.name}`;
    this.#report(imported, error);
    const reason = `${imported} ${what}`;
    const failure = failureValue(world, this.#named.type.result, reason);
    throw failure === undefined ? new ReportedFailure(reason) : new InterfaceError(failure.payload);
  }
}

/** Who calls, as an implementation sees it. Its signal is made when it is asked for: few ask. */
class Caller implements HostCaller {
  readonly plugin: HostCaller["plugin"];
  readonly #instance: AbortSignal;
  readonly #activity: HostActivity | undefined;
  #controller: AbortController | undefined;
  #ended: { readonly reason: unknown } | undefined;
  readonly #instanceEnded = (): void => this.end(this.#instance.reason);

  constructor(plugin: HostCaller["plugin"], instance: AbortSignal, activity: HostActivity | undefined) {
    this.plugin = plugin;
    this.#instance = instance;
    this.#activity = activity;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#activity?.adopt(this.#controller.signal);
      if (this.#instance.aborted) this.#instanceEnded();
      else if (this.#ended !== undefined) this.#controller.abort(this.#ended.reason);
      else this.#instance.addEventListener("abort", this.#instanceEnded, { once: true });
    }
    return this.#controller.signal;
  }

  end(reason: unknown): void {
    this.#ended ??= { reason };
    this.#controller?.abort(reason);
  }

  /** The call is over: the instance's end means nothing to it any more. */
  release(): void {
    this.#instance.removeEventListener("abort", this.#instanceEnded);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "then") === "function";
}

function methodOf(name: string): HostFunction {
  return (self, ...values) => {
    // Only the step of a stream is called on one.
    if (self instanceof SourceReader) return self.next();
    const method: unknown = typeof self === "object" && self !== null ? Reflect.get(self, name) : undefined;
    if (typeof method !== "function") throw new TypeError(`the app's object has no method ${name}`);
    return Reflect.apply(method, self, values) as unknown;
  };
}

function missing(): never {
  throw new PluginError({ code: "usage-invalid", stage: "call", message: "The app gave no implementation of this function" });
}
