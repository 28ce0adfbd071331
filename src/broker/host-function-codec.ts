import { compileCodec, MessageTooLarge, type ValueCodec } from "../component/value-codec.js";
import { resultSides } from "../component/result-sides.js";
import type { FunctionType, TypeReference, World } from "../component/world.js";
import type { BrokerContext } from "./broker.js";
import { MalformedCall } from "./call-errors.js";
import { HostResource } from "./host-resource.js";

/** Checks the values of one of the app's functions: arguments on their way out of the plugin, answers on their way in. */
export class HostFunctionCodec {
  readonly #context: BrokerContext;
  readonly #world: World;
  readonly #isStep: boolean;
  readonly #parameters: readonly { readonly name: string; readonly codec: ValueCodec }[];
  readonly #ok: ValueCodec | undefined;
  readonly #err: ValueCodec | undefined;
  readonly #fallible: boolean;

  /** @param isStep - the function is the method that gives a stream's next item: it gets what reads the app's object. */
  constructor(context: BrokerContext, world: World, type: FunctionType, isStep = false) {
    this.#context = context;
    this.#world = world;
    this.#isStep = isStep;
    this.#parameters = type.parameters.map(({ name, type: parameter }) => ({ name, codec: compileCodec(world, parameter) }));
    const { ok, err, fallible } = resultSides(world, type.result);
    const codec = (reference: TypeReference | null) => (reference === null ? undefined : compileCodec(world, reference));
    this.#ok = codec(ok);
    this.#err = codec(err);
    this.#fallible = fallible;
  }

  /**
   * The plugin's arguments as the app gets them, rebuilt from their own members.
   *
   * @throws {MalformedCall} if they are not of their types: glue has checked them, so they did not come from it.
   * @throws {MessageTooLarge} which is up to the plugin.
   */
  lift(values: readonly unknown[]): readonly unknown[] {
    if (values.length !== this.#parameters.length) throw new MalformedCall("another number of arguments than the function has");
    const budget = { remaining: this.#context.limits.messageBytes };
    const taken = new Set<number>();
    const resource = (id: number, position: number, mode: "own" | "borrow") => {
      const held = this.#context.handles.get(id, HostResource);
      if (held.resource !== position) throw new MalformedCall("a resource of another kind");
      // Given away twice it would have two owners, and be freed twice.
      if (taken.has(id)) throw new MalformedCall("a resource that was given away already");
      if (mode === "own") {
        // What was only lent for a call cannot be given away. Glue would have trapped.
        if (held.isBorrowed) throw new MalformedCall("a resource that was only lent to it");
        taken.add(id);
      }
      return this.#isStep ? held.reader ?? held.object : held.object;
    };
    let lifted: readonly unknown[];
    try {
      lifted = this.#parameters.map(({ name, codec }, position) => codec.lift(values[position], name, { budget, resource }));
    } catch (error) {
      if (error instanceof MessageTooLarge) throw error;
      throw new MalformedCall(error instanceof Error ? error.message : String(error));
    }
    // Given to the app: it is the app's to free now.
    for (const id of taken) {
      this.#context.handles.get(id, HostResource).release();
      this.#context.handles.release(id);
    }
    return lifted;
  }

  /** @throws {PluginError} `argument-invalid` if the app answered with something of another type. */
  lowerOk(value: unknown, functionName: string): unknown {
    return this.#ok === undefined ? undefined : this.#lower(this.#ok, value, `the result of ${functionName}`);
  }

  /** @throws {PluginError} `argument-invalid` if the payload is of another type. */
  lowerErr(value: unknown): unknown {
    if (!this.#fallible) throw new MalformedAnswer();
    return this.#err === undefined ? undefined : this.#lower(this.#err, value, "the error's payload");
  }

  #lower(codec: ValueCodec, value: unknown, path: string): unknown {
    const { handles, limits, reportFailure } = this.#context;
    const added: number[] = [];
    const resource = (object: unknown, position: number): number => {
      if (typeof object !== "object" || object === null) throw new TypeError("a resource is wanted, which must be an object");
      const id = handles.add(new HostResource(object, position, { world: this.#world, report: reportFailure }), undefined);
      added.push(id);
      return id;
    };
    try {
      return codec.lower(value, path, { budget: { remaining: limits.messageBytes }, transfer: [], transferable: new Set(), resource });
    } catch (error) {
      // The plugin never learns of these numbers, and could not free what they stand for.
      for (const id of added) handles.drop(id);
      throw error;
    }
  }
}

/** The app threw an error result from a function that has none. */
class MalformedAnswer extends TypeError {
  constructor() {
    super("it threw an error result, and its type has none");
  }
}
