import { parseFunctionName } from "../component/component-names.js";
import { toCamelCase, toPascalCase } from "../component/javascript-names.js";
import type { InterfaceShape, NamedFunction } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";
import type { HostCaller, HostFunction, HostInterface, HostInterfaceDescriptor } from "./host-interface.js";
import { importRule } from "./import-catalogue.js";

/**
 * What an app gives for an interface: every function as `Functions` has it, with who calls as an additional last argument,
 * and each answer possibly as a promise. A resource is given as a class, or as any objects with its methods.
 */
export type HostImplementation<Functions> = {
  readonly [Name in keyof Functions as Name extends `new ${string}` | `${string}.${string}` ? never : Name]: Implementation<Functions[Name]>;
} & {
  /** Resources by their class name, where the interface constructs them or has static functions. */
  readonly [Name in keyof Functions as Name extends `new ${infer Class}` ? Class : Name extends `${infer Class}.${string}` ? Class : never]: object;
};

type Implementation<Declared> = Declared extends (...values: infer Values) => infer Result
  ? (...values: [...Values, caller: HostCaller]) => Result | Promise<Result>
  : never;

export interface HostInterfaceOptions {
  /** What the interface lets a plugin do, in plain words: printed by the permission prompt and by `inspect`. */
  readonly documentation: string;
  /** How long one call may take, in milliseconds. Default: the limit `hostCallMilliseconds`. */
  readonly timeoutMs?: number;
}

// Timers take 31 bits; a longer one would fire at once.
const LONGEST_TIMER = 0x7fff_ffff;

/**
 * Offers an interface of the app to plugins. A plugin gets it only if its manifest asks for `host:<name>` and that is granted;
 * every call is checked again with its actual arguments.
 *
 * An error result is thrown as an `Error` with an own member `payload`, such as {@link ResultError}. Anything else that an
 * implementation throws, a promise that does not settle in time, or a value that is not of the declared type becomes the
 * interface's error where it has one for that (`string`, or a case `other(string)`), else it ends the plugin's instance.
 *
 * @throws {PluginError} `usage-invalid` if a function is missing, the time is none, or the name is one of WASI's that Portcullis offers itself.
 * @example
 * ```ts
 * const notes = hostInterface(store, {
 *   read: async (path, { plugin }) => database.read(plugin.id, path),
 * }, { documentation: "Read your notes" });
 * new PluginHost({ imports: [notes], … });
 * ```
 */
export function hostInterface<Functions>(
  descriptor: HostInterfaceDescriptor<Functions>,
  implementation: HostImplementation<Functions>,
  options: HostInterfaceOptions,
): HostInterface {
  const { name, world } = descriptor;
  const { documentation, timeoutMs } = options;
  const shape = world.imports.interfaces.find((candidate) => candidate.name === name);
  if (shape === undefined) throw invalid(name, "its descriptor does not have it; write the descriptor again with `portcullis types`");
  if (importRule(name) !== undefined) throw invalid(name, "Portcullis offers it itself, by a capability");
  if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs <= LONGEST_TIMER)) {
    throw invalid(name, `its timeoutMs is ${String(timeoutMs)}, and must be a number from above 0 to ${LONGEST_TIMER}`);
  }
  return Object.freeze({ name, world, shape, documentation, functions: implementations(shape, implementation), timeoutMilliseconds: timeoutMs });
}

/** The `err` of an interface's function: thrown by its implementation. */
export class ResultError<Payload = unknown> extends Error {
  readonly payload: Payload;

  constructor(payload: Payload) {
    super("error result");
    this.payload = payload;
  }
}

function implementations(shape: InterfaceShape, implementation: object): ReadonlyMap<string, HostFunction> {
  const functions = new Map<string, HostFunction>();
  for (const named of shape.functions) {
    const found = implementationOf(named, implementation);
    if (found === "method") continue;
    if (found === undefined) throw invalid(shape.name, `no implementation of ${named.name} was given`);
    functions.set(named.name, found);
  }
  return functions;
}

function implementationOf({ name }: NamedFunction, implementation: object): HostFunction | "method" | undefined {
  const role = parseFunctionName(name);
  if (role === null) return undefined;
  if (role.kind === "method") return "method";
  if (role.kind === "function") return bound(implementation, toCamelCase(role.name));
  const resourceClass: unknown = Reflect.get(implementation, toPascalCase(role.resource));
  if (typeof resourceClass !== "function") return undefined;
  if (role.kind === "static") return bound(resourceClass, toCamelCase(role.name));
  return (...values) => Reflect.construct(resourceClass, [...values]) as unknown;
}

function bound(holder: object, name: string): HostFunction | undefined {
  const value: unknown = Reflect.get(holder, name);
  return typeof value === "function" ? (...values) => Reflect.apply(value, holder, [...values]) as unknown : undefined;
}

function invalid(name: string, reason: string): PluginError {
  return new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot offer ${name} to plugins: ${reason}` });
}
