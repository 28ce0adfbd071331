import { parseFunctionName } from "../component/component-names.js";
import { toCamelCase } from "../component/javascript-names.js";
import { compileResourceMapping } from "../component/resource-mapping.js";
import { resultSides } from "../component/result-sides.js";
import type { InterfaceShape, NamedFunction, World } from "../component/world.js";
import { after, type Awaitable } from "./awaitable.js";
import { disposeSymbol, type GuestContext, type ImportImplementation, type ResourceClass } from "./guest-context.js";
import type { ImportExtension } from "./import-table.js";

/** A guest's reference to an object of the app. Its number may still be on its way: constructors cannot be waited for. */
abstract class HostResource {
  handle: Awaitable<number> = 0;
}

/** The interfaces that the app implements and has granted: every function is a host call. */
export const hostFunctionExtension: ImportExtension = (context, world) =>
  world.imports.interfaces
    .filter(({ name }) => context.authority.hostInterfaces.includes(name))
    .map((shape) => [shape.name, new HostInterfaceImports(context, world, shape).implementation()] as const);

class HostInterfaceImports {
  readonly #context: GuestContext;
  readonly #world: World;
  readonly #shape: InterfaceShape;
  readonly #classes = new Map<number, typeof HostResource>();

  constructor(context: GuestContext, world: World, shape: InterfaceShape) {
    this.#context = context;
    this.#world = world;
    this.#shape = shape;
  }

  implementation(): ImportImplementation {
    const resources = new Map<string, ResourceClass>();
    for (const position of this.#shape.resources) {
      const definition = this.#world.types[position];
      if (definition?.kind !== "resource") continue;
      const resourceClass = this.#resourceClass(definition.name);
      this.#classes.set(position, resourceClass);
      resources.set(definition.name, resourceClass);
      this.#context.lentResources?.set(position, {
        adopt: (id) => this.#adopt(id, position),
        numberOf: (object) => (object instanceof HostResource ? object.handle : 0),
      });
    }
    const functions = new Map<string, (...values: never[]) => unknown>();
    for (const named of this.#shape.functions) this.#place(named, functions, resources);
    return { functions, resources };
  }

  #place(named: NamedFunction, functions: Map<string, (...values: never[]) => unknown>, resources: ReadonlyMap<string, ResourceClass>): void {
    const role = parseFunctionName(named.name);
    if (role === null || role.kind === "constructor") return;
    const call = this.#call(named);
    if (role.kind === "function") return void functions.set(named.name, call);
    const target = resources.get(role.resource);
    if (target === undefined) return;
    const value = role.kind === "static" ? call : function (this: object, ...values: unknown[]) { return call(this, ...values); };
    Object.defineProperty(role.kind === "static" ? target : target.prototype, toCamelCase(role.name), { value });
  }

  #call(named: NamedFunction): (...values: unknown[]) => Awaitable<unknown> {
    const { channel } = this.#context;
    const { parameters, result } = named.type;
    const lower = parameters.map(({ type }) => compileResourceMapping(this.#world, type));
    // Only the ok side comes back: an error result is thrown, and cannot carry resources here.
    const lift = compileResourceMapping(this.#world, resultSides(this.#world, result).ok);
    const adopt = (id: unknown, resource: number): object => this.#adopt(id, resource);
    return (...values) => {
      const pending: Promise<unknown>[] = [];
      const give = () => values.map((value, position) => lower[position]?.(value, (held) => handleOf(held, pending)) ?? value);
      const given = give();
      const send = (sent: readonly unknown[]) => channel.call("host.call", [this.#shape.name, named.name, sent]);
      // Numbers that were still on their way are there after the wait.
      const answer = pending.length === 0 ? send(given) : Promise.all(pending).then(() => send(give()));
      return lift === null ? answer : after(answer, (value) => lift(value, adopt));
    };
  }

  #adopt(id: unknown, resource: number): object {
    const resourceClass = this.#classes.get(resource);
    if (resourceClass === undefined || typeof id !== "number") throw this.#context.end({ kind: "host-failed", message: "the page answered with no resource" });
    const object = Object.create(resourceClass.prototype) as HostResource;
    object.handle = id;
    return object;
  }

  #resourceClass(name: string): typeof HostResource {
    const { channel } = this.#context;
    const constructed = this.#shape.functions.find((named) => named.name === `[constructor]${name}`);
    const construct = constructed === undefined ? undefined : this.#constructorCall(constructed);
    const refuse = () => this.#context.end({ kind: "trap", message: `${name} has no constructor` });
    return class extends HostResource {
      constructor(...values: unknown[]) {
        super();
        if (construct === undefined) throw refuse();
        this.handle = construct(values);
        // Met by whoever uses it: until then nobody looks.
        if (this.handle instanceof Promise) this.handle.then((id) => (this.handle = id), () => undefined);
      }

      [disposeSymbol](): void {
        const drop = (id: number) => channel.send("handle.drop", [id]);
        if (typeof this.handle === "number") drop(this.handle);
        // One that was never made has nothing to give back.
        else this.handle.then(drop, () => undefined);
      }
    };
  }

  #constructorCall(named: NamedFunction): (values: readonly unknown[]) => Awaitable<number> {
    const lower = named.type.parameters.map(({ type }) => compileResourceMapping(this.#world, type));
    return (values) => {
      const given = values.map((value, position) => lower[position]?.(value, (held) => handleOf(held, [])) ?? value);
      return this.#context.channel.call("host.call", [this.#shape.name, named.name, given]) as Awaitable<number>;
    };
  }
}

function handleOf(held: unknown, pending: Promise<unknown>[]): number {
  const handle: unknown = held instanceof HostResource ? held.handle : undefined;
  if (handle instanceof Promise) pending.push(handle);
  // Number 0 stands for nothing: the page refuses it. One that the guest has dropped has none.
  return typeof handle === "number" ? handle : 0;
}
