import { parseFunctionName } from "../../../component/component-names.js";
import { toCamelCase, toPascalCase } from "../../../component/javascript-names.js";
import { collectTransferables, compileCarrierMapping, compileResourceMapping } from "../../../component/resource-mapping.js";
import { resultSides } from "../../../component/result-sides.js";
import type { NamedFunction, TypeReference, World } from "../../../component/world.js";
import type { LentResource } from "../../../wasi/guest-context.js";
import type { CarrierTable } from "./carrier-table.js";
import type { ResourceTable } from "./resource-table.js";

/** A resource number that stands for nothing: dropped, moved away, or never handed out. */
export class UnknownResource extends Error {}

/** An exported function of the glue, with wire values in and out. */
export interface ExportedFunction {
  invoke(values: readonly unknown[]): unknown;
  /** Settles when every resource of the app in a result has its number; `undefined` if it has none that is on its way. */
  numbered(value: unknown): Promise<unknown> | undefined;
  /** Prepares an `ok` or `err` value for the wire and lists the buffers that can be moved. */
  toWire(value: unknown, side: "ok" | "err", transfer: ArrayBuffer[]): unknown;
  readonly fallible: boolean;
}

/** The resources that cross between the page and the guest: those that the guest exports, and those of the app. */
export interface CrossingResources {
  readonly exported: ResourceTable;
  readonly lent: ReadonlyMap<number, LentResource>;
  /** Left out where nothing of WASI 0.3 crosses. */
  readonly carriers?: CarrierTable;
}

/** Finds every export that the world promises, by `interface#function`. */
export function createExportTable(world: World, glueExports: unknown, resources: CrossingResources): Map<string, ExportedFunction> {
  const table = new Map<string, ExportedFunction>();
  for (const named of world.exports.functions) {
    table.set(`#${named.name}`, exportedFunction(world, named, glueExports, resources));
  }
  for (const shape of world.exports.interfaces) {
    const members = ownMember(glueExports, shape.name);
    for (const named of shape.functions) {
      table.set(`${shape.name}#${named.name}`, exportedFunction(world, named, members, resources));
    }
  }
  return table;
}

function exportedFunction(world: World, named: NamedFunction, members: unknown, resources: CrossingResources): ExportedFunction {
  const call = bindExport(named.name, members);
  const lowering = named.type.parameters.map((parameter) => compileLowering(world, parameter.type, resources));
  const sides = resultSides(world, named.type.result);
  const converters = { ok: wireConverter(world, sides.ok, resources), err: wireConverter(world, sides.err, resources) };
  const lower = (value: unknown, position: number): unknown => lowering[position]?.(value) ?? value;
  return {
    fallible: sides.fallible,
    invoke: lowering.some((mapping) => mapping !== null) ? (values) => call(values.map(lower)) : call,
    numbered: numberedResult(world, sides.ok, resources.lent),
    toWire: (value, side, transfer) => converters[side](value, transfer),
  };
}

/** Replaces what stands in an argument for resources, streams and futures; `null` if its type holds none. */
function compileLowering(world: World, type: TypeReference, { exported, lent, carriers }: CrossingResources): ((value: unknown) => unknown) | null {
  const mapping = compileResourceMapping(world, type);
  const carried = carriers === undefined ? null : compileCarrierMapping(world, type);
  if (mapping === null && carried === null) return null;
  return (value) => {
    const replaced = mapping === null ? value : mapping(value, (id, resource, mode) => lent.get(resource)?.adopt(id) ?? fromWire(id, mode, exported));
    return carried === null ? replaced : carried(replaced, (source, carrier) => carriers?.take(source, carrier));
  };
}

function fromWire(id: unknown, mode: "own" | "borrow", resources: ResourceTable): object {
  const object = mode === "own" ? resources.take(id) : resources.get(id);
  if (object === undefined) throw new UnknownResource("the resource was dropped, or given away, before this call");
  return object;
}

function wireConverter(world: World, type: TypeReference | null, { exported, lent, carriers }: CrossingResources): (value: unknown, transfer: ArrayBuffer[]) => unknown {
  if (type === null) return () => undefined;
  const mapping = compileResourceMapping(world, type);
  const carried = carriers === undefined ? null : compileCarrierMapping(world, type);
  const collect = collectTransferables(world, type);
  return (whole, transfer) => {
    collect?.(whole, transfer);
    const value = carried === null ? whole : carried(whole, (item, carrier) => carriers?.add(item, carrier));
    return mapping === null ? value : mapping(value, (object, resource) => lent.get(resource)?.numberOf(object) ?? exported.add(object as object));
  };
}

/** A guest may give away what it has just made: a constructor of the app's cannot be waited for where it is called. */
function numberedResult(world: World, type: TypeReference | null, lent: ReadonlyMap<number, LentResource>): ExportedFunction["numbered"] {
  const mapping = lent.size === 0 ? null : compileResourceMapping(world, type);
  return (value) => {
    const pending: Promise<unknown>[] = [];
    mapping?.(value, (object, resource) => {
      const number = lent.get(resource)?.numberOf(object);
      if (number instanceof Promise) pending.push(number);
      return object;
    });
    return pending.length === 0 ? undefined : Promise.all(pending);
  };
}

/** The glue's function for a component-level name. A method takes its resource as first value. */
function bindExport(name: string, members: unknown): (values: readonly unknown[]) => unknown {
  const role = parseFunctionName(name);
  if (role === null || role.kind === "function") return callable(ownMember(members, toCamelCase(name)), undefined, name);
  const resourceClass = ownMember(members, toPascalCase(role.resource));
  if (typeof resourceClass !== "function") throw new TypeError(`the glue exports no ${name}`);
  if (role.kind === "constructor") return (values): unknown => Reflect.construct(resourceClass, [...values]);
  if (role.kind === "static") return callable(ownMember(resourceClass, toCamelCase(role.name)), resourceClass, name);
  const method = ownMember(resourceClass.prototype, toCamelCase(role.name));
  if (typeof method !== "function") throw new TypeError(`the glue exports no ${name}`);
  return ([object, ...values]): unknown => Reflect.apply(method, object, values);
}

function callable(value: unknown, receiver: unknown, name: string): (values: readonly unknown[]) => unknown {
  if (typeof value !== "function") throw new TypeError(`the glue exports no ${name}`);
  return (values): unknown => Reflect.apply(value, receiver, values);
}

function ownMember(holder: unknown, name: string): unknown {
  const isHolder = (typeof holder === "object" && holder !== null) || typeof holder === "function";
  return isHolder && Object.hasOwn(holder, name) ? Reflect.get(holder, name) : undefined;
}
