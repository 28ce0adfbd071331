import { toCamelCase } from "./javascript-names.js";
import { MOVED_FROM_BYTES, NUMERIC_LISTS } from "./numeric-arrays.js";
import { definitionAt, type TypeTable } from "./type-words.js";
import type { TypeDefinition, TypeReference } from "./world.js";

/** Called with each resource in a value; gives what stands in its place. */
export type MapResource = (item: unknown, resource: number, mode: "own" | "borrow") => unknown;

/**
 * Compiles a function that rebuilds values of `type` with each resource replaced; `null` if the type holds
 * none, so that its values pass through untouched. For values that were checked, or come from the glue.
 */
export function compileResourceMapping(world: TypeTable, type: TypeReference | null): ((value: unknown, map: MapResource) => unknown) | null {
  return compileWalk<MapResource>(world, type, (definition) =>
    definition.kind === "own" || definition.kind === "borrow" ? (value, map) => map(value, definition.resource, definition.kind) : null);
}

/** Called with each stream or future in a value and its type; gives what stands in its place. */
export type MapCarrier = (item: unknown, type: CarrierType) => unknown;

export type CarrierType = Extract<TypeDefinition, { readonly kind: "stream" | "future" }>;

/** The same as {@link compileResourceMapping}, for the streams and futures of WASI 0.3. */
export function compileCarrierMapping(world: TypeTable, type: TypeReference | null): ((value: unknown, map: MapCarrier) => unknown) | null {
  return compileWalk<MapCarrier>(world, type, (definition) =>
    definition.kind === "stream" || definition.kind === "future" ? (value, map) => map(value, definition) : null);
}

/** What a stream or future carries: one item each time, or for bytes a chunk. */
export function carriedType(type: CarrierType): { readonly item: TypeReference | null; readonly isBytes: boolean } {
  const item = type.kind === "stream" ? type.element : type.value;
  return { item, isBytes: type.kind === "stream" && item === "u8" };
}

/**
 * Compiles a function that collects the buffers under the large number lists of a result, to move them
 * instead of copying; `null` if the type holds no such list. A buffer is collected once.
 */
export function collectTransferables(world: TypeTable, type: TypeReference | null): ((value: unknown, into: ArrayBuffer[]) => void) | null {
  const walk = compileWalk<Set<ArrayBuffer>>(world, type, (definition) =>
    definition.kind === "list" && definition.length === undefined && NUMERIC_LISTS.has(definition.element) ? collectBuffer : null);
  return walk && ((value, into) => {
    const buffers = new Set<ArrayBuffer>();
    walk(value, buffers);
    for (const buffer of buffers) into.push(buffer);
  });
}

function collectBuffer(value: unknown, buffers: Set<ArrayBuffer>): unknown {
  if (ArrayBuffer.isView(value) && value.byteLength >= MOVED_FROM_BYTES && value.buffer instanceof ArrayBuffer) buffers.add(value.buffer);
  return value;
}

type Walk<C> = (value: unknown, context: C) => unknown;
type Leaf<C> = (definition: ReturnType<typeof definitionAt>) => Walk<C> | null;

/** Compiles a walk to all leaves that `leaf` recognises; `null` if there are none. */
function compileWalk<C>(world: TypeTable, root: TypeReference | null, leaf: Leaf<C>): Walk<C> | null {
  const compiled = new Map<number, Walk<C> | null>();
  const walk = (type: TypeReference | null): Walk<C> | null => {
    if (typeof type !== "number") return null;
    let found = compiled.get(type);
    if (found === undefined) {
      found = compile(type);
      compiled.set(type, found);
    }
    return found;
  };
  const compile = (type: number): Walk<C> | null => {
    const definition = definitionAt(world, type);
    const found = leaf(definition);
    if (found !== null) return found;
    switch (definition.kind) {
      case "record": return walkMembers(definition.fields.map(({ name, type: field }) => [toCamelCase(name), walk(field)]), false);
      case "tuple": return walkMembers(definition.items.map((item, index) => [String(index), walk(item)]), true);
      case "variant": return walkCases(definition.cases.map(({ name, type: payload }) => [name, walk(payload)]));
      case "result": return walkCases([["ok", walk(definition.ok)], ["err", walk(definition.err)]]);
      case "list": return walkItems(walk(definition.element));
      case "option": {
        const inner = walk(definition.value);
        const nested = typeof definition.value === "number" && definitionAt(world, definition.value).kind === "option";
        return nested ? walkCases([["some", inner]]) : inner && ((value, context) => (value === undefined || value === null ? undefined : inner(value, context)));
      }
      default: return null;
    }
  };
  return walk(root);
}

function walkMembers<C>(members: readonly (readonly [string, Walk<C> | null])[], isArray: boolean): Walk<C> | null {
  const walked = members.flatMap(([name, inner]) => (inner === null ? [] : [{ name, inner }]));
  if (walked.length === 0) return null;
  return (value, context) => {
    // The glue and the checks only give objects here.
    const result = (isArray ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
    for (const { name, inner } of walked) result[name] = inner(result[name], context);
    return result;
  };
}

function walkCases<C>(cases: readonly (readonly [string, Walk<C> | null])[]): Walk<C> | null {
  const walked = new Map<unknown, Walk<C>>();
  for (const [name, inner] of cases) if (inner !== null) walked.set(name, inner);
  if (walked.size === 0) return null;
  return (value, context) => {
    const { tag, val } = value as { readonly tag: unknown; readonly val: unknown };
    const inner = walked.get(tag);
    return inner === undefined ? value : { tag, val: inner(val, context) };
  };
}

function walkItems<C>(inner: Walk<C> | null): Walk<C> | null {
  return inner && ((value, context) => (value as readonly unknown[]).map((item) => inner(item, context)));
}
