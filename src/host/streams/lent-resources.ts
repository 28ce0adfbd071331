import { FIRST_LENT_NUMBER, type LentObject, type LentObjects, type LentTypeName } from "../../broker/lent-object.js";
import { isStreamSource } from "../../capability/stream-source.js";
import { parseFunctionName } from "../../component/component-names.js";
import { describeValue } from "../../component/describe-value.js";
import { toCamelCase } from "../../component/javascript-names.js";
import { streamResources } from "../../component/stream-resources.js";
import { definitionAt } from "../../component/type-words.js";
import type { World } from "../../component/world.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { PluginInstance } from "../../runtime/plugin-instance.js";
import type { ResourceState } from "../plugin-resource.js";

/** A resource type of an interface that the app implements. */
interface LentType extends LentTypeName {
  /** What an object of the app must have, in camelCase. */
  readonly methods: readonly string[];
  readonly isStream: boolean;
}

/** The app's own objects as arguments and results of a plugin's exports, whose types the plugin imports from the app. */
export class LentResources {
  readonly #types: ReadonlyMap<number, LentType>;
  readonly #pluginId: string;
  readonly #instances = new WeakMap<object, LentObjects>();
  #next = FIRST_LENT_NUMBER;

  constructor(world: World, pluginId: string) {
    this.#types = new Map(lentTypes(world));
    this.#pluginId = pluginId;
  }

  /** Whether the resource is of a type that the app implements. */
  has(resource: number): boolean {
    return this.#types.has(resource);
  }

  /** Checks an argument. The instance learns of it in {@link during}, when its turn has come. */
  prepare(value: unknown, resource: number, home: object, path: string, mode: "own" | "borrow"): ResourceState {
    const type = this.#type(resource);
    if (typeof value !== "object" || value === null) throw this.#invalid(path, describeValue(value), wantedWords(type));
    const isSource = type.isStream && isStreamSource(value);
    if (isSource && Reflect.get(value, "locked") === true) throw this.#invalid(path, "a stream that is locked to a reader", wantedWords(type));
    const missing = isSource ? undefined : type.methods.find((name) => typeof Reflect.get(value, name) !== "function");
    if (missing !== undefined) throw this.#invalid(path, `an object without the method ${missing}`, wantedWords(type));
    const id = this.#next;
    this.#next += 1;
    return { id, resource, home, ended: false, lent: { object: value, mode } };
  }

  async during<Answer extends { readonly kind: string }>(instance: PluginInstance, home: object, given: readonly ResourceState[], call: () => Promise<Answer>): Promise<Answer> {
    if (this.#types.size === 0) return call();
    const { objects } = instance;
    if (objects !== undefined) this.#instances.set(home, objects);
    const lent = given.flatMap(({ id, resource, lent: what }) => (what === undefined ? [] : [{ ...this.#type(resource), ...what, id }]));
    const [first] = lent;
    if (first === undefined) return call();
    if (objects === undefined) throw this.#notGranted(first);
    this.#lendAll(lent, objects);
    const answer = await call();
    // One that was only lent is the app's again; and what was given to a plugin that was never entered has stayed the app's.
    for (const { id, mode } of lent) if (mode === "borrow" || answer.kind === "resource-invalid") objects.release(id);
    return answer;
  }

  /** The app's object that the plugin gave away as a result. */
  takeBack(id: number, resource: number, home: object): object {
    const objects = this.#instances.get(home);
    if (objects !== undefined) return objects.takeBack(id, this.#type(resource));
    const message = `Cannot take a ${this.#type(resource).resourceName} back from ${this.#pluginId}: its instance has ended. Call it again`;
    throw new PluginError({ code: "resource-invalid", stage: "call", pluginId: this.#pluginId, message });
  }

  #lendAll(lent: readonly LentObject[], objects: LentObjects): void {
    const done: number[] = [];
    try {
      for (const one of lent) {
        objects.lend(one);
        done.push(one.id);
      }
    } catch (error) {
      for (const id of done) objects.release(id);
      throw error;
    }
  }

  #type(resource: number): LentType {
    const type = this.#types.get(resource);
    if (type === undefined) throw new RangeError(`The app implements no resource ${resource}`);
    return type;
  }

  #invalid(path: string, found: string, wanted: string): PluginError {
    const message = `Cannot pass ${path} to ${this.#pluginId}: found ${found}, wanted ${wanted}`;
    return new PluginError({ code: "argument-invalid", stage: "call", pluginId: this.#pluginId, message });
  }

  #notGranted({ interfaceName, resourceName }: LentObject): PluginError {
    const message =
      `Cannot give a ${resourceName} to ${this.#pluginId}: host:${interfaceName} is not granted to it, so that it could do nothing with it. ` +
      "Grant it, or call another function";
    return new PluginError({ code: "capability-denied", stage: "call", pluginId: this.#pluginId, message });
  }
}

function* lentTypes(world: World): Iterable<readonly [number, LentType]> {
  const streams = streamResources(world, world.imports);
  for (const { name: interfaceName, functions, resources } of world.imports.interfaces) {
    // WASI's resources are Portcullis's own, and apps hold none of them.
    if (interfaceName.startsWith("wasi:")) continue;
    for (const position of resources) {
      const resourceName = definitionAt(world, position).name ?? "";
      const methods = functions.flatMap(({ name }) => {
        const role = parseFunctionName(name);
        return role?.kind === "method" && role.resource === resourceName ? [toCamelCase(role.name)] : [];
      });
      yield [position, { interfaceName, resourceName, methods, isStream: streams.has(position) }];
    }
  }
}

function wantedWords({ resourceName, methods, isStream }: LentType): string {
  const object = `an object with ${methods.length === 0 ? "any members" : methods.join(", ")}`;
  return `a ${resourceName}: ${isStream ? "something to iterate, a ReadableStream, or " : ""}${object}`;
}
