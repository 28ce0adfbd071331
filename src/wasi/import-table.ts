import { parseFunctionName } from "../component/component-names.js";
import { toCamelCase, toPascalCase } from "../component/javascript-names.js";
import type { InterfaceShape, World } from "../component/world.js";
import { clockImplementations } from "./clocks.js";
import { configImplementations } from "./config.js";
import { denyFunction } from "./deny-function.js";
import { environmentImplementations } from "./environment.js";
import type { GuestContext, ImportImplementation, ResourceClass } from "./guest-context.js";
import { ioImplementations } from "./io.js";
import { loggingImplementations } from "./logging.js";
import { pollImplementations } from "./poll.js";
import { randomImplementations } from "./random.js";
import { standardStreamImplementations } from "./standard-streams.js";
import { ungrantedImplementations } from "./ungranted.js";

/** The import object that jco's glue takes: interfaces by full name, members by their JavaScript names. */
export type ImportTable = Record<string, object>;

/**
 * Makes the implementations of interfaces whose authority lives on the page: by full name, or by name without version.
 * It gives only what was granted.
 */
export type ImportExtension = (context: GuestContext, world: World) => Iterable<readonly [interfaceName: string, ImportImplementation]>;

/**
 * Builds everything that an instance can reach. Every function that the component imports is in it, because
 * glue refuses to start without one; each is an implementation that a grant asked for, or a denial.
 *
 * @param authorities - per interface name, the authority that a denial names; `null` for types without any.
 */
export function createImportTable(
  world: World,
  authorities: ReadonlyMap<string, string | null>,
  context: GuestContext,
  extensions: readonly ImportExtension[],
): ImportTable {
  const implementations = grantedImplementations(world, context, extensions);
  const table = Object.create(null) as ImportTable;
  for (const shape of world.imports.interfaces) {
    const implementation = implementations.get(shape.name) ?? implementations.get(withoutVersion(shape.name));
    const authority = authorities.get(shape.name) ?? withoutVersion(shape.name);
    table[shape.name] = importedInterface(world, shape, implementation, authority, context);
  }
  return table;
}

function grantedImplementations(world: World, context: GuestContext, extensions: readonly ImportExtension[]): ReadonlyMap<string, ImportImplementation> {
  return new Map([
    ...pollImplementations(context),
    ...ioImplementations(),
    ...standardStreamImplementations(context),
    ...environmentImplementations(context),
    ...ungrantedImplementations(context),
    ...(context.grants.has("clocks") ? clockImplementations(context) : []),
    ...(context.grants.has("random") ? randomImplementations() : []),
    ...(context.grants.has("log") ? loggingImplementations(context) : []),
    ...(context.grants.has("config") ? configImplementations(context) : []),
    ...extensions.flatMap((extension) => [...extension(context, world)]),
  ]);
}

function importedInterface(
  world: World,
  shape: InterfaceShape,
  implementation: ImportImplementation | undefined,
  authority: string,
  context: GuestContext,
): object {
  const members = Object.create(null) as Record<string, unknown>;
  const classes = new Map<string, ResourceClass>();
  for (const position of shape.resources) {
    const definition = world.types[position];
    if (definition?.kind !== "resource") continue;
    const resourceClass = implementation?.resources.get(definition.name) ?? deniedResource(world, shape, definition.name, authority, context);
    classes.set(definition.name, resourceClass);
    members[toPascalCase(definition.name)] = resourceClass;
  }
  for (const named of shape.functions) {
    const deny = denyFunction(world, named.type, authority, `${shape.name}#${named.name}`, context);
    const role = parseFunctionName(named.name);
    if (role === null || role.kind === "constructor") continue;
    const resourceClass = role.kind === "function" ? undefined : classes.get(role.resource);
    if (resourceClass === undefined) members[toCamelCase(role.name)] = implementation?.functions.get(named.name) ?? deny;
    else if (role.kind === "method") fillIn(resourceClass.prototype as object, toCamelCase(role.name), deny);
    else fillIn(resourceClass, toCamelCase(role.name), deny);
  }
  return members;
}

/** Adds a denial where an implementation has no such method: a later WASI 0.2 version may have added one. */
function fillIn(target: object, name: string, deny: () => never): void {
  if (!Object.hasOwn(target, name)) Object.defineProperty(target, name, { value: deny });
}

function deniedResource(world: World, shape: InterfaceShape, name: string, authority: string, context: GuestContext): ResourceClass {
  const constructor = shape.functions.find((named) => named.name === `[constructor]${name}`);
  const type = constructor?.type ?? { async: false, parameters: [], result: null };
  const deny = denyFunction(world, type, authority, `${shape.name}#[constructor]${name}`, context);
  return class {
    constructor() {
      deny();
    }
  };
}

function withoutVersion(interfaceName: string): string {
  return interfaceName.replace(/@.*$/, "");
}
