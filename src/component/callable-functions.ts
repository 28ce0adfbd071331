import { parseFunctionName, type FunctionRole } from "./component-names.js";
import { toCamelCase, toPascalCase } from "./javascript-names.js";
import { definitionAt } from "./type-words.js";
import type { FunctionType, InterfaceShape, NamedFunction, World } from "./world.js";

/** An exported function as an app calls it. */
export interface CallableFunction {
  /** What `handle.call` takes, or for a method its JavaScript name. */
  readonly key: string;
  /** The full name of the interface that exports it; `null` if it stands directly in the world. */
  readonly interfaceName: string | null;
  /** The component-level name, such as `[static]blob.merge-all`. */
  readonly functionName: string;
  readonly kind: FunctionRole["kind"];
  /** A method's first parameter is `self`. */
  readonly type: FunctionType;
  /** Position of the resource it belongs to. */
  readonly resource?: number;
}

export interface CallableFunctions {
  /** Free functions, constructors and static functions by key. */
  readonly functions: ReadonlyMap<string, CallableFunction>;
  /** For each exported resource, its methods by camelCase name. */
  readonly methods: ReadonlyMap<number, ReadonlyMap<string, CallableFunction>>;
}

/**
 * The exported functions of `world` by the key that an app calls them with: `apply` for a function,
 * `new Blob` for a constructor, `Blob.mergeAll` for a static function. Where two would have the same key,
 * both get `<interface>#<component-level name>` instead, such as `acme:a/filter@1.0.0#apply`.
 */
export function callableFunctions(world: World): CallableFunctions {
  const all: CallableFunction[] = world.exports.functions.flatMap((named) => describe(named, null, world));
  const methods = new Map<number, Map<string, CallableFunction>>();
  for (const shape of world.exports.interfaces) {
    for (const resource of shape.resources) methods.set(resource, new Map());
    for (const named of shape.functions) all.push(...describe(named, shape, world));
  }
  const uses = new Map<string, number>();
  const functions = new Map<string, CallableFunction>();
  const free = all.filter((callable) => {
    if (callable.kind !== "method" || callable.resource === undefined) return true;
    methods.get(callable.resource)?.set(callable.key, callable);
    return false;
  });
  for (const { key } of free) uses.set(key, (uses.get(key) ?? 0) + 1);
  for (const callable of free) {
    const key = uses.get(callable.key) === 1 ? callable.key : `${callable.interfaceName ?? ""}#${callable.functionName}`;
    functions.set(key, { ...callable, key });
  }
  return { functions, methods };
}

function describe(named: NamedFunction, shape: InterfaceShape | null, world: World): CallableFunction[] {
  const role = parseFunctionName(named.name);
  if (role === null) return [];
  const resource = role.kind === "function" ? undefined : shape?.resources.find((index) => resourceName(world, index) === role.resource);
  return [{
    key: keyOf(role),
    interfaceName: shape?.name ?? null,
    functionName: named.name,
    kind: role.kind,
    type: named.type,
    ...(resource !== undefined && { resource }),
  }];
}

function keyOf(role: FunctionRole): string {
  switch (role.kind) {
    case "function":
    case "method":
      return toCamelCase(role.name);
    case "constructor":
      return `new ${toPascalCase(role.resource)}`;
    case "static":
      return `${toPascalCase(role.resource)}.${toCamelCase(role.name)}`;
  }
}

function resourceName(world: World, index: number): string | undefined {
  return definitionAt(world, index).name;
}
